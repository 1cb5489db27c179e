"""Is it true what a decoder read? The likelihood of the claimed digits along its own line.

A check digit is no proof: misreads pass it. Here the claimed bars are laid over the brightness
along the line on which they were found; if other digits explain it better, the claim is false, and
if those explain it well and lead clearly, they are the read. It must never accept digits that the
picture does not show.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

from models.barcodes.engine import Sight
from models.barcodes.layouts import EAN8, EAN13, UPCE, Layout, upca_of
from models.barcodes.likelihood import Candidate, verify
from models.barcodes.search import Profile
from models.symbols import Corners, Read

LAYOUTS: dict[str, Layout] = {"EAN13": EAN13, "UPCA": EAN13, "EAN8": EAN8, "UPCE": UPCE}
"""The formats whose bars are modelled here."""

LINE_SAMPLES = 420
MARGIN = 0.14
LINE_PIXELS_MIN = 40.0
HALF_ROWS = 3

CLEAR_ERROR_MAX = 0.15
CLEAR_LEAD_MIN = 1.2
SHORT_LEAD_MIN = 2.0
"""A short code explains anything more easily: of the EAN-8 decoded where none is, one led by
1.32; the true ones lead by 5.9 and more."""
STRONG_LEAD_MIN = 1.4
KNOWN_LEAD_MIN = 1.03
WEAK_LEAD_MIN = 1.15


_NOWHERE: Corners = ((0, 0), (0, 0), (0, 0), (0, 0))


class Verdict(Enum):
    """What the likelihood says of a claim."""

    AGREED = "agreed"
    DOUBTFUL = "doubtful"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Finding:
    """A read with what is known of its truth; `error` and `lead` as in `Candidate`."""

    read: Read
    verdict: Verdict
    error: float = 1.0
    lead: float = 1.0


def is_clear(candidate: Candidate) -> bool:
    """Whether a code explains the picture well and far better than any other legal code."""
    least = CLEAR_LEAD_MIN if candidate.layout is EAN13 else SHORT_LEAD_MIN
    return candidate.error < CLEAR_ERROR_MAX and candidate.lead >= least


def is_confirmed(candidate: Candidate, known: Container[str]) -> bool:
    """Whether the catalog confirms the likeliest code although its lead is small.

    Only the likeliest of all legal codes can be confirmed: if the true code is not in the catalog,
    some other code would have to be likelier than the true one *and* be in the catalog.
    """
    if candidate.layout is not EAN13 or candidate.error >= CLEAR_ERROR_MAX:
        return False
    return candidate.lead >= KNOWN_LEAD_MIN and found(candidate, _NOWHERE).read.gtin in known


def is_strong(finding: Finding) -> bool:
    """Whether a verified read leads so clearly that nothing else need confirm it."""
    agreed = finding.verdict is Verdict.AGREED
    return agreed and finding.error < CLEAR_ERROR_MAX and finding.lead >= STRONG_LEAD_MIN


def judged(sight: Sight) -> Finding:
    """The read, or what the picture shows in its place."""
    layout = LAYOUTS.get(sight.read.format)
    line = _line(sight) if layout is not None else None
    if layout is None or line is None:
        return Finding(sight.read, Verdict.UNCHECKED)
    claimed = sight.read.text.zfill(13) if layout is EAN13 else sight.read.text
    error, best = verify(line, layout, claimed)
    if best.code == claimed and (best.lead >= WEAK_LEAD_MIN or best.error < CLEAR_ERROR_MAX):
        return Finding(sight.read, Verdict.AGREED, best.error, best.lead)
    if best.code != claimed and is_clear(best):
        return found(best, sight.read.corners)
    return Finding(sight.read, Verdict.DOUBTFUL, error, 1.0)


def found(candidate: Candidate, corners: Corners) -> Finding:
    """A decoded code as a read."""
    name, text, gtin = candidate.layout.name, candidate.code, candidate.code.zfill(14)
    if name == "EAN13" and text.startswith("0"):
        name, text = "UPCA", text[1:]
    if name == "UPCE":
        gtin = upca_of(text).zfill(14)
    read = Read(text, name, gtin, corners)
    return Finding(read, Verdict.AGREED, candidate.error, candidate.lead)


def _line(sight: Sight) -> Profile | None:
    """The brightness along the middle of a symbol, some paper on either side included."""
    top_left, top_right, bottom_right, bottom_left = np.array(sight.corners, float)
    begin, end = (top_left + bottom_left) / 2, (top_right + bottom_right) / 2
    length = math.dist(begin, end)
    if length < LINE_PIXELS_MIN:
        return None
    along = (end - begin) / length
    share = np.linspace(-MARGIN, 1 + MARGIN, round(LINE_SAMPLES * (1 + 2 * MARGIN)))
    rows = np.arange(-HALF_ROWS, HALF_ROWS + 1)[:, None]
    x = (begin[0] + share * (end[0] - begin[0]) - rows * along[1]).astype(np.float32)
    y = (begin[1] + share * (end[1] - begin[1]) + rows * along[0]).astype(np.float32)
    pixels = cv2.remap(sight.picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    brightness: NDArray[np.float64] = np.asarray(pixels, np.float64).mean(axis=0)
    return Profile(brightness, MARGIN * LINE_SAMPLES, (1 + MARGIN) * LINE_SAMPLES)
