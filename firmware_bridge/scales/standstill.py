"""Whether a converter still converts: the noise of a real one never stands still.

A line that hangs gives well-formed conversions for ever, all the same. It must never judge what a
conversion weighs.
"""

from __future__ import annotations

from collections.abc import Sequence

REPEATS_MAX = 80  # rows in a row: a second
HANGING_WORDS = "the converter repeats one value: check its supply and the cable to it"


class Standstill:
    """Push each row. `live`: it may be believed. `hanging`: it has repeated for a second.

    At the start, and after it hung, a row is believed once another one has come before it.
    """

    def __init__(self) -> None:
        self.live = False
        self._newest: Sequence[int] | None = None
        self._repeats = 0

    @property
    def hanging(self) -> bool:
        """The same row for so long that no converter is behind it."""
        return self._repeats >= REPEATS_MAX

    def push(self, row: Sequence[int]) -> None:
        """Take one conversion of each converter."""
        first, repeated = self._newest is None, row == self._newest
        self._newest = row
        self._repeats = self._repeats + 1 if repeated else 0
        if self.hanging:
            self.live = False
        elif not first and not repeated:
            self.live = True
