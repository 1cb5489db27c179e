"""Whether a converter still converts: the noise of a real one never stands still.

A line that hangs gives well-formed conversions for ever, all the same. It must never judge what a
conversion weighs.
"""

from __future__ import annotations

from collections.abc import Sequence

REPEATS_MAX = 80  # rows in a row: a second
HANGING_WORDS = "the converter repeats one value: check its supply and the cable to it"


class Standstill:
    """Push each row; only one that is news may be weighed.

    A row that repeats the one before, a hundredth of those of a real converter, brings none: so not
    even for a moment does a line that hangs look like a load at rest.
    """

    def __init__(self) -> None:
        self._newest: Sequence[int] | None = None
        self._repeats = 0

    @property
    def hanging(self) -> bool:
        """The same row for so long that no converter is behind it."""
        return self._repeats >= REPEATS_MAX

    def push(self, row: Sequence[int]) -> bool:
        """Take one conversion of each converter; whether it is news. The first one is none."""
        repeated, first = row == self._newest, self._newest is None
        self._repeats = self._repeats + 1 if repeated else 0
        self._newest = row
        return not repeated and not first
