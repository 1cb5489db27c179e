"""From a region of the frame to one clean line across its bars.

Bars that lie in a plane are seen as a pencil of lines: their slope changes linearly across the
symbol. Two numbers straighten them; least squares on the gradients finds both. Rows that agree are
then averaged, which takes the noise off and leaves the blur to be modelled. It must never decode.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.barcodes.regions import Region

Luma = NDArray[np.uint8]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

LENGTH_SAMPLES = 420
"""A symbol's length in a patch: four to five samples a module of EAN-13."""
MARGIN = 0.22
"""Paper beyond either end, as a share of the region's length."""
ROWS_MAX = 80
MAGNIFICATION_MIN, MAGNIFICATION_MAX = 0.5, 3.0
ROUNDS = 3
PAPER_PERCENTILE = 98
"""Of a symbol's brightness; half of it is paper."""
AGREEMENT_MIN = 0.6
AGREEMENT_SPREAD = 0.15


class View:
    """How patch pixels map to the frame, given the pencil of lines."""

    def __init__(self, region: Region) -> None:
        length, height = 2 * region.half_length, max(2 * region.half_height, 8.0)
        self.length, self.height = length, height
        self.zoom = min(max(LENGTH_SAMPLES / length, MAGNIFICATION_MIN), MAGNIFICATION_MAX)
        margin = MARGIN * length
        columns = int((length + 2 * margin) * self.zoom)
        rows = int(min(height * self.zoom, ROWS_MAX))
        self.start, self.end = margin * self.zoom, (margin + length) * self.zoom
        self._along = (np.arange(columns) / self.zoom - length / 2 - margin).astype(np.float32)
        self._down = ((np.arange(rows) / (rows - 1) - 0.5) * height).astype(np.float32)[:, None]
        self.row_pixels = height / (rows - 1)
        self._region = region

    def sampled(self, luma: Luma, slope: float, fan: float) -> Luma:
        """The patch with its bars straightened by slope + fan * (place along the symbol)."""
        x, y = self._placed(self._along, self._down, slope, fan)
        pixels = cv2.remap(luma, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(pixels, np.uint8)

    def in_frame(self, x: float, y: float, slope: float, fan: float) -> tuple[int, int]:
        """Where a pixel of the patch lies in the frame."""
        along = np.interp([x], np.arange(len(self._along)), self._along)
        down = np.interp([y], np.arange(len(self._down)), self._down[:, 0])
        frame_x, frame_y = self._placed(along, down, slope, fan)
        return round(float(frame_x[0])), round(float(frame_y[0]))

    def _placed(
        self, along: NDArray[Any], down: NDArray[Any], slope: float, fan: float
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        cosine, sine = math.cos(self._region.angle), math.sin(self._region.angle)
        along = along + down * (slope + fan * along / self.length)
        return (
            self._region.x + along * cosine - down * sine,
            self._region.y + along * sine + down * cosine,
        )


@dataclass(frozen=True, eq=False)
class Patch:
    """A region with its bars upright: `pixels` (rows, columns), the symbol from column `start` to
    `end`; `rows`: which rows agree with each other."""

    pixels: Luma
    start: float
    end: float
    rows: NDArray[np.bool_]
    view: View
    slope: float
    fan: float

    def in_frame(self, x: float, y: float) -> tuple[int, int]:
        """Where a pixel of the patch lies in the frame."""
        return self.view.in_frame(x, y, self.slope, self.fan)

    def line(self, rows: slice | None = None) -> Floats:
        """The mean of the agreeing rows, or of a share of them."""
        agreeing = np.flatnonzero(self.rows)
        chosen = agreeing if rows is None else agreeing[rows]
        return np.asarray(self.pixels[chosen].mean(axis=0), np.float64)


def patch(luma: Luma, region: Region) -> Patch:
    """The region turned upright and straightened."""
    view = View(region)
    slope = fan = 0.0
    for _ in range(ROUNDS):
        pixels = view.sampled(luma, slope, fan)
        more = _pencil(pixels, view)
        slope, fan = slope + more[0], fan + more[1]
        if abs(more[0]) + abs(more[1]) < 0.01:
            break
    pixels = _levelled(view.sampled(luma, slope, fan), view)
    return Patch(pixels, view.start, view.end, _agreeing(pixels, view), view, slope, fan)


def _levelled(pixels: Luma, view: View) -> Luma:
    """Nothing beside the symbol brighter than its paper: a lamp or a window would outshine it."""
    paper = np.percentile(pixels[::2, int(view.start) : int(view.end) : 2], PAPER_PERCENTILE)
    return np.minimum(pixels, np.uint8(paper))


def _pencil(pixels: Luma, view: View) -> tuple[float, float]:
    """The slope at the middle and its change over the symbol's length, by least squares."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.2)
    inside = slice(int(view.start), int(view.end))
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)[:, inside] * view.zoom
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)[:, inside] / view.row_pixels
    place = np.linspace(-0.5, 0.5, across.shape[1], dtype=np.float32)
    weight = np.abs(down) < 0.6 * np.abs(across) + 2
    square, mixed = weight * across * across, weight * across * down
    a, b, c = float(square.sum()), float((square * place).sum()), float((square * place**2).sum())
    d, e = -float(mixed.sum()), -float((mixed * place).sum())
    determinant = a * c - b * b
    if determinant <= 1e-6 * a * a:
        return 0.0, 0.0
    return (d * c - e * b) / determinant, (a * e - b * d) / determinant


def _agreeing(pixels: Luma, view: View) -> NDArray[np.bool_]:
    """Rows whose changes correlate with the common ones: not text, not a finger."""
    inside = pixels[:, int(view.start) : int(view.end)]
    changes = np.diff(cv2.GaussianBlur(inside, (0, 0), 1).astype(np.float32), axis=1)
    changes /= np.linalg.norm(changes, axis=1, keepdims=True) + 1e-3
    common = np.median(changes, axis=0)
    for _ in range(2):
        agreement = changes @ (common / (np.linalg.norm(common) + 1e-6))
        enough = max(AGREEMENT_MIN, float(np.percentile(agreement, 75)) - AGREEMENT_SPREAD)
        enough = min(enough, float(np.sort(agreement)[-min(3, len(agreement))]))
        rows = agreement >= enough
        common = changes[rows].mean(axis=0)
    return np.asarray(rows, np.bool_)
