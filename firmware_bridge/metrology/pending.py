"""What is known of a load while it moves: an interval that holds it, and that only shrinks.

The true load lies between the peaks of the last whole swing, once that swings about the same middle
as the one before: what a hand still lowers has no middle yet, and may be anything. What lands later
in the same motion can't be known: then the interval held only what lay there when it was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

MARGIN_MG = 2_000.0  # noise, and a peak that fell between two samples
STEADY_MG, STEADY_SHARE = 1_000.0, 0.06  # of its width a swing's middle may move
GOES_ON = 5.0  # so many swings more it may go on moving
SHRINK = 0.6  # an interval is said when it has lost this much of its width
THUD_SAMPLES = 5  # a hard landing throws the reading wide of both peaks for so long


@dataclass(frozen=True, slots=True)
class LoadWithin:
    """The load that will settle lies from `low_mg` to `high_mg`, as far as is known at `t_ms`."""

    onset_ms: int
    t_ms: int
    low_mg: float
    high_mg: float


class Pending:
    """The interval of one motion."""

    def __init__(self, onset_ms: int, low_mg: float, high_mg: float) -> None:
        self._onset_ms = onset_ms
        self._low_mg, self._high_mg = low_mg, high_mg
        self._said_mg = high_mg - low_mg

    def said(self, t_ms: int) -> LoadWithin:
        """What is known now."""
        return LoadWithin(self._onset_ms, t_ms, self._low_mg, self._high_mg)

    def narrow(
        self, t_ms: int, last_swing: Sequence[float], swing_before: Sequence[float]
    ) -> LoadWithin | None:
        """Take the samples of the last two whole swings; the interval, when much smaller."""
        width_mg = max(last_swing) - min(last_swing)
        moved_mg = abs(fmean(last_swing) - fmean(swing_before))
        if moved_mg > STEADY_MG + STEADY_SHARE * width_mg:
            return None
        margin_mg = MARGIN_MG + 0.1 * width_mg + GOES_ON * moved_mg
        low_mg = max(self._low_mg, min(last_swing) - margin_mg)
        high_mg = min(self._high_mg, max(last_swing) + margin_mg)
        if low_mg >= high_mg:
            return None
        self._low_mg, self._high_mg = low_mg, high_mg
        if high_mg - low_mg > SHRINK * self._said_mg:
            return None
        self._said_mg = high_mg - low_mg
        return self.said(t_ms)
