"""How likely a read is true, in integer millinats, and when it is beyond reasonable doubt.

The table is counted on photos (post hoc: zxing's suite in ../shared/data/barcodes): of all reads
made in a given way, how many were right. A way that was never wrong in n reads is believed right
in (n + 1) of (n + 2), Laplace's rule of succession. It must never turn a doubt into a proof.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import replace

from models.barcodes.verification import Finding, Verdict, is_strong
from models.symbols import Read

# By way of reading: right reads and all reads on zxing's photos in ../shared/data/barcodes and on
# copies of them: 500 with a flat strip over 2 to 6 % of the symbol's width, 510 with half of it
# hidden or outside.
COUNTS = {
    "agreed": (214, 214),
    "agreed weakly": (12, 12),
    "decoded": (56, 56),
    "decoded weakly": (10, 13),
    "short": (23, 30),
    "unchecked": (236, 236),
    "doubtful": (10, 13),
    "confirmed": (0, 0),
}
PROVABLE = frozenset({"EAN13", "UPCA", "EAN8"})
"""Formats that verification alone may prove. Never UPC-E: half a longer code is one, and however
many stages read the same pixels, they are no second witness."""
WEAK = frozenset({Verdict.DOUBTFUL, Verdict.CONFIRMED})
"""What is said only where nothing better is read, and is never proof."""


def way_of(stage: str, finding: Finding) -> str:
    """The row of COUNTS that a finding belongs to."""
    if finding.verdict is not Verdict.AGREED:
        return str(finding.verdict.value)
    if finding.read.format == "UPCE":
        return "short"
    way = "decoded" if stage == "likelihood" else "agreed"
    return way if is_strong(finding) else f"{way} weakly"


def millinats(right: int, total: int) -> int:
    """1000 times the logarithm of the probability that the next read of its way is right."""
    return round(1000 * math.log((right + 1) / (total + 2)))


def weighed(findings: Sequence[tuple[str, Finding]], known: Container[str]) -> list[Read]:
    """One read a code with its confidence; doubtful ones only where nothing better is read.

    `known` holds the catalog's GTINs: a read of one is proven unless it is doubtful.
    """
    best: dict[tuple[str, str], Read] = {}
    settled = any(one.verdict not in WEAK for _, one in findings)
    doubted = {one.read.text for _, one in findings if one.verdict is Verdict.DOUBTFUL}
    for stage, one in findings:
        if one.verdict in WEAK and settled:
            continue
        sure = one.read.format != "UPCE" or one.read.text not in doubted
        proven = (
            one.verdict not in WEAK
            and sure
            and (one.read.gtin in known or (is_strong(one) and one.read.format in PROVABLE))
        )
        score = millinats(*COUNTS[way_of(stage, one)])
        read = replace(one.read, millinats=score, stage=stage, proven=proven)
        key = (read.format, read.text)
        if key not in best or (best[key].proven, best[key].millinats) < (proven, score):
            best[key] = read
    return list(best.values())
