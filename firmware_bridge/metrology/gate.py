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
TILT_SURE = 16  # reports since the cart rolled that tell the slope to a fifth of a gram
TILT_SPREAD_PERMILLE = 3.0  # of one report, three standard deviations
SILENT_MS = 2_000  # reports come twenty times a second


class Gate:
    """What the accelerometer last said. Without one nothing is ever shaken or tilted."""

    def __init__(self) -> None:
        self.tilted = False
        self._said_ms: int | None = None
        self._loud_ms: int | None = None
        self._slope_permille = 0.0  # as it was before the cart rolled, until another is sure
        self._new_permille = 0.0  # the mean since then
        self._reports = 0
        self._first = True  # no slope is known yet
        self._unsure = False

    def said(self, t_ms: int, motion_milli_g: int, tilt_permille: int) -> None:
        """Take one report: the largest change of acceleration, and the slope of the floor."""
        if self.silent(t_ms):
            self._first, self._reports = True, 0
        self._said_ms = t_ms
        if motion_milli_g > SHAKEN_MILLI_G:
            self._loud_ms, self._reports = t_ms, 0
            return  # while it rolls the slope is not known
        self._reports += 1
        if self._reports == 1:
            self._new_permille = 0.0
        self._new_permille += (tilt_permille - self._new_permille) / self._reports
        self._follow(tilt_permille)
        if not self._unsure:
            limit = TILT_BACK_PERMILLE if self.tilted else TILT_PERMILLE_MAX
            self.tilted = self._slope_permille > limit

    def _follow(self, tilt_permille: int) -> None:
        """Keep to the slope that was known, or wait until another one is sure, and take it."""
        off_permille = abs(self._new_permille - self._slope_permille)
        far = off_permille > TILT_SPREAD_PERMILLE / math.sqrt(self._reports)
        young = self._reports < TILT_SURE
        self._unsure = far and young and not self._first
        if self._first or (far and self._reports == TILT_SURE):
            self._slope_permille = self._new_permille
        elif not self._unsure:
            self._slope_permille += TILT_SHARE * (tilt_permille - self._slope_permille)
        self._first = self._first and young

    def shaken(self, t_ms: int) -> bool:
        """Whether the cart moves, has just moved, or stands on a slope not known yet."""
        loud = self._loud_ms is not None and t_ms - self._loud_ms < HOLD_MS
        return loud or (self._unsure and not self.silent(t_ms))

    def silent(self, t_ms: int) -> bool:
        """Whether an accelerometer that did speak says nothing any more: the slope is a memory."""
        return self._said_ms is not None and t_ms - self._said_ms > SILENT_MS

    def upright(self, load_mg: float) -> float:
        """The load, of which a leaning cart's cells feel only the share across them."""
        permille = self._new_permille if self._unsure else self._slope_permille
        return load_mg * math.hypot(1.0, permille / 1000)
