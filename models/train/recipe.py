"""Everything about the training that was chosen, and by what; docs/recognition.md has the table.

Nothing here may be chosen on a photo of the official test split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.gallery import UNKNOWN_SMOOTHING, Gallery
from models.recogniser import Embedding
from models.train.augment import Views

FEW_PHOTOS = 12
"""Photos a label below which the recipe for few photos is used."""
FEW_LABELS = 8
"""Labels up to which the generic embedding stays: it tells them apart, and strangers from them. One
that was trained on so few sees nothing else any more, and takes a stranger for one of them."""
FEW_LABELS_UNKNOWN, FEW_LABELS_WIDTH = 0.63, 0.074
"""Its similarity and width of "unknown": on val, two to eight of its classes known, nine lists,
three of ten items being none of them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One run; rates are AdamW's peak learning rates."""

    sides: tuple[int, ...] = (160,) * 3 + (192,) * 5 + (224,) * 4 + (256,) * 4
    """Pixels a side in each epoch: small pictures first, they cost less."""
    seen_side: int = 256
    """Pixels a side on a cart: views while learning show things larger than whole photos do."""
    frozen_blocks: int = 7
    """The first of the 21 blocks see edges and colours, cost much of the time, and stay."""
    batch: int = 32
    rate: float = 8e-4
    rate_decay: float = 0.9
    """The rate of a block as a share of the next one's: what is early changes least."""
    head_rate: float = 1e-3
    weight_decay: float = 0.02
    smoothing: float = 0.1
    mixed: float = 0.3
    dropped: float = 0.1
    averaging: float = 0.99
    scale: float = 20.0
    views: Views = field(default_factory=Views)
    seed: int = 0
    runs: int = 2
    """Runs with other dice whose weights are averaged: one for each core."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure weights may be that no held-out photos calibrated."""

    temperature_share: float
    """The temperature as a share of the one that was trained with."""
    unknown_margin: float
    """In temperatures above the smooth maximum of cosines that are all nought, so that a rule found
    among few labels holds among many."""
    unknown_width: float
    """In temperatures, too."""
    acceptance: float

    def applied(self, gallery: Gallery, scale: float) -> Gallery:
        """The gallery, as sure; its cosines were trained with `scale`."""
        temperature = self.temperature_share / scale
        unknown_temperature = UNKNOWN_SMOOTHING * temperature
        floor = unknown_temperature * math.log(len(gallery.labels))
        return replace(
            gallery,
            temperature=temperature,
            unknown_temperature=unknown_temperature,
            unknown_similarity=floor + self.unknown_margin * temperature,
            unknown_width=self.unknown_width * temperature,
            acceptance=self.acceptance,
        )


MANY = Recipe()
# Few photos bear many epochs, more of them at the full size: each step so far gained points.
FEW = Recipe(sides=(160,) * 12 + (192,) * 20 + (224,) * 20 + (256,) * 30, seen_side=288)
QUICK = Recipe(sides=(160, 160, 160, 192), seen_side=192, frozen_blocks=15, rate=4e-4, runs=3)
"""For a machine with little time."""

RECIPES = {"many": MANY, "few": FEW, "quick": QUICK}
# Measured on val: the first with sixteen of its classes left out of training, five times; the other
# by one run, whose network is much less sure than it was trained to be.
MANY_SURENESS = Sureness(0.63, 0.6, 0.15, 0.97)
FEW_SURENESS = Sureness(0.75, 0.3, 0.15, 0.98)


def few_gallery(looks: Mapping[str, Sequence[Embedding]], weights: str) -> Gallery:
    """The gallery of few labels, made of the generic network's looks at their photos."""
    return replace(
        Gallery.build(looks, weights),
        unknown_similarity=FEW_LABELS_UNKNOWN,
        unknown_width=FEW_LABELS_WIDTH,
    )


def chosen(photos_a_label: float) -> tuple[Recipe, Sureness]:
    """Recipe and sureness for a set with so many photos a label, on average."""
    return (FEW, FEW_SURENESS) if photos_a_label < FEW_PHOTOS else (MANY, MANY_SURENESS)
