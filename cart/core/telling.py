"""Which notices stand because their cause stands, and which passing ones have ended.

It must never hold a sentence: words live in the screen's texts.
"""

from __future__ import annotations

from collections.abc import Callable

from cart.core import restrictions
from cart.core.notices import NOTICES, Notice
from cart.core.observations import InputRefused
from cart.core.state import Draft, State

CAUSES: tuple[tuple[str, Callable[[State], bool]], ...] = (
    ("no_catalog", lambda state: state.catalog is None),
    ("cart_locked", lambda state: state.basket.machine.locked and state.basket.phase == "idle"),
    ("offline", lambda state: not state.online),
    ("scale_lost", lambda state: "scale" in state.lost),
    ("scale_wants_staff", lambda state: "scale" in state.doubted),
    ("camera_lost", lambda state: "camera" in state.lost),
    ("camera_covered", lambda state: state.camera == "covered"),
    ("camera_frozen", lambda state: state.camera == "frozen"),
    ("camera_dark", lambda state: state.camera == "dark"),
    ("camera_glare", lambda state: state.camera == "glare"),
    ("camera_dirty", lambda state: state.camera == "dirty"),
    ("scanner_lost", lambda state: "scanner" in state.lost),
    ("line_waits", lambda state: bool(state.basket.open_lines) and state.question is None),
    ("please_identify", lambda state: _asks(state, "in") == "what"),
    ("please_weigh_again", lambda state: _asks(state, "in") == "weigh"),
    ("please_put_back", lambda state: _asks(state, "in") == "back"),
    ("please_say_what_left", lambda state: _asks(state, "out") == "what"),
    ("staff_will_look", restrictions.waits_for_staff),
    (
        "payment_waits_for_link",
        lambda state: state.basket.phase == "paying" and not state.online,
    ),
)

REFUSALS = {"code": "code_unreadable", "catalog": "catalog_refused"}


def standing(state: State) -> tuple[Notice, ...]:
    """Notices whose cause is there now, in the order of the table."""
    return tuple(Notice(code) for code, holds in CAUSES if holds(state))


def active(state: State) -> tuple[Notice, ...]:
    """Everything to be told now, loudest first."""
    passing = tuple(item.notice for item in reversed(state.told))
    notices = (*passing, *standing(state))
    return tuple(sorted(notices, key=lambda notice: -NOTICES[notice.code].priority))


def end_passed(draft: Draft) -> None:
    """Drop the passing notices whose time is over."""
    kept = tuple(item for item in draft.state.told if item.until_ms > draft.now_ms)
    if len(kept) != len(draft.state.told):
        draft.note(told=kept)


def input_refused(draft: Draft, observation: InputRefused) -> None:
    """A boundary refused something: tell the shopper only where it matters to the shopper."""
    draft.note(inputs_refused=draft.state.inputs_refused + 1)
    code = REFUSALS.get(observation.boundary)
    if code is not None:
        draft.tell(code)


def _asks(state: State, direction: str) -> str:
    """What the question on the screen about a line of this direction is: "what" it is, or where it
    is known, to "weigh" it again or to put it "back"; "" without one."""
    for line in state.basket.open_lines:
        if line.line_id == state.question and line.direction == direction:
            if line.trouble is None:
                return "what"
            return "back" if line.trouble in restrictions.NEVER_SOLD else "weigh"
    return ""
