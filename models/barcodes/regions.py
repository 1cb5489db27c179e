"""Where bars may be: regions of a frame in which brightness changes in one direction only.

The structure tensor, averaged over small blocks, says for each block how strongly and how uniformly
the brightness changes and in which direction (Bigun and Granlund 1987). Blocks of like direction
that touch make a region. It must never decode: a fence is a region too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from models.symbols import Corners

Luma = NDArray[np.uint8]
Singles = NDArray[np.float32]

WORK_PIXELS_MAX = 400_000
"""A larger frame is shrunk before gradients are taken: its bars are wide enough."""
SMALL_PIXELS_MAX = 160_000
"""A smaller frame is enlarged, or a block would hold several bars of a small symbol."""
ENLARGED = 0.5
BLOCK = 8
WINDOWS = (3, 5)
"""Blocks across which the structure is averaged: for small and for large symbols."""
COHERENCE_MIN = 0.55
STRENGTH_SHARE_MIN = 0.04
"""Of the strongest blocks' strength; below it a block counts as even."""
STRENGTH_MIN = 1.0
SIDED = (1, 3, 5)
ONE_SIDED_MIN = 0.7
"""A block whose mean gradient is this share of its mean size is an edge: bars have both signs."""
DIRECTIONS = 8
BLOCKS_MIN = 6
BOXES_MAX = 5
"""How many components of one window size are measured."""
LENGTH_PIXELS_MIN = 40.0
HEIGHT_PIXELS_MIN = 6.0
THICKNESS_SHARE = 0.6
"""A symbol's height as a share of its length."""
INFLATED = 1.1


@dataclass(frozen=True)
class Region:
    """An oriented box, in pixels of the frame. `angle` is the direction across the bars, radians;
    `half_length` runs along it, `half_height` along the bars; `merit` orders regions."""

    x: float
    y: float
    angle: float
    half_length: float
    half_height: float
    merit: float


def regions(luma: Luma, most: int, beside: Sequence[Corners] = ()) -> list[Region]:
    """The regions most like bars, best first, none at the symbols `beside` which it is looked for:
    a clear symbol would make a blurred one seem even."""
    shrink = max(1.0, math.sqrt(luma.size / WORK_PIXELS_MAX))
    symbols = [_symbol_at(corners) for corners in beside]
    found = [_at_scale(luma, shrink, WINDOWS, symbols)]
    if luma.size < SMALL_PIXELS_MAX:
        found.append(_at_scale(luma, ENLARGED, WINDOWS[:1], symbols))
    # Of equal rank, so that neither scale crowds the other out.
    ranked = (region for rank in zip_longest(*found) for region in rank if region is not None)
    return [one for one in ranked if not any(_is_piece(one, other) for other in symbols)][:most]


def covers(region: Region, corners: Corners) -> bool:
    """Whether a read at these corners and the region are the same symbol, or pieces of it."""
    return _is_piece(region, _symbol_at(corners))


def _symbol_at(corners: Corners) -> Region:
    """The box of a read; its corners may be those of one scan line only."""
    top_left, top_right, bottom_right, bottom_left = np.array(corners, float)
    along, down = (top_right + bottom_right - top_left - bottom_left) / 2, bottom_left - top_left
    middle = (top_left + top_right + bottom_right + bottom_left) / 4
    length = max(float(np.hypot(*along)), 1.0)
    height = max(float(np.hypot(*down)), THICKNESS_SHARE * length)
    angle = math.atan2(along[1], along[0])
    return Region(float(middle[0]), float(middle[1]), angle, length / 2, height / 2, 0.0)


def _is_piece(region: Region, symbol: Region) -> bool:
    away = (symbol.x - region.x, symbol.y - region.y)
    return _is_within(region, *away) or _is_within(symbol, *away)


def _is_within(box: Region, x: float, y: float) -> bool:
    """Whether a point, as seen from the middle of a box, lies in or hardly beyond it."""
    cosine, sine = math.cos(box.angle), math.sin(box.angle)
    along, across = x * cosine + y * sine, y * cosine - x * sine
    return max(abs(along) / box.half_length, abs(across) / box.half_height) <= INFLATED


def _at_scale(
    luma: Luma, shrink: float, windows: tuple[int, ...], symbols: list[Region]
) -> list[Region]:
    size = (round(luma.shape[1] / shrink), round(luma.shape[0] / shrink))
    method = cv2.INTER_AREA if shrink > 1 else cv2.INTER_LINEAR
    small = luma if shrink == 1 else cv2.resize(luma, size, interpolation=method)
    if min(small.shape) < 2 * BLOCK:
        return []
    tensor = _tensor(np.asarray(small, np.uint8))
    for symbol in symbols:
        _erase(tensor, symbol, 1 / (shrink * BLOCK))
    found = [region for window in windows for region in _found(tensor, window, shrink)]
    found.sort(key=lambda region: -region.merit)
    return _distinct(found)


