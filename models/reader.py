"""Barcodes in a frame: a cascade of decoders, each of whose reads has to hold against the picture.

A read is evidence with a probability; it is called proven only where verification or the catalog
leave no reasonable doubt. The reader keeps no state but the catalog, so one may serve every frame
of a camera; it must never look at a file name or remember a frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from models.barcodes.cascade import STAGES, Frame
from models.barcodes.confidence import weighed
from models.barcodes.likelihood import Candidate
from models.barcodes.verification import LAYOUTS, Finding, Verdict
from models.pictures import SIDE_PIXELS_MAX
from models.symbols import Corners, Read

Luma = NDArray[np.uint8]
Findings = list[tuple[str, Finding]]
PIECE_ASIDE_MAX = 0.7
"""Bars are at most so high, in lengths of their symbol."""
_ORDER = [stage.name for stage in STAGES]


@dataclass(frozen=True)
class Look:
    """What one frame says: the codes that are read, and the likeliest codes of what was decoded by
    likelihood. Those that lead too little may, several frames joined (barcodes/joining.py)."""

    reads: list[Read]
    decoded: list[Candidate] = field(default_factory=list)


class Reader:
    """Reads every retail code in view."""

    def __init__(
        self, known: Iterable[str] = (), clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._known = frozenset(known)
        self._clock_s = clock_s

    def know(self, gtins: Iterable[str]) -> None:
        """The catalog's GTINs, 14 digits each: a prior that confirms a likeliest code, never
        chooses another."""
        self._known = frozenset(gtins)

    def read(self, luma: Luma, budget_ms: float | None = None) -> list[Read]:
        """The codes in an HxW uint8 frame, the likeliest first; empty when nothing is read."""
        return self.look(luma, budget_ms).reads

    def look(self, luma: Luma, budget_ms: float | None = None) -> Look:
        """Like `read`, with what the likelihood said beside it.

        A stage whose typical cost no longer fits into the budget is left out; the first never is.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or 0 in luma.shape:
            raise ValueError(f"luma is HxW uint8, not {luma.dtype} {luma.shape}")
        if max(luma.shape) > SIDE_PIXELS_MAX:
            raise ValueError(f"luma {luma.shape}: no side may exceed {SIDE_PIXELS_MAX} pixels")
        began_s, frame = self._clock_s(), Frame(luma, self._known)
        findings: Findings = []
        for stage in STAGES:
            spent_ms = (self._clock_s() - began_s) * 1000
            fits = budget_ms is None or stage.cost_ms == 0 or spent_ms + stage.cost_ms <= budget_ms
            if fits and stage.applies(frame):
                for one in stage.findings(frame):
                    findings.append((stage.name, one))
                    frame.settled = _settled(findings)
        return Look(_ranked(weighed(findings, self._known)), frame.decoded)


def _settled(findings: Findings) -> list[Corners]:
    """Where no further stage is needed: a UPC-E needs two, having the least redundancy."""
    stages: dict[str, set[str]] = {}
    places = []
    for stage, one in findings:
        sure = one.verdict is Verdict.AGREED
        if sure or (one.verdict is Verdict.UNCHECKED and one.read.format not in LAYOUTS):
            agreeing = stages.setdefault(one.read.text, set())
            agreeing.add(stage)
            if one.read.format != "UPCE" or len(agreeing) > 1:
                places.append(one.read.corners)
    return places


def _ranked(reads: list[Read]) -> list[Read]:
    """The likeliest first, of equals the one that took the fewest stages, then the largest."""
    longer = [read for read in reads if read.format in LAYOUTS and read.format != "UPCE"]
    pieces = [
        read
        for read in reads
        if read.format == "UPCE" and any(_is_piece(read, one) for one in longer)
    ]
    return sorted((read for read in reads if read not in pieces), key=_rank)


def _is_piece(short: Read, longer: Read) -> bool:
    """Whether a UPC-E lies on the bars of a longer code, which go on above and below where it was
    found: then it is its half, misread."""
    top_left, top_right, bottom_right, bottom_left = np.array(longer.corners, float)
    begin = (top_left + bottom_left) / 2
    along = (top_right + bottom_right) / 2 - begin
    middle = np.mean(short.corners, axis=0) - begin
    length = max(float(along @ along), 1.0)
    share = float(middle @ along) / length
    aside = abs(float(along[0] * middle[1] - along[1] * middle[0])) / length
    return -0.1 <= share <= 1.1 and aside < PIECE_ASIDE_MAX


def _rank(read: Read) -> tuple[int, int, float]:
    xs_ys = np.fromiter(chain.from_iterable(read.corners), np.float32).reshape(-1, 1, 2)
    return -read.millinats, _ORDER.index(read.stage), -float(cv2.contourArea(xs_ys))
