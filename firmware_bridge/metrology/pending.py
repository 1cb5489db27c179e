"""What is known of a load while it moves: an interval that holds it, and that only shrinks.

The true load lies between the peaks of the last whole swing; before there was one, anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MARGIN_MG = 2_000.0  # noise, and a peak that fell between two samples
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

    def narrow(self, t_ms: int, last_swing: Sequence[float]) -> LoadWithin | None:
        """Take the samples of the last whole swing; the interval, when it became much smaller."""
        width_mg = max(last_swing) - min(last_swing)
        margin_mg = MARGIN_MG + 0.1 * width_mg
        low_mg = max(self._low_mg, min(last_swing) - margin_mg)
        high_mg = min(self._high_mg, max(last_swing) + margin_mg)
        if low_mg >= high_mg:
            return None
        self._low_mg, self._high_mg = low_mg, high_mg
        if high_mg - low_mg > SHRINK * self._said_mg:
            return None
        self._said_mg = high_mg - low_mg
        return self.said(t_ms)
