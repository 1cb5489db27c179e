"""How the store may set its carts: one row a setting, with what it may be.

A setting that is unknown or out of its bounds is refused by name and the others are taken; what is
not set has its default. What was taken is a fact, so a restart changes nothing. It must never hold
a secret: the facts travel.
"""

from __future__ import annotations

from cart.core.effects import ReportConfig
from cart.core.events import ConfigTaken, Setting
from cart.core.observations import ConfigArrived
from cart.core.state import Draft
from cart.core.value import Value


class Bounds(Value):
    """What a setting may be: a switch, or a whole number from `least` to `most`."""

    default: Setting
    least: int = 0
    most: int = 0
    what: str = ""


SETTINGS: dict[str, Bounds] = {
    "guest_trips": Bounds(True, what="whether a trip may begin without pairing"),
    "basket_s": Bounds(60, 5, 3_600, "how often a changed basket is told whole"),
    "telemetry_s": Bounds(60, 5, 3_600, "how often the cart tells how it is"),
    "thanks_s": Bounds(60, 5, 600, "how long the receipt stays on the screen"),
}


def setting(draft: Draft, name: str) -> Setting:
    """How something is set, or its default."""
    return draft.basket.machine.settings.get(name, SETTINGS[name].default)


def period_ms(draft: Draft, name: str) -> int:
    """A setting in seconds as milliseconds."""
    return int(setting(draft, name)) * 1_000


def arrived(draft: Draft, config: ConfigArrived) -> None:
    """Take what is right of newer settings, once, and say how the cart is set."""
    if config.version > draft.basket.machine.settings_version:
        refused = {
            name: wrong
            for name, value in sorted(config.settings.items())
            if (wrong := wrong_with(name, value))
        }
        taken = {
            name: value for name, value in sorted(config.settings.items()) if name not in refused
        }
        draft.fact(ConfigTaken(draft.now_ms, config.version, taken, refused))
    report(draft)


def report(draft: Draft) -> None:
    """Tell the store how the cart is set, as soon as it was ever told to."""
    machine = draft.basket.machine
    if machine.settings_version:
        told = {name: machine.settings.get(name, row.default) for name, row in SETTINGS.items()}
        draft.do(ReportConfig(machine.settings_version, told, machine.settings_refused))


def wrong_with(name: str, value: Setting) -> str:
    """What is wrong with a value of a setting, and what it may be; "": nothing."""
    bounds = SETTINGS.get(name)
    if bounds is None:
        return f"no such setting here; known: {', '.join(SETTINGS)}"
    if isinstance(bounds.default, bool):
        return "" if isinstance(value, bool) else "a switch: true or false"
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if is_whole and bounds.least <= int(value) <= bounds.most:
        return ""
    return f"a whole number from {bounds.least} to {bounds.most}"
