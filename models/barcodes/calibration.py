"""The one threshold that decides a likelihood read, chosen by cross-validation over folders.

A candidate is accepted when its lead over the next best code exceeds a threshold. Photos of one
folder show the same goods under the same lamp, so folders are left out whole: the threshold is
chosen on all others and then judged on the one left out. It must never choose and judge on the
same photos without saying "post hoc".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from models.barcodes.layouts import EAN13
from models.barcodes.likelihood import Candidate
from models.barcodes.verification import CLEAR_ERROR_MAX, CLEAR_LEAD_MIN


@dataclass(frozen=True)
class Trial:
    """The likeliest code of one photo that no other stage had read."""

    folder: str
    lead: float
    right: bool


def trial(folder: str, candidates: Iterable[Candidate], code: str | None) -> Trial | None:
    """What the likelihood says of a photo that shows `code`, thirteen digits (None: no code)."""
    fitting = [one for one in candidates if one.layout is EAN13 and one.error < CLEAR_ERROR_MAX]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: one.lead)
    return Trial(folder, best.lead, best.code == code)


def threshold(trials: Iterable[Trial]) -> float:
    """Half way, on a logarithmic scale, between the largest wrong lead and the smallest right
    lead above it."""
    wrong = max((one.lead for one in trials if not one.right), default=1.0)
    right = min((one.lead for one in trials if one.right and one.lead > wrong), default=wrong)
    return math.sqrt(wrong * right)


def cross_validated(trials: list[Trial]) -> dict[str, float | int]:
    """Right and wrong reads when each folder is judged by the threshold of the others."""
    folders = sorted({one.folder for one in trials})
    chosen = {
        folder: threshold([one for one in trials if one.folder != folder]) for folder in folders
    }
    accepted = [one for one in trials if one.lead >= chosen[one.folder]]
    shipped = [one for one in trials if one.lead >= CLEAR_LEAD_MIN]
    return {
        "trials": len(trials),
        "threshold_min": round(min(chosen.values(), default=math.nan), 3),
        "threshold_max": round(max(chosen.values(), default=math.nan), 3),
        "right_held_out": sum(one.right for one in accepted),
        "wrong_held_out": sum(not one.right for one in accepted),
        "right_post_hoc": sum(one.right for one in shipped),
        "wrong_post_hoc": sum(not one.right for one in shipped),
    }
