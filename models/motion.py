"""Has anything moved, where did something change, and did it come or go? On every eighth pixel.

The gate wakes the reader and the recogniser; it must never say what moved, and cost next to
nothing while nothing does.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Motion = Literal["still", "moving"]
Direction = Literal["in", "out", "unclear"]

STRIDE_PIXELS = 8
CHANGE_LEVELS = 24
"""A sample has changed if its luma differs by more: above sensor noise, below a hand's contrast."""
MOVING_SHARE = 0.004
"""Share of changed samples from which a frame counts as moving: about 58 of 14,400 at 720p."""
JOIN_SAMPLES = 2
"""Changed samples so near to each other are one thing: a pale stripe does not cut a pack in two."""
REGIONS_MAX = 4
AROUND_SAMPLES = 5
"""How far around a region its surroundings reach."""
TONES = 16
UNCLEAR_BELOW = 0.1


@dataclass(frozen=True, slots=True)
class Box:
    """A region of a frame in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Pixels inside."""
        return (self.right - self.left) * (self.bottom - self.top)

    def holds(self, x: int, y: int) -> bool:
        """Whether this point is inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom

    def overlaps(self, other: Box) -> bool:
        """Whether the two share a pixel."""
        across = min(self.right, other.right) > max(self.left, other.left)
        return across and min(self.bottom, other.bottom) > max(self.top, other.top)

    def wider(self, pixels: int) -> Box:
        """The same with a margin, which may lie outside the frame."""
        return Box(self.left - pixels, self.top - pixels, self.right + pixels, self.bottom + pixels)

    def square(self, shape: tuple[int, ...]) -> Box:
        """The square around the box in a frame of this shape, moved inside where it can be."""
        side = min(max(self.right - self.left, self.bottom - self.top), *shape[:2])
        left = max(0, min((self.left + self.right - side) // 2, shape[1] - side))
        top = max(0, min((self.top + self.bottom - side) // 2, shape[0] - side))
        return Box(left, top, left + side, top + side)

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


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
    differs = _differs(before, after)
    return _box_of(differs, before.shape) if differs.any() else None


def changed_boxes(before: Luma, after: Luma) -> list[Box]:
    """The regions in which two frames differ, each of one thing, the largest first.

    Regions are the connected parts of the changed samples (8-connected, after closing gaps of
    `2 * JOIN_SAMPLES`), at most `REGIONS_MAX`; those whose boxes overlap are one."""
    differs = _differs(before, after)
    size = 2 * JOIN_SAMPLES + 1
    near = cv2.dilate(differs.astype(np.uint8), np.ones((size, size), np.uint8))
    count, labels = cv2.connectedComponents(near, connectivity=8)
    parts = [differs & (labels == label) for label in range(1, count)]
    boxes = joined([_box_of(part, before.shape) for part in parts])
    return sorted(boxes, key=lambda box: -box.area)[:REGIONS_MAX]


def direction(before: Luma, after: Luma, box: Box) -> Direction:
    """Whether the thing of a region came or went, by the two pictures alone: a place that looks
    like what is around it is empty. Evidence only; the sign of the load is the better witness."""
    differs = _differs(before, after)
    rows = slice(box.top // STRIDE_PIXELS, -(-box.bottom // STRIDE_PIXELS))
    columns = slice(box.left // STRIDE_PIXELS, -(-box.right // STRIDE_PIXELS))
    around = np.zeros_like(differs)
    reach = AROUND_SAMPLES
    around[
        max(0, rows.start - reach) : rows.stop + reach,
        max(0, columns.start - reach) : columns.stop + reach,
    ] = True
    inside = np.zeros_like(differs)
    inside[rows, columns] = differs[rows, columns]
    around &= ~differs
    if not around.any() or not inside.any():
        return "unclear"
    strange = [_strangeness(_sampled(frame), inside, around) for frame in (before, after)]
    lead = (strange[1] - strange[0]) / max(sum(strange), 1e-6)
    if abs(lead) < UNCLEAR_BELOW:
        return "unclear"
    return "in" if lead > 0 else "out"


def _strangeness(sample: Luma, inside: Mask, around: Mask) -> float:
    """How much a region differs from its surroundings in one picture: in tones and in edges."""
    tones = sample // (256 // TONES)
    edges = np.minimum(
        cv2.morphologyEx(sample, cv2.MORPH_GRADIENT, np.ones((3, 3))) // 8, TONES - 1
    )
    return sum(
        float(np.abs(_shares(figures[inside]) - _shares(figures[around])).sum())
        for figures in (tones, edges)
    )


def _shares(figures: Luma) -> NDArray[np.float64]:
    return np.bincount(figures, minlength=TONES) / figures.size


def _sampled(luma: Luma) -> Luma:
    return luma[::STRIDE_PIXELS, ::STRIDE_PIXELS]


def _differs(before: Luma, after: Luma) -> Mask:
    """Which samples changed by more than the light everywhere did, without specks."""
    if before.shape != after.shape:
        raise ValueError(f"frames of two shapes: {before.shape} and {after.shape}")
    change = _sampled(after).astype(np.int16) - _sampled(before).astype(np.int16)
    return _without_specks(np.abs(change - np.median(change)) > CHANGE_LEVELS)


def _box_of(differs: Mask, shape: tuple[int, ...]) -> Box:
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    return Box(
        int(columns[0]) * STRIDE_PIXELS,
        int(rows[0]) * STRIDE_PIXELS,
        min((int(columns[-1]) + 1) * STRIDE_PIXELS, shape[1]),
        min((int(rows[-1]) + 1) * STRIDE_PIXELS, shape[0]),
    )


def joined(boxes: list[Box], gap_pixels: int = 0) -> list[Box]:
    """Boxes that overlap, or are nearer to each other than that, become one, until none are."""
    apart: list[Box] = []
    for box in boxes:
        whole = box
        while others := [other for other in apart if whole.wider(gap_pixels).overlaps(other)]:
            apart = [other for other in apart if other not in others]
            whole = functools.reduce(Box.around, others, whole)
        apart.append(whole)
    return apart


def _changed(one: Luma, other: Luma) -> NDArray[np.bool_]:
    # Unsigned bytes wrap when subtracted; the larger minus the smaller does not.
    difference = np.maximum(one, other) - np.minimum(one, other)
    return np.asarray(difference > CHANGE_LEVELS)


def _without_specks(differs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the samples with a changed neighbour above, below, left or right."""
    padded = np.pad(differs, 1)
    beside = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return np.asarray(differs & beside)
