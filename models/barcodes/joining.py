"""Joining what several frames say of one code: their log likelihoods are added.

Where no single frame leads clearly, the frames' misleading details differ and the true code does
not: chains of candidates add (programme.py), each weighed by its own error, and the sum is decoded
anew. Pure: time comes in with each frame. It must never join codes that are seconds apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.barcodes.layouts import EAN13
from models.barcodes.likelihood import Candidate
from models.barcodes.programme import best_two, total

JOINED_MS = 900
"""Frames further apart may show another good."""
CANDIDATES_MAX = 8
CANDIDATE_ERROR_MAX = 0.12
"""What explains its own frame worse is no symbol and tells nothing."""


class Joiner:
    """Remembers the unclear candidates of the last moments."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, Candidate]] = []

    def add(self, candidates: Iterable[Candidate], sensed_ms: int) -> Candidate | None:
        """The likeliest code of these frames together; None where only one frame says anything.

        Of each frame only the candidate of least error counts: others are other placements of the
        same bars. An EAN-8 is clear in one frame or none.
        """
        of_one_layout = (one for one in candidates if one.layout is EAN13)
        fitting = [one for one in of_one_layout if one.error < CANDIDATE_ERROR_MAX]
        self._kept = [kept for kept in self._kept if sensed_ms - kept[0] <= JOINED_MS]
        if fitting:
            self._kept.append((sensed_ms, min(fitting, key=lambda one: one.error)))
            self._kept = self._kept[-CANDIDATES_MAX:]
        if not fitting or len(self._kept) < 2:
            return None
        return joined([one for _, one in self._kept])


def joined(candidates: list[Candidate]) -> Candidate:
    """The likeliest code of several looks at the same symbol; errors are the weighted mean's.

    A Gaussian residual of variance proportional to the error gives the weight 1 / error.
    """
    weights = [1 / max(one.error, 1e-3) for one in candidates]
    scale = 1 / sum(weights)
    chains = [
        one.chain.scaled(weight * scale) for one, weight in zip(candidates, weights, strict=True)
    ]
    evidence = total(chains)
    choice, next_error = best_two(evidence)
    last = candidates[-1]
    return Candidate(last.layout, choice.code, choice.error, next_error, last.pose, evidence)
