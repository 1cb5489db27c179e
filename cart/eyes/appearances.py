"""Which codes are new in view: a code is said once an appearance, not once a frame.

A code of the catalog is said at its first frame; any other needs a second frame that agrees, since
a single misread is no evidence. Pure: time comes in with each frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from models.symbols import Read

GONE_MS = 900
"""Out of view for this long, a code that comes back is a new appearance (the same good again)."""
FRAMES_IF_UNKNOWN = 2


@dataclass(slots=True)
class _Appearance:
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

    def update(self, reads: Iterable[Read], sensed_ms: int) -> list[tuple[Read, int]]:
        """The reads to say now, each with the number of frames that agreed."""
        self._forget(sensed_ms)
        return [said for read in reads if (said := self._seen_again(read, sensed_ms)) is not None]

    def _seen_again(self, read: Read, sensed_ms: int) -> tuple[Read, int] | None:
        appearance = self._seen.setdefault((read.format, read.text), _Appearance(sensed_ms))
        appearance.last_ms = sensed_ms
        appearance.frames += 1
        needed = 1 if read.gtin in self._known else FRAMES_IF_UNKNOWN
        if appearance.said or appearance.frames < needed:
            return None
        appearance.said = True
        return read, appearance.frames

    def _forget(self, now_ms: int) -> None:
        self._seen = {
            key: seen for key, seen in self._seen.items() if now_ms - seen.last_ms <= GONE_MS
        }
