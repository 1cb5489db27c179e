"""Samples in, motion and settled loads out: when did the load change, from what, to what.

Still: the settled value follows slow drift at no more than `DRIFT_MG_PER_S`, so drift never
becomes a step. Moving: from the first sample that cannot be noise until the filtered value has
stood still for a window that saw nothing older than the onset. Every motion ends in one Settled,
also one that changed nothing. Times are milliseconds of one monotonic clock, masses milligrams.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from firmware_bridge.metrology.filters import SWING_SAMPLES, SpikeFilter, two_boxcars, weighted
from firmware_bridge.metrology.ring import RingPeriod

ONSET_MG = 2_000.0  # beyond the loudest recent swing: more than six times the noise
SHIFT_MG = 1_500.0  # of the filtered value: a change that hides in a swing, or comes gently
ONSET_SAMPLES = 2
STABLE_MG = 700.0  # the filtered value may wander this far in a stable window
STABLE_SAMPLES = 13  # a little more than one swing of the slowest basket
DRIFT_MG_PER_S = 100.0  # melting ice and warm cells are slower, a shopper's hand is faster
DRIFT_TAU_S = 1.0
GAP_MS = 150  # after a longer hole in the samples nothing is known about what happened in it
LEARN_FROM, LEARN_TO, LEARN_EVERY = 12, 60, 12  # samples after the onset that show the swing
KEPT_SAMPLES = 96
UNCERTAINTY_FLOOR_MG = 400.0  # noise of before and after together, three standard deviations


@dataclass(frozen=True, slots=True)
class MotionBegan:
    """The load left its settled value; `onset_ms` is the first sample that shows it."""

    onset_ms: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The load stands still again. The very first has before == after."""

    onset_ms: int
    settled_ms: int
    before_mg: float
    after_mg: float
    uncertainty_mg: float


class Settling:
    """One load cell's path between still and moving. `push` every sample, oldest first."""

    def __init__(self) -> None:
        self._period = RingPeriod()
        self._weights = two_boxcars(self._period.samples)
        self._spikes = SpikeFilter()
        self._values: deque[float] = deque(maxlen=KEPT_SAMPLES)
        self._smooth: deque[float] = deque(maxlen=STABLE_SAMPLES)
        self._settled_mg: float | None = None
        self._onset_ms: int | None = None
        self._since_onset = 0
        self._suspect_ms: int | None = None
        self._suspects = 0
        self._last_ms: int | None = None

    @property
    def moving(self) -> bool:
        """Whether the load is not (or not yet) settled."""
        return self._onset_ms is not None or self._settled_mg is None

    @property
    def mass_mg(self) -> float | None:
        """The best value to show now: settled, else filtered, else nothing."""
        if not self.moving:
            return self._settled_mg
        if self._smooth:
            return self._smooth[-1]
        return self._values[-1] if self._values else None

    def push(self, t_ms: int, mass_mg: float) -> list[MotionBegan | Settled]:
        """Take one sample; what it shows."""
        events: list[MotionBegan | Settled] = []
        last_ms = t_ms if self._last_ms is None else self._last_ms
        if t_ms - last_ms > GAP_MS:
            events += self.forget()
        self._last_ms = t_ms
        if self.moving and self._onset_ms is None:
            self._onset_ms = t_ms  # the first sample of all: nothing is settled yet
        value = self._spikes.push(mass_mg)
        self._values.append(value)
        if len(self._values) >= len(self._weights):
            self._smooth.append(weighted(tuple(self._values), self._weights))
        if self._onset_ms is None:
            return events + self._watch(t_ms, value, (t_ms - last_ms) / 1000)
        self._since_onset += 1
        self._learn()
        return events + self._settle(t_ms, self._onset_ms)

    def forget(self) -> list[MotionBegan | Settled]:
        """Samples are missing: what is settled must be settled again. Keeps the settled value."""
        self._spikes = SpikeFilter()
        self._values.clear()
        self._smooth.clear()
        if self.moving or self._last_ms is None:
            self._since_onset = 0
            return []
        return self._begin(self._last_ms, 0)

    def _watch(self, t_ms: int, value: float, step_s: float) -> list[MotionBegan | Settled]:
        assert self._settled_mg is not None, "still means settled"
        if self._smooth and abs(self._smooth[-1] - self._settled_mg) > SHIFT_MG:
            return self._begin(t_ms, 0)
        if abs(value - self._settled_mg) > ONSET_MG + self._swing_mg(self._settled_mg):
            self._suspects += 1
            self._suspect_ms = t_ms if self._suspect_ms is None else self._suspect_ms
            if self._suspects >= ONSET_SAMPLES:
                return self._begin(self._suspect_ms, self._suspects)
            return []
        self._suspects, self._suspect_ms = 0, None
        if self._smooth:
            follow = (self._smooth[-1] - self._settled_mg) * min(1.0, step_s / DRIFT_TAU_S)
            limit = DRIFT_MG_PER_S * step_s
            self._settled_mg += min(max(follow, -limit), limit)
        return []

    def _swing_mg(self, settled_mg: float) -> float:
        """How far the basket still swung in its last turn, before any suspect sample."""
        values = tuple(self._values)[-SWING_SAMPLES - self._suspects - 1 : -self._suspects - 1]
        return max((abs(value - settled_mg) for value in values), default=0.0)

    def _begin(self, onset_ms: int, since_onset: int) -> list[MotionBegan | Settled]:
        self._onset_ms, self._since_onset = onset_ms, since_onset
        self._suspects, self._suspect_ms = 0, None
        return [MotionBegan(onset_ms)]

    def _learn(self) -> None:
        """Learn the swing while it is loud, and filter again what is buffered."""
        after = self._since_onset - LEARN_FROM
        if not 2 * LEARN_EVERY <= after <= LEARN_TO or after % LEARN_EVERY:
            return
        values = tuple(self._values)
        if not self._period.learn(values[-after:]):
            return
        self._weights = two_boxcars(self._period.samples)
        self._smooth.clear()
        for end in range(len(values) - STABLE_SAMPLES + 1, len(values) + 1):
            if end >= len(self._weights):
                self._smooth.append(weighted(values[:end], self._weights))

    def _settle(self, t_ms: int, onset_ms: int) -> list[MotionBegan | Settled]:
        if self._since_onset < len(self._weights) + STABLE_SAMPLES:
            return []
        wander_mg = max(self._smooth) - min(self._smooth)
        if wander_mg > STABLE_MG:
            return []
        after_mg = sum(self._smooth) / len(self._smooth)
        before_mg = after_mg if self._settled_mg is None else self._settled_mg
        self._settled_mg, self._onset_ms = after_mg, None
        uncertainty_mg = UNCERTAINTY_FLOOR_MG + wander_mg / 2
        return [Settled(onset_ms, t_ms, before_mg, after_mg, uncertainty_mg)]
