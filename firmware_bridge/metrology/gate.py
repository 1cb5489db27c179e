"""When the cart is shaken or leans, the accelerometer says so and no load is called settled.

The load itself is no witness: a rolling cart's reading may stand still for a moment by chance.
"""

from __future__ import annotations

import math

SHAKEN_MILLI_G = 10  # an accelerometer at rest shows about 2, wheels on a smooth floor about 30
HOLD_MS = 100  # two reports: one in ten is quiet while the cart rolls
TILT_PERMILLE_MAX = 55  # OIML R76 asks mobile instruments to weigh up to 50/1000
TILT_BACK_PERMILLE = 51  # must come back before weights are believed again
TILT_SHARE = 0.1  # of a new report: one alone is off by two thousandths


class Gate:
    """What the accelerometer last said. Without one nothing is ever shaken or tilted."""

    def __init__(self) -> None:
        self.tilted = False
        self._loud_ms: int | None = None
        self._tilt_permille: float | None = None

    def said(self, t_ms: int, motion_milli_g: int, tilt_permille: int) -> None:
        """Take one report: the largest change of acceleration, and the slope of the floor."""
        if motion_milli_g > SHAKEN_MILLI_G:
            self._loud_ms = t_ms
            return  # while it rolls the slope is not known
        if self._tilt_permille is None:
            self._tilt_permille = tilt_permille
        self._tilt_permille += TILT_SHARE * (tilt_permille - self._tilt_permille)
        limit = TILT_BACK_PERMILLE if self.tilted else TILT_PERMILLE_MAX
        self.tilted = self._tilt_permille > limit

    def shaken(self, t_ms: int) -> bool:
        """Whether the cart moves, or has just moved."""
        return self._loud_ms is not None and t_ms - self._loud_ms < HOLD_MS

    def upright(self, load_mg: float) -> float:
        """The load, of which a leaning cart's cells feel only the share across them."""
        return load_mg * math.hypot(1.0, (self._tilt_permille or 0.0) / 1000)
