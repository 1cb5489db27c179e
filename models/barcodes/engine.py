"""zxing-cpp on a picture: its valid reads in the cart's forms, placed in the frame.

The picture may be the frame, an enlargement of it, or a region turned upright; the caller says how
its pixels map to the frame. It must never decide whether a read is true.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from models.symbols import Corners, Read, named

Luma = NDArray[np.uint8]
Floats = NDArray[np.float64]

THICKNESS_PIXELS_MIN = 2
"""A symbol on fewer rows is a guess: of five such reads of zxing's photos three were wrong."""


@dataclass(frozen=True, eq=False)
class Sight:
    """A read, with the picture it was made in and its corners there: what verification needs."""

    read: Read
    picture: Luma
    corners: Corners


def seen(
    picture: Luma,
    formats: zxingcpp.BarcodeFormats,
    to_frame: Callable[[float, float], tuple[int, int]],
    *,
    turned: bool,
) -> list[Sight]:
    """The valid reads of a picture; `turned` also tries it on its side, inverted and smaller."""
    sights: dict[tuple[str, str], Sight] = {}
    barcodes = zxingcpp.read_barcodes(
        np.ascontiguousarray(picture),
        formats=formats,
        try_rotate=turned,
        try_downscale=turned,
        try_invert=turned,
    )
    for barcode in barcodes:
        corners = _corners(barcode)
        said = named(barcode) if barcode.valid else None
        if said is not None and _thickness(corners) >= THICKNESS_PIXELS_MIN:
            name, text, gtin = said
            one, two, three, four = (to_frame(x, y) for x, y in corners)
            read = Read(text, name, gtin, (one, two, three, four))
            sights.setdefault((name, text), Sight(read, picture, corners))
    return list(sights.values())


def _corners(barcode: zxingcpp.Barcode) -> Corners:
    where = barcode.position
    return (
        (where.top_left.x, where.top_left.y),
        (where.top_right.x, where.top_right.y),
        (where.bottom_right.x, where.bottom_right.y),
        (where.bottom_left.x, where.bottom_left.y),
    )


def _thickness(corners: Corners) -> float:
    """Mean length of the symbol's two short sides, in pixels: over how many rows it was found."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (math.dist(top_left, bottom_left) + math.dist(top_right, bottom_right)) / 2
