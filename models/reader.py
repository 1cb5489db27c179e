"""Barcodes in a frame: a cascade of decoders, each of whose reads has to hold against the picture.

A read is evidence, never proof: valid check digits occur in misreads. The reader keeps no state, so
one may serve every frame of a camera; it must never look at a file name or remember a frame.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

from models.barcodes.cascade import STAGES, Frame
from models.barcodes.confidence import weighed
from models.barcodes.verification import Finding, Verdict
from models.symbols import Read

Luma = NDArray[np.uint8]

RETAIL = frozenset({"EAN13", "UPCA", "EAN8", "UPCE"})


class Reader:
    """Reads every retail code in view."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s

    def read(self, luma: Luma, budget_ms: float | None = None) -> list[Read]:
        """The codes in an HxW uint8 frame, the likeliest first; empty when nothing is read.

        A stage whose typical cost no longer fits into the budget is left out; the first never is.
        """
        if luma.ndim != 2 or luma.dtype != np.uint8 or 0 in luma.shape:
            raise ValueError(f"luma is HxW uint8, not {luma.dtype} {luma.shape}")
        began_s, frame = self._clock_s(), Frame(luma)
        findings: list[tuple[str, Finding]] = []
        for stage in STAGES:
            spent_ms = (self._clock_s() - began_s) * 1000
            fits = budget_ms is None or stage.cost_ms == 0 or spent_ms + stage.cost_ms <= budget_ms
            if fits and stage.applies(frame):
                findings += [(stage.name, one) for one in stage.findings(frame)]
                if _is_settled(findings):
                    break
        return _reads(findings)


def _is_settled(findings: list[tuple[str, Finding]]) -> bool:
    """Whether some read needs no further stage: a UPC-E needs two, having the least redundancy."""
    stages: dict[str, set[str]] = {}
    for stage, one in findings:
        if one.verdict is Verdict.AGREED or (
            one.verdict is Verdict.UNCHECKED and one.read.format not in RETAIL
        ):
            if one.read.format != "UPCE":
                return True
            stages.setdefault(one.read.text, set()).add(stage)
    return any(len(agreeing) > 1 for agreeing in stages.values())


def _reads(findings: list[tuple[str, Finding]]) -> list[Read]:
    """One read a code, the likeliest first."""
    reads = weighed(findings)
    retail = any(read.format in RETAIL - {"UPCE"} for read in reads)
    # A UPC-E beside a longer code is a piece of it, or its add-on, misread.
    kept = [read for read in reads if not (retail and read.format == "UPCE")]
    return sorted(kept, key=_rank)


def _rank(read: Read) -> tuple[int, float]:
    xs_ys = np.fromiter(chain.from_iterable(read.corners), np.float32).reshape(-1, 1, 2)
    return -read.millinats, -float(cv2.contourArea(xs_ys))
