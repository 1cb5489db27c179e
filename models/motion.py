"""Has anything moved, and where did something change? On every eighth pixel, in microseconds.

The gate wakes the reader and the recogniser; it must never say what moved, and cost next to
nothing while nothing does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Motion = Literal["still", "moving"]

STRIDE_PIXELS = 8
CHANGE_LEVELS = 24
"""A sample has changed if its luma differs by more: above sensor noise, below a hand's contrast."""
MOVING_SHARE = 0.004
"""Share of changed samples from which a frame counts as moving: about 58 of 14,400 at 720p."""


@dataclass(frozen=True, slots=True)
class Box:
    """A region of a frame in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


class MotionGate:
    """Compares each frame with the one before it."""

    def __init__(self, moving_share: float = MOVING_SHARE) -> None:
        self._moving_share = moving_share
        self._last: Luma | None = None

    def update(self, luma: Luma) -> Motion:
        """Whether the HxW uint8 frame differs from the last one; the first is "moving"."""
        sample = luma[::STRIDE_PIXELS, ::STRIDE_PIXELS].copy()
        last, self._last = self._last, sample
        if last is None or last.shape != sample.shape:
            return "moving"
        return "moving" if _changed(last, sample).mean() >= self._moving_share else "still"


def changed_box(before: Luma, after: Luma) -> Box | None:
    """The region in which two frames of one shape differ, or None; on an eight-pixel grid.

    A light that went on or off everywhere moves every sample alike: the median change is taken off
    first. Single changed samples are noise and do not stretch the box.
    """
    if before.shape != after.shape:
        raise ValueError(f"frames of two shapes: {before.shape} and {after.shape}")
    samples = (
        frame[::STRIDE_PIXELS, ::STRIDE_PIXELS].astype(np.int16) for frame in (before, after)
    )
    first, second = samples
    change = second - first
    differs = _without_specks(np.abs(change - np.median(change)) > CHANGE_LEVELS)
    if not differs.any():
        return None
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    return Box(
        int(columns[0]) * STRIDE_PIXELS,
        int(rows[0]) * STRIDE_PIXELS,
        min((int(columns[-1]) + 1) * STRIDE_PIXELS, before.shape[1]),
        min((int(rows[-1]) + 1) * STRIDE_PIXELS, before.shape[0]),
    )


def _changed(one: Luma, other: Luma) -> NDArray[np.bool_]:
    # Unsigned bytes wrap when subtracted; the larger minus the smaller does not.
    difference = np.maximum(one, other) - np.minimum(one, other)
    return np.asarray(difference > CHANGE_LEVELS)


def _without_specks(differs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the samples with a changed neighbour above, below, left or right."""
    padded = np.pad(differs, 1)
    beside = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return np.asarray(differs & beside)
