"""What a printed symbol looks like after blur: the forward model, its templates and derivatives.

Along a scan line the darkness of a symbol is its bars convolved with a Gaussian. A bar is two
edges, so the model is a sum of error functions, one an edge; ink that spreads moves every edge
outward by half the growth. Because the sum is linear, the picture of a whole symbol is the guards'
plus one template a digit, and templates of digits that are not neighbours do not overlap: this is
what makes exact decoding possible (programme.py). All lengths are in modules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.barcodes.layouts import DIGIT_MODULES, PATTERNS, Layout

Floats = NDArray[np.float64]

SAMPLES_PER_MODULE = 3
QUIET_MODULES = 3
"""How much of the white on either side belongs to the picture of a symbol."""
REACH_MODULES = 4
"""How far a digit's darkness is followed beyond its seven modules."""
BLUR_MIN, BLUR_MAX = 0.3, 1.75
"""Standard deviation in modules: below it the samples are too coarse, above it nothing is left."""
GROWTH_MAX = 0.5
BLUR_STEP, GROWTH_STEP = 0.05, 0.05


def sample_places(modules: int) -> Floats:
    """Where a symbol of so many modules is sampled: module coordinates, quiet zones included."""
    count = (modules + 2 * QUIET_MODULES) * SAMPLES_PER_MODULE
    return -QUIET_MODULES + (np.arange(count) + 0.5) / SAMPLES_PER_MODULE


def edges_of(bits: str) -> tuple[Floats, Floats]:
    """Where bars begin (+1) and end (-1) in a string of modules: places and signs."""
    spans = [match.span() for match in re.finditer("1+", bits)]
    return np.array(spans, float).ravel(), np.tile([1.0, -1.0], len(spans))


def darkness(
    places: Floats, edges: Floats, signs: Floats, blur: float, growth: float
) -> tuple[Floats, Floats, Floats]:
    """Darkness in 0..1 at the places, and its derivatives by blur and by growth."""
    distance = (places[:, None] - edges + signs * (growth / 2)) / blur
    density = np.exp(-0.5 * distance**2) * (1 / np.sqrt(2 * np.pi) / blur)
    by_blur = -(density * distance) @ signs
    return _normal(distance) @ signs, by_blur, density.sum(axis=1) / 2


def _normal(distance: Floats) -> Floats:
    """The standard normal distribution function, to 0.0003 (Page 1977, the tanh form)."""
    cubed = distance * distance * distance
    return 0.5 + 0.5 * np.tanh(0.7978845608 * (distance + 0.044715 * cubed))


@dataclass(frozen=True, eq=False)
class Templates:
    """A layout under one blur and growth. W samples a digit.

    `digits` (30, W): the patterns' darkness; `guards` (samples,): that of everything else;
    `offsets`: where in the samples each place's window begins; `energies` (30,): squared norms;
    `overlaps`: by distance in modules between neighbours, (30, 30) twice the inner products.
    """

    digits: NDArray[np.float32]
    guards: Floats
    offsets: tuple[int, ...]
    energies: NDArray[np.float32]
    overlaps: dict[int, NDArray[np.float32]]


def templates(layout: Layout, blur: float, growth: float) -> Templates:
    """The templates nearest to this blur and growth, kept for the next asker."""
    blur = min(max(blur, BLUR_MIN), BLUR_MAX)
    return _templates(layout, round(blur / BLUR_STEP), round(growth / GROWTH_STEP))


@lru_cache(maxsize=512)
def _templates(layout: Layout, blur_steps: int, growth_steps: int) -> Templates:
    blur, growth = blur_steps * BLUR_STEP, growth_steps * GROWTH_STEP
    count = (DIGIT_MODULES + 2 * REACH_MODULES) * SAMPLES_PER_MODULE
    places = -REACH_MODULES + (np.arange(count) + 0.5) / SAMPLES_PER_MODULE
    rows = [darkness(places, *edges_of(bits), blur, growth)[0] for bits in PATTERNS]
    digits = np.array(rows, np.float32)
    guards = darkness(sample_places(layout.modules), *edges_of(layout.guards), blur, growth)[0]
    first = QUIET_MODULES - REACH_MODULES
    offsets = tuple((start + first) * SAMPLES_PER_MODULE for start in layout.starts)
    gaps = {right - left for left, right in zip(layout.starts, layout.starts[1:], strict=False)}
    overlaps = {gap: _overlap(digits, gap * SAMPLES_PER_MODULE) for gap in gaps}
    return Templates(digits, guards, offsets, np.square(digits).sum(axis=1), overlaps)


def _overlap(digits: NDArray[np.float32], shift: int) -> NDArray[np.float32]:
    width = digits.shape[1]
    return np.asarray(2 * digits[:, shift:] @ digits[:, : width - shift].T, np.float32)
