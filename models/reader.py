"""Barcodes in a frame: zxing-cpp on the luma, and once more on an enhanced picture if it saw none.

A read is evidence, never proof: valid check digits occur in misreads. The reader keeps no state, so
one may serve every frame of a camera; it must never look at a file name or remember a frame.
"""

from __future__ import annotations

import math
from itertools import chain

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from models.symbols import FORMATS, Corners, Read, named

Luma = NDArray[np.uint8]

ENLARGEMENT = 2
ENLARGED_PIXELS_MAX = 400_000
"""A larger frame keeps its size: its bars are wide enough, and the time grows with the area."""
THICKNESS_PIXELS_MIN = 2
"""A symbol on fewer rows is a guess: of five such reads of zxing's photos three were wrong."""


class Reader:
    """Reads every retail code in view."""

    def __init__(self) -> None:
        # Local contrast lifts bars out of shade and glare; OpenCV's usual limit and tiles.
        self._contrast = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))

    def read(self, luma: Luma) -> list[Read]:
        """The codes in an HxW uint8 frame, the largest first; empty when nothing is read."""
        if luma.ndim != 2 or luma.dtype != np.uint8 or 0 in luma.shape:
            raise ValueError(f"luma is HxW uint8, not {luma.dtype} {luma.shape}")
        return _reads(luma, 1) or _reads(self._enhanced(luma), self._enlargement(luma))

    def _enhanced(self, luma: Luma) -> Luma:
        factor = self._enlargement(luma)
        contrast = self._contrast.apply(luma)
        size = (luma.shape[1] * factor, luma.shape[0] * factor)
        return np.asarray(cv2.resize(contrast, size, interpolation=cv2.INTER_CUBIC), np.uint8)

    @staticmethod
    def _enlargement(luma: Luma) -> int:
        return ENLARGEMENT if luma.size <= ENLARGED_PIXELS_MAX else 1


def _reads(luma: Luma, scale: int) -> list[Read]:
    """zxing-cpp's valid reads of a frame enlarged by `scale`, one a text, largest first."""
    reads: dict[tuple[str, str], Read] = {}
    for barcode in zxingcpp.read_barcodes(np.ascontiguousarray(luma), formats=FORMATS):
        corners = _corners(barcode)
        said = named(barcode) if barcode.valid else None
        if said is not None and _thickness(corners) >= THICKNESS_PIXELS_MIN:
            name, text, gtin = said
            reads.setdefault((name, text), Read(text, name, gtin, _scaled(corners, scale)))
    return sorted(reads.values(), key=_rank)


def _corners(barcode: zxingcpp.Barcode) -> Corners:
    where = barcode.position
    return (
        (where.top_left.x, where.top_left.y),
        (where.top_right.x, where.top_right.y),
        (where.bottom_right.x, where.bottom_right.y),
        (where.bottom_left.x, where.bottom_left.y),
    )


def _scaled(corners: Corners, scale: int) -> Corners:
    one, two, three, four = ((x // scale, y // scale) for x, y in corners)
    return one, two, three, four


def _thickness(corners: Corners) -> float:
    """Mean length of the symbol's two short sides, in pixels: over how many rows it was found."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (math.dist(top_left, bottom_left) + math.dist(top_right, bottom_right)) / 2


def _rank(read: Read) -> tuple[bool, float]:
    # A UPC-E has the least redundancy of all: beside another code it is the likelier misread.
    xs_ys = np.fromiter(chain.from_iterable(read.corners), np.float32).reshape(-1, 1, 2)
    return read.format == "UPCE", -float(cv2.contourArea(xs_ys))
