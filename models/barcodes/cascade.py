"""The stages of reading a frame, cheapest first, each with its cost and its condition.

A stage gives findings. Once one is settled, what follows looks only at regions beside it, so a
clear code costs one call of zxing-cpp, one verification and the regions, and only what nobody reads
gets the likelihood decoder. It must never keep anything from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat as Kind

from models.barcodes.engine import Sight, seen
from models.barcodes.layouts import EAN8, EAN13, Layout
from models.barcodes.likelihood import Candidate, candidates
from models.barcodes.rectify import Patch, patch
from models.barcodes.regions import SMALL_PIXELS_MAX, Region, covers, regions
from models.barcodes.search import Profile, turns
from models.barcodes.verification import (
    CLEAR_ERROR_MAX,
    Finding,
    found,
    is_clear,
    is_confirmed,
    judged,
)
from models.symbols import FORMATS, Corners

Luma = NDArray[np.uint8]

ENLARGEMENT = 2
ENLARGED_PIXELS_MAX = 500_000
"""A larger frame keeps its size: its bars are wide enough, and the time grows with the area."""
REGIONS_MAX = 4
LIKELIEST_MAX = 2
"""How many regions get the costliest stage to its end; hopeless ones are dropped early."""
STRIPES_MIN = 8
TURNS_MIN, TURNS_MAX = 15, 100
"""Changes between bar and space in a profile: a heavily blurred EAN-13 shows 18, a sharp one with
its add-on 95, a wall or a rim fewer than eight."""
AGREEING_MIN = 0.3
"""The share of a region's rows that must look alike."""
SHORT_AGREEING_MIN, SHORT_TURNS_MAX = 0.6, 50
"""Of an EAN-8, which explains anything more easily: sharp it shows 43 changes."""
HALF_ROWS_MIN = 4
HEIGHT_SHARE_MAX = 1.2
"""Of a symbol's length: by GS1 0.73 for EAN-13 and 0.82 for EAN-8, with room for a slanted view."""

MATRIX = zxingcpp.BarcodeFormats([Kind.QRCode, Kind.DataMatrix])
LINEAR = zxingcpp.BarcodeFormats([Kind.EAN13, Kind.EAN8, Kind.UPCA, Kind.UPCE, Kind.Code128])
"""What is believed of a straightened region: verified formats, and one with a check of its own."""


class Frame:
    """A frame and what several stages need of it, made once.

    `known` holds the GTINs of the catalog; `settled` is where codes are read beyond need of more;
    `decoded` collects what the likelihood said.
    """

    def __init__(self, luma: Luma, known: Container[str] = ()) -> None:
        self.luma = luma
        self.known = known
        self.settled: list[Corners] = []
        self.decoded: list[Candidate] = []
        self._found: dict[tuple[Corners, ...], list[Region]] = {}
        self._patches: dict[Region, Patch | None] = {}

    def patches(self) -> Iterator[Patch]:
        """The regions that look like bars, upright, best first; none that holds a settled read,
        even if it was settled since the one before."""
        for region in self._regions():
            if not any(covers(region, corners) for corners in self.settled):
                one = self._patch(region)
                if one is not None:
                    yield one

    def symbols(self) -> Iterator[Patch]:
        """Those patches that may be a retail symbol: worth more than a glance."""
        return filter(_may_be_symbol, self.patches())

    def _regions(self) -> list[Region]:
        beside = tuple(self.settled)
        if beside not in self._found:
            most = REGIONS_MAX + 2 * (self.luma.size < SMALL_PIXELS_MAX)
            self._found[beside] = regions(self.luma, most, beside)
        return self._found[beside]

    def _patch(self, region: Region) -> Patch | None:
        if region not in self._patches:
            one = patch(self.luma, region)
            self._patches[region] = one if turns(one.line()) >= STRIPES_MIN else None
        return self._patches[region]


def _may_be_symbol(one: Patch) -> bool:
    flat = one.view.height <= HEIGHT_SHARE_MAX * one.view.length
    return flat and one.rows.mean() >= AGREEING_MIN and TURNS_MIN <= turns(one.line()) <= TURNS_MAX


