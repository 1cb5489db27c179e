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
KNOWN_LEAD_MIN = 1.15
"""Of 66 codes on photos that led by less than 1.2 none was right; they led by up to 1.106."""
WEAK_LEAD_MIN = 1.15
QUIET_MODULES_MIN = 6
"""A UPC-E has seven to nine; in any seven modules of a digit there are two bars."""
LOCAL_ERROR = 5.0
"""A digit explained so many times worse than the usual one is partly hidden: the check digit alone
says what it is, and with a second digit at the rim of the hidden part it says so wrongly. Of the
photos' own reads at most 4.9 (post hoc)."""
STRONG_LOCAL_ERROR = 3.0
HIDDEN_LEAD_MIN = 2.0
"""On photos with a strip of 2 to 6 % of the width covered, no wrong code led by more than 1.67."""

_NOWHERE: Corners = ((0, 0), (0, 0), (0, 0), (0, 0))


class Verdict(Enum):
    """What the likelihood says of a claim."""

    AGREED = "agreed"
    CONFIRMED = "confirmed"
    DOUBTFUL = "doubtful"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class Finding:
    """A read with what is known of its truth; `error`, `lead` and `locality` as in
    `Candidate`."""

    read: Read
    verdict: Verdict
    error: float = 1.0
    lead: float = 1.0
    locality: float = 1.0


def is_clear(candidate: Candidate) -> bool:
    """Whether a code explains the picture well and far better than any other legal code."""
    least = CLEAR_LEAD_MIN if candidate.layout is EAN13 else SHORT_LEAD_MIN
    if candidate.locality > LOCAL_ERROR:
        least = HIDDEN_LEAD_MIN
    return candidate.error < CLEAR_ERROR_MAX and candidate.lead >= least


def is_confirmed(candidate: Candidate, known: Container[str]) -> bool:
    """Whether the catalog confirms the likeliest code although its lead is small.

    Only the likeliest of all legal codes can be confirmed: if the true code is not in the catalog,
    some other code would have to be likelier than the true one *and* be in the catalog.
    """
    if candidate.layout is not EAN13 or candidate.error >= CLEAR_ERROR_MAX:
        return False
    if candidate.locality > LOCAL_ERROR:
        return False
    return candidate.lead >= KNOWN_LEAD_MIN and found(candidate, _NOWHERE).read.gtin in known


def is_strong(finding: Finding) -> bool:
    """Whether a verified read leads so clearly that nothing else need confirm it."""
    least = STRONG_LEAD_MIN if finding.locality <= STRONG_LOCAL_ERROR else HIDDEN_LEAD_MIN
    agreed = finding.verdict is Verdict.AGREED
    return agreed and finding.error < CLEAR_ERROR_MAX and finding.lead >= least


def judged(sight: Sight) -> Finding:
    """The read, or what the picture shows in its place."""
    layout = LAYOUTS.get(sight.read.format)
    line = _line(sight) if layout is not None else None
    if layout is None or line is None:
        return Finding(sight.read, Verdict.UNCHECKED)
    claimed = sight.read.text.zfill(13) if layout is EAN13 else sight.read.text
    if layout is UPCE and not _stands_alone(sight, line):
        return Finding(sight.read, Verdict.DOUBTFUL)
    error, best = verify(line, layout, claimed)
    if best.code == claimed and (best.lead >= WEAK_LEAD_MIN or best.error < CLEAR_ERROR_MAX):
        return Finding(sight.read, Verdict.AGREED, best.error, best.lead, best.locality)
    if best.code != claimed and is_clear(best):
        return found(best, sight.read.corners)
    return Finding(sight.read, Verdict.DOUBTFUL, error, 1.0)


def _stands_alone(sight: Sight, line: Profile) -> bool:
    """Whether there is white on either side of the symbol, and in the picture.

    Half an EAN-13 is a UPC-E but for the quiet zone: its bars go on after the middle guard.
    """
    height, width = sight.picture.shape
    ends = np.array([sight.corners[:2], sight.corners[:1:-1]], float).mean(axis=0)
    module = (line.end - line.start) / UPCE.modules
    beyond = (ends[1] - ends[0]) / UPCE.modules * QUIET_MODULES_MIN
    rim = np.array([ends[0] - beyond, ends[1] + beyond])
    if (rim < 0).any() or (rim > (width - 1, height - 1)).any():
        return False
    inside = line.brightness[round(line.start) : round(line.end)]
    dark, light = np.quantile(inside, (0.1, 0.9))
    first, last = round(line.start - module), round(line.end + module)
    reach = round((QUIET_MODULES_MIN - 1) * module)
    zones = (line.brightness[first - reach : first], line.brightness[last : last + reach])
    return all(float(zone.min()) > (dark + light) / 2 for zone in zones)


def found(candidate: Candidate, corners: Corners) -> Finding:
    """A decoded code as a read."""
    name, text, gtin = candidate.layout.name, candidate.code, candidate.code.zfill(14)
    if name == "EAN13" and text.startswith("0"):
        name, text = "UPCA", text[1:]
    if name == "UPCE":
        gtin = upca_of(text).zfill(14)
    read = Read(text, name, gtin, corners)
    verdict = Verdict.AGREED if is_clear(candidate) else Verdict.CONFIRMED
    return Finding(read, verdict, candidate.error, candidate.lead, candidate.locality)


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
