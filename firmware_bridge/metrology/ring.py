"""How long one swing of this cart's basket takes, learnt from the swings themselves.

Each basket rings at its own 7 to 11 Hz, and a filter of the wrong length takes seconds to settle.
"""

from __future__ import annotations

from collections.abc import Sequence

PERIOD_DEFAULT = 9.0  # samples at 80 a second: 8.9 Hz
LAG_MIN, LAG_MAX = 5, 14
SWING_MG_MIN = 6_000.0  # smaller differences say more about noise than about the basket
DEPTH_MAX = 0.25  # how much of the typical difference may be left one period apart
TRUST = 0.4  # weight of a new estimate against what was learnt before


def estimate(values: Sequence[float]) -> float | None:
    """The period in samples of the swing in `values` (mg), or None when there is no clear one."""
    lags = range(LAG_MIN, LAG_MAX + 1)
    differences = [_difference(values, lag) for lag in lags]
    best = min(range(len(differences)), key=differences.__getitem__)
    typical = sum(differences) / len(differences)
    if typical < SWING_MG_MIN**2 or differences[best] > DEPTH_MAX * typical:
        return None
    if best in (0, len(differences) - 1):
        return None
    left, middle, right = differences[best - 1 : best + 2]
    curvature = left - 2 * middle + right
    return lags[best] + (0.5 * (left - right) / curvature if curvature > 0 else 0.0)


def _difference(values: Sequence[float], lag: int) -> float:
    """Mean square difference between samples `lag` apart."""
    pairs = zip(values[lag:], values[: len(values) - lag], strict=True)
    return sum((later - earlier) ** 2 for later, earlier in pairs) / (len(values) - lag)


class RingPeriod:
    """What has been learnt so far, in samples."""

    def __init__(self) -> None:
        self.samples = PERIOD_DEFAULT
        self.learnt = False

    def learn(self, values: Sequence[float]) -> bool:
        """Take one swing into account; whether the period moved enough to filter anew."""
        found = estimate(values)
        if found is None:
            return False
        before = self.samples
        self.samples = before + TRUST * (found - before) if self.learnt else found
        self.learnt = True
        return abs(self.samples - before) > 0.05
