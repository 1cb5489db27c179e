"""Which of the corner cells went bad: each one's noise, drift and sign against the others'.

Nobody knows a cell's share of the load, so only what no load can do counts: to stand still to the
last count, to be much louder than the rest, to wander while all others rest, to pull upwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import fmean, median, pstdev

from firmware_bridge.metrology.calibration import CORNERS

WINDOW = 80  # samples: one second
LOUD_TIMES, LOUD_MG = 6.0, 3_000.0
DRIFT_MG, OTHERS_MG = 5_000.0, 1_500.0
MELTS_MG_PER_S = 60.0  # 3 g a minute and a little
PULL_MG = -1_500_000.0  # a load beyond a corner lifts the opposite one, but not so far
STRIKES = 3  # bad seconds in a row before a cell is named

Row = Sequence[float]


def corner_name(channel: int, channels: int) -> str:
    """What a person calls this cell."""
    return f"{CORNERS[channel]} cell" if channels == len(CORNERS) else f"cell {channel}"


class CornerWatch:
    """Push every row at rest; a finding is said once, until the cell was good for a while."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rows: deque[Row] = deque(maxlen=WINDOW)
        self._rest_mg: Row | None = None  # the means of the first still second
        self._seconds = 0  # of rest that were judged
        self._strikes: dict[int, int] = {}
        self.bad: dict[int, str] = {}

    def push(self, masses_mg: Row, *, still: bool) -> list[tuple[int, str]]:
        """Take each cell's mass; the cells that turned out bad now, each with what it does."""
        if self._channels < 2 or not still:
            self._rows.clear()
            self._rest_mg = None
            self._seconds = 0
            return []
        self._rows.append(tuple(masses_mg))
        if len(self._rows) < WINDOW:
            return []
        found = self._judge([list(cell) for cell in zip(*self._rows, strict=True)])
        self._rows.clear()
        return found

    def _judge(self, cells: list[list[float]]) -> list[tuple[int, str]]:
        means = [fmean(cell) for cell in cells]
        noises = [pstdev(cell) for cell in cells]
        self._rest_mg = means if self._rest_mg is None else self._rest_mg
        self._seconds += 1
        melted_mg = MELTS_MG_PER_S * self._seconds  # ice in a far corner leaves one cell alone
        moved = [now - then for now, then in zip(means, self._rest_mg, strict=True)]
        wander = [max(mg, -mg - melted_mg) for mg in moved]
        news = []
        for channel in range(self._channels):
            why = _why(channel, means, noises, wander)
            strikes = self._strikes.get(channel, 0) + 1 if why else 0
            self._strikes[channel] = strikes
            if strikes == STRIKES and channel not in self.bad:
                self.bad[channel] = f"{corner_name(channel, self._channels)} {why}"
                news.append((channel, self.bad[channel]))
            elif not why:
                self.bad.pop(channel, None)
        return news


def _why(channel: int, means: Row, noises: Row, wander: Row) -> str:
    def others(values: Row) -> float:
        return median(value for index, value in enumerate(values) if index != channel)

    checks = {
        "gives the same count for ever: its converter hangs": (
            noises[channel] == 0 and others(noises) > 0
        ),
        "is much louder than the others: check its cable and its screws": (
            noises[channel] > LOUD_MG and noises[channel] > LOUD_TIMES * others(noises)
        ),
        "pulls upwards: it is wired the wrong way round, bent, or not loaded": (
            means[channel] < PULL_MG
        ),
        "drifts while the others rest: moisture, or a damaged cell": (
            wander[channel] > DRIFT_MG and others(wander) < OTHERS_MG
        ),
    }
    return next((why for why, holds in checks.items() if holds), "")
