"""The filter of one load cell: a median against spikes, two boxcars against the swing.

A boxcar as long as one swing of the basket shows no swing at all; two in a row forgive a period
that is off by a tenth. The boxcars are one finite response: nothing rings after a spike, and a
newly learnt period can be applied to what is already buffered.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

SPIKE_MG_MIN = 3_000.0  # more than noise alone ever leaves a median
SPIKE_SHARE = 0.25  # of a swing's width; its own peaks, at 11 Hz, leave the median by 0.18
SWING_SAMPLES = 12  # one swing of the slowest basket
DAMPING = 0.07  # of the usual basket: 0.04 to 0.10 all settle within the figures


class SpikeFilter:
    """The median of three where a sample stands alone, the sample itself elsewhere.

    A plain median cuts the peaks of every swing, and what it cuts no boxcar brings back. A sample
    is a spike when it leaves its neighbours' median by more than a swing as wide as the last one
    can. One sample late.
    """

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=3)
        self._passed: deque[float] = deque(maxlen=SWING_SAMPLES)

    def push(self, value: float) -> float:
        """The sample before `value`, or what it should have been; at the start `value`."""
        self._last.append(value)
        if len(self._last) < 3:
            return value
        middle, median = self._last[1], sorted(self._last)[1]
        width = max(self._passed) - min(self._passed) if self._passed else 0.0
        spike = abs(middle - median) > SPIKE_MG_MIN + SPIKE_SHARE * width
        self._passed.append(median if spike else middle)
        return self._passed[-1]


def boxcar(length: float) -> list[float]:
    """Weights of a mean over `length` samples; the last sample counts by its fraction."""
    whole = int(length)
    weights = [1.0] * whole
    if length > whole:
        weights.append(length - whole)
    return [weight / length for weight in weights]


def two_boxcars(length: float) -> tuple[float, ...]:
    """Weights, oldest first, of two boxcars of `length` samples in a row. They sum to one.

    An older sample of a dying swing is louder, so it counts less: only then the swing cancels.
    """
    one = boxcar(length)
    both = [0.0] * (2 * len(one) - 1)
    for i, left in enumerate(one):
        for j, right in enumerate(one):
            both[i + j] += left * right
    fading = math.exp(-DAMPING * 2 * math.pi / length)
    by_age = [weight * fading**age for age, weight in enumerate(both)]
    total = sum(by_age)
    return tuple(weight / total for weight in reversed(by_age))


def weighted(newest_last: Sequence[float], weights: Sequence[float]) -> float:
    """The response to the last `len(weights)` values of `newest_last`."""
    tail = newest_last[len(newest_last) - len(weights) :]
    return sum(value * weight for value, weight in zip(tail, weights, strict=True))
