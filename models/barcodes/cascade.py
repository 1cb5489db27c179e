"""The stages of reading a frame, cheapest first, each with its cost and its condition.

A stage gives findings; the first that is settled ends the cascade, so clear codes cost one call of
zxing-cpp and one verification, and only what nobody reads gets the likelihood decoder. It must
never keep anything from one frame to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat as Kind

from models.barcodes.engine import Sight, seen
from models.barcodes.layouts import EAN13
from models.barcodes.likelihood import Candidate, candidates
from models.barcodes.rectify import Patch, patch
from models.barcodes.regions import regions
from models.barcodes.search import Profile, turns
from models.barcodes.verification import Finding, found, is_clear, is_confirmed, judged
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

MATRIX = zxingcpp.BarcodeFormats([Kind.QRCode, Kind.DataMatrix])
LINEAR = zxingcpp.BarcodeFormats([Kind.EAN13, Kind.EAN8, Kind.UPCA, Kind.UPCE, Kind.Code128])
"""What is believed of a straightened region: verified formats, and one with a check of its own."""


class Frame:
    """A frame and what several stages need of it, made once.

    `known` holds the GTINs of the catalog; `decoded` collects what the likelihood said.
    """

    def __init__(self, luma: Luma, known: Container[str] = ()) -> None:
        self.luma = luma
        self.known = known
        self.decoded: list[Candidate] = []

    @cached_property
    def patches(self) -> list[Patch]:
        """The regions that look like bars, upright, best first."""
        turned = (patch(self.luma, region) for region in regions(self.luma, REGIONS_MAX))
        return [one for one in turned if turns(one.line()) >= STRIPES_MIN]

    @cached_property
    def symbols(self) -> list[Patch]:
        """Those patches that may be a retail symbol: worth more than a glance."""
        return [one for one in self.patches if _may_be_symbol(one)]


def _may_be_symbol(one: Patch) -> bool:
    return one.rows.mean() >= AGREEING_MIN and TURNS_MIN <= turns(one.line()) <= TURNS_MAX


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


def _enlarged(frame: Frame) -> Iterator[Finding]:
    size = (frame.luma.shape[1] * ENLARGEMENT, frame.luma.shape[0] * ENLARGEMENT)
    large = np.asarray(cv2.resize(frame.luma, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    for sight in seen(large, MATRIX, _shrunk, turned=False):
        yield judged(sight)


def _shrunk(x: float, y: float) -> tuple[int, int]:
    return round(x / ENLARGEMENT), round(y / ENLARGEMENT)


def _straightened(frame: Frame) -> Iterator[Finding]:
    for one in frame.patches:
        yield from map(judged, _sharpened(one, 1))


def _stretched(frame: Frame) -> Iterator[Finding]:
    for one in frame.patches:
        yield from map(judged, _sharpened(one, 2))


def _sharpened(one: Patch, stretch: int) -> list[Sight]:
    """zxing-cpp on a patch whose blur is partly undone, stretched along the bars' direction."""
    size = (one.pixels.shape[1] * stretch, one.pixels.shape[0])
    wide = cv2.resize(one.pixels, size, interpolation=cv2.INTER_CUBIC)
    blurred = cv2.GaussianBlur(wide, (0, 0), 3 * stretch)
    sharp = np.asarray(cv2.addWeighted(wide, 1.5 + stretch, blurred, -0.5 - stretch, 0), np.uint8)
    return seen(sharp, LINEAR, lambda x, y: one.in_frame(x / stretch, y), turned=False)


def _likeliest(frame: Frame) -> Iterator[Finding]:
    plausible = 0
    for one in frame.symbols:
        tried = False
        for candidate in candidates(Profile(one.line(), one.start, one.end), EAN13):
            tried = True
            frame.decoded.append(candidate)
            if is_clear(candidate) or is_confirmed(candidate, frame.known):
                yield found(candidate, _corners(one, candidate))
                return
        plausible += tried
        if plausible == LIKELIEST_MAX:
            return


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
    Stage("enlarged", 10, lambda frame: frame.luma.size <= ENLARGED_PIXELS_MAX, _enlarged),
    Stage("straightened", 15, lambda _: True, _straightened),
    Stage("stretched", 5, lambda frame: bool(frame.patches), _stretched),
    Stage("likelihood", 80, lambda frame: bool(frame.symbols), _likeliest),
)
"""In the order in which they are tried."""
