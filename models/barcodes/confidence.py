"""How likely a read is true, in integer millinats."""

from __future__ import annotations

from dataclasses import replace

from models.barcodes.verification import Finding, Verdict
from models.symbols import Read


def weighed(findings: list[tuple[str, Finding]]) -> list[Read]:
    """One read a code with its confidence; doubtful ones only where nothing better is known."""
    best: dict[tuple[str, str], Read] = {}
    settled = any(one.verdict is not Verdict.DOUBTFUL for _, one in findings)
    for stage, one in findings:
        if one.verdict is Verdict.DOUBTFUL and settled:
            continue
        millinats = {Verdict.AGREED: -5, Verdict.UNCHECKED: -10, Verdict.DOUBTFUL: -200}[
            one.verdict
        ]
        read = replace(one.read, millinats=millinats, stage=stage)
        key = (read.format, read.text)
        if key not in best or best[key].millinats < read.millinats:
            best[key] = read
    return list(best.values())
