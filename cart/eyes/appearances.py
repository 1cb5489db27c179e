"""Which codes are new in view: a code is said once an appearance, not once a frame.

A proven code of the catalog is said at its first frame. Any other needs a second frame that agrees;
without one it is said when it has gone, as evidence, and only if the catalog has it: a misread of
nothing in the store is no evidence of anything. Pure: time comes in with each frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.symbols import Read

GONE_MS = 900
"""Out of view for this long, a code that comes back is a new appearance (the same good again)."""
FRAMES_THAT_PROVE = 2
WEAK_FORMATS = frozenset({"UPCE", "DATABAR", "DATABAR_EXP"})
"""Read into pieces of other codes too easily for one frame to prove them, catalog or not."""
NEVER_PROVEN = frozenset({"ITF"})
"""Interleaved 2 of 5 of 6 to 12 digits begins and ends anywhere inside a longer code."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A read to say now, the number of frames that agreed, and whether it is beyond doubt."""

    read: Read
    frames: int
    sensed_ms: int
    proven: bool


@dataclass(slots=True)
class _Appearance:
    read: Read
    last_ms: int
    frames: int = 0
    said: bool = False


class Appearances:
    """Remembers what is in view."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Appearance] = {}
        self._known: frozenset[str] = frozenset()

    def know(self, gtins: Iterable[str]) -> None:
        """The catalog's codes: a prior that may hold a read back, never invent one."""
        self._known = frozenset(gtins)

    def update(self, reads: Iterable[Read], sensed_ms: int) -> list[Shown]:
        """What to say now: what has gone unproven, then what is proven by these reads."""
        said = self._gone(sensed_ms)
        in_frame = {(read.format, read.text): read for read in reads}  # two views are one frame
        for key, read in in_frame.items():
            appearance = self._seen.setdefault(key, _Appearance(read, sensed_ms))
            appearance.last_ms = sensed_ms
            appearance.frames += 1
            if not appearance.said and self._is_enough(read, appearance.frames):
                appearance.said = True
                proven = read.format not in NEVER_PROVEN
                said.append(Shown(read, appearance.frames, sensed_ms, proven))
        return said

    def _is_enough(self, read: Read, frames: int) -> bool:
        sure = read.proven and read.gtin in self._known and read.format not in WEAK_FORMATS
        return sure or frames >= FRAMES_THAT_PROVE

    def _gone(self, now_ms: int) -> list[Shown]:
        gone = [key for key, seen in self._seen.items() if now_ms - seen.last_ms > GONE_MS]
        ended = [self._seen.pop(key) for key in gone]
        return [
            Shown(one.read, one.frames, one.last_ms, proven=False)
            for one in ended
            if not one.said and one.read.gtin in self._known
        ]