def _layouts(one: Patch) -> tuple[Layout, ...]:
    """Those worth trying on a patch, likeliest first."""
    may_be_short = one.rows.mean() >= SHORT_AGREEING_MIN and turns(one.line()) <= SHORT_TURNS_MAX
    return (EAN13, EAN8) if may_be_short else (EAN13,)


@dataclass(frozen=True)
class Stage:
    """One way to read a frame; `cost_ms` is typical of one x86 core at 640x480."""

    name: str
    cost_ms: float
    applies: Callable[[Frame], bool]
    findings: Callable[[Frame], Iterator[Finding]]


def _plain(frame: Frame) -> Iterator[Finding]:
    for sight in seen(frame.luma, FORMATS, lambda x, y: (round(x), round(y)), turned=True):
        yield judged(sight)


def _is_small_and_unread(frame: Frame) -> bool:
    return frame.luma.size <= ENLARGED_PIXELS_MAX and not frame.settled


def _enlarged(frame: Frame) -> Iterator[Finding]:
    size = (frame.luma.shape[1] * ENLARGEMENT, frame.luma.shape[0] * ENLARGEMENT)
    large = np.asarray(cv2.resize(frame.luma, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    for sight in seen(large, MATRIX, _shrunk, turned=False):
        yield judged(sight)


def _shrunk(x: float, y: float) -> tuple[int, int]:
    return round(x / ENLARGEMENT), round(y / ENLARGEMENT)


def _straightened(frame: Frame) -> Iterator[Finding]:
    for one in frame.patches():
        yield from map(judged, _sharpened(one, 1, 1.5))


def _stretched(frame: Frame) -> Iterator[Finding]:
    for one in frame.symbols():
        yield from map(judged, [*_sharpened(one, 2, 2.5), *_sharpened(one, 1, 4.0)])


def _sharpened(one: Patch, stretch: int, amount: float) -> list[Sight]:
    """zxing-cpp on a patch whose blur is partly undone, stretched along the bars' direction."""
    size = (one.pixels.shape[1] * stretch, one.pixels.shape[0])
    wide = cv2.resize(one.pixels, size, interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(wide, (0, 0), 3 * stretch)
    sharp = np.asarray(cv2.addWeighted(wide, 1 + amount, blurred, -amount, 0), np.uint8)
    return seen(sharp, LINEAR, lambda x, y: one.in_frame(x / stretch, y), turned=False)


def _likeliest(frame: Frame) -> Iterator[Finding]:
    plausible = 0
    for one in frame.symbols():
        before = len(frame.decoded)
        for candidate in _decoded(one, halved=plausible == 0):
            frame.decoded.append(candidate)
            if is_clear(candidate) or is_confirmed(candidate, frame.known):
                yield found(candidate, _corners(one, candidate))
                break
        plausible += len(frame.decoded) > before
        if plausible == LIKELIEST_MAX:
            return


def _decoded(one: Patch, *, halved: bool) -> Iterator[Candidate]:
    """What the mean of all rows shows; where that fits some code well, also what either half of
    them shows, since bars that are not quite straight blur each other less there."""
    fitting = False
    for layout in _layouts(one):
        for candidate in candidates(Profile(one.line(), one.start, one.end), layout):
            fitting = fitting or candidate.error < CLEAR_ERROR_MAX
            yield candidate
    half = int(one.rows.sum()) // 2
    if halved and fitting and half >= HALF_ROWS_MIN:
        for rows in (slice(None, half), slice(half, None)):
            yield from candidates(Profile(one.line(rows), one.start, one.end), EAN13)


def _corners(one: Patch, candidate: Candidate) -> Corners:
    last_row = one.pixels.shape[0] - 1
    start, end = candidate.pose.start, candidate.pose.end
    return (
        one.in_frame(start, 0),
        one.in_frame(end, 0),
        one.in_frame(end, last_row),
        one.in_frame(start, last_row),
    )


STAGES = (
    Stage("plain", 0, lambda _: True, _plain),
    Stage("enlarged", 10, _is_small_and_unread, _enlarged),
    Stage("straightened", 15, lambda _: True, _straightened),
    Stage("stretched", 5, lambda _: True, _stretched),
    Stage("likelihood", 80, lambda _: True, _likeliest),
)
"""In the order in which they are tried."""