def _tensor(small: Luma) -> tuple[Singles, Singles, Singles]:
    """By block: the gradient's double angle (two parts) and its energy."""
    blocks = (small.shape[1] // BLOCK, small.shape[0] // BLOCK)
    smooth = cv2.GaussianBlur(small[: blocks[1] * BLOCK, : blocks[0] * BLOCK], (0, 0), 0.8)
    # Every other row is enough: the derivatives look at the rows between.
    across = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32)[::2]
    down = cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32)[::2]
    means = [
        cv2.resize(product, blocks, interpolation=cv2.INTER_AREA)
        for product in (across * across, down * down, across * down)
    ]
    horizontal, vertical, mixed = (np.asarray(mean, np.float32) for mean in means)
    many = _alternating(across, down, blocks)
    horizontal, vertical, mixed = horizontal * many, vertical * many, mixed * many
    return horizontal - vertical, 2 * mixed, horizontal + vertical


def _alternating(
    across: cv2.typing.MatLike, down: cv2.typing.MatLike, blocks: tuple[int, int]
) -> NDArray[np.bool_]:
    """Which blocks, alone or with those around them, are no single edge: that of a frame or a shelf
    is stronger than any bars."""
    means = [
        cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
        for part in (across, down, cv2.magnitude(across, down))
    ]
    alternating = np.zeros(means[0].shape, np.bool_)
    for window in SIDED:
        x, y, size = (cv2.boxFilter(mean, -1, (window, window)) for mean in means)
        alternating |= np.hypot(x, y) <= ONE_SIDED_MIN * size + 0.01
    return alternating


def _erase(tensor: tuple[Singles, Singles, Singles], symbol: Region, blocks_a_pixel: float) -> None:
    """Make the blocks of a symbol even."""
    scale = 2 * INFLATED * blocks_a_pixel
    box = (
        (symbol.x * blocks_a_pixel - 0.5, symbol.y * blocks_a_pixel - 0.5),
        (symbol.half_length * scale + 1, symbol.half_height * scale + 1),
        math.degrees(symbol.angle),
    )
    outline = np.round(cv2.boxPoints(box)).astype(np.int32)
    for part in tensor:
        cv2.fillConvexPoly(part, outline, 0.0)


def _found(tensor: tuple[Singles, Singles, Singles], window: int, shrink: float) -> list[Region]:
    cosine, sine, energy = (
        np.asarray(cv2.boxFilter(part, -1, (window, window)), np.float32) for part in tensor
    )
    strength = np.hypot(cosine, sine)
    enough = max(STRENGTH_SHARE_MIN * float(np.percentile(strength, 99)), STRENGTH_MIN)
    clear = (strength > COHERENCE_MIN * (energy + 1)) & (strength > enough)
    angle = np.arctan2(sine, cosine) / 2
    weight = np.sqrt(strength).ravel()
    masks = []
    sector = np.where(clear, np.floor(angle * DIRECTIONS / np.pi) % DIRECTIONS, DIRECTIONS)
    for direction in range(DIRECTIONS):
        # A direction holds the sectors on either side, so that none is cut at its border.
        mask = ((sector == direction) | (sector == (direction - 1) % DIRECTIONS)).view(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        sums = np.bincount(labels.ravel(), weight, count)
        large = np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= BLOCKS_MIN) + 1
        masks += [(float(sums[label]), labels, label) for label in large]
    masks.sort(key=lambda mask: -mask[0])
    boxes = (
        _box(labels == label, cosine, sine, merit, shrink)
        for merit, labels, label in masks[:BOXES_MAX]
    )
    return [box for box in boxes if box is not None]


def _box(
    inside: NDArray[np.bool_], cosine: Singles, sine: Singles, merit: float, shrink: float
) -> Region | None:
    angle = 0.5 * math.atan2(float(sine[inside].sum()), float(cosine[inside].sum()))
    rows, columns = np.nonzero(inside)
    x, y = (columns + 0.5) * BLOCK, (rows + 0.5) * BLOCK
    left, right = _extent(x * math.cos(angle) + y * math.sin(angle), 0.01)
    low, high = _extent(-x * math.sin(angle) + y * math.cos(angle), 0.02)
    length, height = right - left, high - low
    if length * shrink < LENGTH_PIXELS_MIN or height * shrink < HEIGHT_PIXELS_MIN:
        return None
    fill = min(1.0, len(rows) * BLOCK**2 / (length * height))
    middle, level = (left + right) / 2, (low + high) / 2
    return Region(
        x=(middle * math.cos(angle) - level * math.sin(angle)) * shrink,
        y=(middle * math.sin(angle) + level * math.cos(angle)) * shrink,
        angle=angle,
        half_length=length * shrink / 2,
        half_height=height * shrink / 2,
        merit=merit * fill,
    )


def _extent(places: NDArray[np.float64], ignored: float) -> tuple[float, float]:
    """From where to where the blocks reach, a share of strays at either end ignored."""
    ordered = np.sort(places)
    strays = round(ignored * (len(ordered) - 1))
    return float(ordered[strays]) - BLOCK / 2, float(ordered[-1 - strays]) + BLOCK / 2


def _distinct(ordered: list[Region]) -> list[Region]:
    kept: list[Region] = []
    for region in ordered:
        if not any(_alike(region, other) for other in kept):
            kept.append(region)
    return kept


def _alike(one: Region, other: Region) -> bool:
    near = math.hypot(one.x - other.x, one.y - other.y) < 0.5 * min(
        one.half_length, other.half_length
    )
    return near and abs(one.half_length / other.half_length - 1) < 0.3
