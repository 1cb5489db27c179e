"""Codes that no frame shows clearly but several together do (models/barcodes/joining.py).

Each look may leave its likeliest codes; their evidence adds up for as long as one thing is held
there. It must never add up two things: evidence goes when a moment shows nothing like a code, when
something is read, and when what changed has left the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from models.barcodes.confidence import COUNTS, millinats
from models.barcodes.joining import CANDIDATE_ERROR_MAX, Joiner
from models.barcodes.likelihood import Candidate
from models.barcodes.verification import found, is_clear
from models.symbols import Corners, Read

STAGE = "joined"
SEEN_AGAIN_MS = 300
"""So long nothing need look like a code before the next that does may be another thing's."""
NOWHERE: Corners = ((0, 0), (0, 0), (0, 0), (0, 0))


class JointReader:
    """Reads one code from the looks of successive frames at one region."""

    def __init__(self) -> None:
        self._joiner = Joiner()
        self._seen_ms: int | None = None
        self._known: frozenset[str] = frozenset()

    def know(self, gtins: Iterable[str]) -> None:
        """The catalog's codes: one of them needs no second frame that agrees."""
        self._known = frozenset(gtins)

    def forget(self) -> None:
        """What comes next is another thing."""
        if self._seen_ms is not None:
            self._joiner, self._seen_ms = Joiner(), None

    def read(self, candidates: Sequence[Candidate], sensed_ms: int) -> list[Read]:
        """The code that the frames agree on with this one's `candidates`; mostly none."""
        if self._seen_ms is not None and sensed_ms - self._seen_ms > SEEN_AGAIN_MS:
            self.forget()
        if any(one.error < CANDIDATE_ERROR_MAX for one in candidates):
            self._seen_ms = sensed_ms
        best = self._joiner.add(candidates, sensed_ms)
        if best is None or not is_clear(best):
            return []
        read = found(best, NOWHERE).read
        score = millinats(*COUNTS["decoded"])  # by the same rule; joined reads were not counted yet
        return [replace(read, millinats=score, stage=STAGE, proven=read.gtin in self._known)]
