"""The scales the bridge can read: one driver a file, one row here."""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.metrology.calibration import Calibration
from firmware_bridge.scales.base import Scale
from firmware_bridge.scales.chip import ChipScale

DRIVERS: dict[str, Callable[[Calibration], Scale]] = {
    "chip": ChipScale,
}


class UnknownDriverError(LookupError):
    """No driver of this name; the message lists those there are."""


def open_driver(name: str, *, calibration: Calibration) -> Scale:
    """A fresh driver from the table. It opens nothing: the caller moves the bytes."""
    if name not in DRIVERS:
        raise UnknownDriverError(f"scale driver {name!r}: choose from {', '.join(sorted(DRIVERS))}")
    return DRIVERS[name](calibration)
