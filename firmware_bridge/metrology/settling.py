"""Samples in, motion and settled loads out: when did the load change, from what, to what.

Still: the settled value follows slow drift at no more than `DRIFT_MG_PER_S`, so drift never
becomes a step. Moving: from the first sample that cannot be noise until the filtered value has
stood still for a window that saw nothing older than the onset, or than the last shake of the cart.
A second item that lands in the swing of the first ends the first one's motion and begins another.
Every motion ends in one Settled, also one that changed nothing. Times are milliseconds of one
monotonic clock, masses milligrams.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

import numpy as np

from firmware_bridge.metrology import swing
from firmware_bridge.metrology.filters import SWING_SAMPLES, SpikeFilter, two_boxcars, weighted
from firmware_bridge.metrology.parting import part
from firmware_bridge.metrology.pending import THUD_SAMPLES, LoadWithin, Pending
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
KEPT_SAMPLES = 200  # all of most motions, so that they can be looked at as a whole
FREE_SAMPLES = 96  # of a swing: after so many nothing is left of it
END_SAMPLES = 40  # at rest: the swing of what landed last
UNCERTAINTY_FLOOR_MG = 400.0  # noise of before and after together, three standard deviations
SPLIT_FROM = 16  # samples of free swing that tell a load well enough to see another one come
SPLIT_RESIDUAL_MG = 1_200.0  # a fit this good is a basket that swings free; a driven one is not
SPLIT_RESIDUAL_SHARE = 0.01  # of the swing
SPLIT_RESIDUALS, SPLIT_MG = 6.0, 4_000.0  # so far off must be two samples, and the first load
DRIVEN_MG, DRIVEN_SHARE = 3_000.0, 0.15  # what a fit of a free swing may leave unexplained
WIDEST_MG = 100_000_000.0  # more than any cart carries: nothing is known yet


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


Event = MotionBegan | LoadWithin | Settled


class Settling:
    """One load's path between still and moving. `push` every sample, oldest first."""

    def __init__(self) -> None:
        self._period = RingPeriod()
        self._swing: swing.Swing | None = None  # once one was clear enough to learn from
        self._weights = two_boxcars(self._period.samples)
        self._spikes = SpikeFilter()
        self._values: deque[float] = deque(maxlen=KEPT_SAMPLES)
        self._times: deque[int] = deque(maxlen=KEPT_SAMPLES)  # of the values, in ms
        self._smooth: deque[float] = deque(maxlen=STABLE_SAMPLES)
        self._settled_mg: float | None = None
        self._onset_ms: int | None = None
        self._pending: Pending | None = None
        self._free = 0  # samples since the onset, or since the last shake
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

    @property
    def filtered_mg(self) -> float | None:
        """What is indicated: the filtered value, which follows drift at any pace."""
        return sum(self._smooth) / len(self._smooth) if self._smooth else None

    def push(self, t_ms: int, mass_mg: float, *, shaken: bool = False) -> list[Event]:
        """Take one sample, and whether the cart is shaken meanwhile; what it shows."""
        events: list[Event] = []
        last_ms = t_ms if self._last_ms is None else self._last_ms
        if t_ms - last_ms > GAP_MS:
            events += self.forget()
        self._last_ms = t_ms
        if self.moving and self._onset_ms is None:
            self._onset_ms = t_ms  # the first sample of all: nothing is settled yet
        value = self._spikes.push(mass_mg)  # of one sample before
        self._values.append(value)
        self._times.append(last_ms)
        if len(self._values) >= len(self._weights):
            self._smooth.append(weighted(tuple(self._values), self._weights))
        if self._onset_ms is None:
            still_s = 0.0 if shaken else (t_ms - last_ms) / 1000
            return events + self._watch(last_ms, value, still_s)
        self._free = 0 if shaken else self._free + 1
        if self._free == 0:
            return events
        self._learn()
        return events + self._narrow(t_ms) + self._split(t_ms, last_ms) + self._settle(t_ms)

    def forget(self) -> list[Event]:
        """Samples are missing: what is settled must be settled again. Keeps the settled value."""
        self._spikes = SpikeFilter()
        self._values.clear()
        self._times.clear()
        self._smooth.clear()
        if self.moving or self._last_ms is None:
            self._free, self._pending = 0, None
            return []
        return self._begin(self._last_ms, 0)

    def _watch(self, t_ms: int, value: float, step_s: float) -> list[Event]:
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

    def _begin(self, onset_ms: int, free: int) -> list[Event]:
        self._onset_ms, self._free = onset_ms, free
        self._suspects, self._suspect_ms = 0, None
        self._pending = Pending(onset_ms, -WIDEST_MG, WIDEST_MG)
        return [MotionBegan(onset_ms), self._pending.said(onset_ms)]

    def _narrow(self, t_ms: int) -> list[Event]:
        """What the last whole swings say about where the load will rest."""
        whole, length = round(self._period.samples), int(self._period.samples) + 2
        if self._pending is None or self._free < whole + length + THUD_SAMPLES:
            return []
        values = tuple(self._values)[-whole - length :]
        within = self._pending.narrow(t_ms, values[-length:], values[:-whole])
        return [within] if within else []

    def _learn(self) -> None:
        """Learn the swing while it is loud, and filter again what is buffered."""
        after = self._free - LEARN_FROM
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

    def _split(self, t_ms: int, last_ms: int) -> list[Event]:
        """End the first item's motion when two samples tell that a second one came."""
        if self._swing is None or not SPLIT_FROM <= self._free - ONSET_SAMPLES < FREE_SAMPLES:
            return []
        values = np.array(self._values)[-self._free :]
        first = swing.fit(self._swing, values[:-ONSET_SAMPLES], ahead=ONSET_SAMPLES)
        if first.residual_mg > SPLIT_RESIDUAL_MG + SPLIT_RESIDUAL_SHARE * first.swing_mg:
            return []
        off_mg = np.abs(values[-ONSET_SAMPLES:] - first.expected_mg).min()
        change_mg = abs(first.load_mg - (self._settled_mg or 0.0))  # a jolt's is none
        if min(off_mg, change_mg) < SPLIT_MG + SPLIT_RESIDUALS * first.residual_mg:
            return []
        settled = self._rest(t_ms, first.load_mg, 3 * first.residual_mg)
        self._smooth.clear()
        return [settled, *self._begin(last_ms, ONSET_SAMPLES)]

    def _settle(self, t_ms: int) -> list[Event]:
        if self._free < len(self._weights) + STABLE_SAMPLES:
            return []
        wander_mg = max(self._smooth) - min(self._smooth)
        if wander_mg > STABLE_MG or self._driven():
            return []
        self._learn_swing()
        after_mg = sum(self._smooth) / len(self._smooth)
        return [*self._part(), self._rest(t_ms, after_mg, wander_mg / 2)]

    def _learn_swing(self) -> None:
        """From all of the free swing; from its end, where something landed meanwhile."""
        values = np.array(self._values)
        for samples in (min(self._free, FREE_SAMPLES), END_SAMPLES):
            found = swing.learn(self._swing, values[-samples:])
            if found:
                self._swing = found
                return

    def _part(self) -> list[Event]:
        """End a first item's motion where two landed, and begin the second's."""
        moved = len(self._times) - bisect_left(self._times, self._onset_ms or 0)
        if self._settled_mg is None or moved >= KEPT_SAMPLES:
            return []
        two = part(self._swing, np.array(self._values)[-moved:], self._settled_mg)
        if two is None:
            return []
        second_ms = self._times[two.second - moved]
        return [
            self._rest(second_ms, two.between_mg, two.uncertainty_mg),
            *self._begin(second_ms, 0),
        ]

    def _driven(self) -> bool:
        """Whether the floor swings the basket: then stillness is chance, with no accelerometer."""
        if self._swing is None:
            return False
        window = len(self._weights) + STABLE_SAMPLES
        free = swing.fit(self._swing, np.array(self._values)[-window:])
        return free.residual_mg > DRIVEN_MG + DRIVEN_SHARE * free.swing_mg

    def _rest(self, t_ms: int, after_mg: float, wander_mg: float) -> Settled:
        assert self._onset_ms is not None, "only what moves can come to rest"
        before_mg = after_mg if self._settled_mg is None else self._settled_mg
        settled = Settled(
            self._onset_ms, t_ms, before_mg, after_mg, UNCERTAINTY_FLOOR_MG + wander_mg
        )
        self._settled_mg, self._onset_ms, self._pending = after_mg, None, None
        return settled
