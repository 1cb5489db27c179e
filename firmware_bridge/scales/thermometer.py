"""The thermometer at the load cells, as far as it is to be believed: a broken one moves no load.

It must never hide that it doubts: a scale that corrects for warmth and doubts its thermometer is
not legal for trade.
"""

from __future__ import annotations

RANGE_CENTI_C = range(-4_000, 8_501)  # what load cells are built for
JUMP_CENTI_C = 300  # metal takes minutes for so much
JUMP_REPORTS = 3  # in a row before a jump is taken for more than a loose wire
OLD_MS = 10_000  # reports come once a second
ANCHOR_MS = 600_000  # metal is about as warm as it was so long ago
NONE_WORDS = "the thermometer says nothing that can be: check it and its cable"
JUMP_WORDS = "the thermometer jumped: check it, then restart the cart"


class Thermometer:
    """Take each report; `centi_c` is the last one believed. `needed`: the calibration uses it."""

    def __init__(self, *, needed: bool) -> None:
        self.centi_c: int | None = None
        self._needed = needed
        self._anchor_ms: int | None = None  # when a report was believed last
        self._jumped = False  # for good: whoever mends it starts this program anew
        self._jumps: list[int] = []
        self._believed_ms = 0

    def restart(self, now_ms: int) -> None:
        """The chip is connected anew: after a short gap its metal is as warm as before.

        A jump that was confirmed stays one: no loose plug makes a broken thermometer legal.
        """
        if self._anchor_ms is not None and now_ms - self._anchor_ms > ANCHOR_MS:
            self._anchor_ms = None
        self._jumps = []
        self._believed_ms = now_ms

    def said(self, centi_c: int, now_ms: int) -> None:
        """Take a report; what lies outside the range was not measured."""
        if centi_c not in RANGE_CENTI_C:
            self._jumps = []
            return
        before = self.centi_c if self._anchor_ms is not None else None
        if before is not None and abs(centi_c - before) > JUMP_CENTI_C:
            if not self._confirmed(centi_c):
                return
            self._jumped = True
        self._jumps = []
        self.centi_c, self._believed_ms, self._anchor_ms = centi_c, now_ms, now_ms

    def doubt(self, now_ms: int) -> str:
        """Why no load should be sold by; empty when all is well."""
        if not self._needed:
            return ""
        if now_ms - self._believed_ms > OLD_MS:
            return NONE_WORDS
        return JUMP_WORDS if self._jumped else ""

    def _confirmed(self, centi_c: int) -> bool:
        agree = all(abs(one - centi_c) <= JUMP_CENTI_C for one in self._jumps)
        self._jumps = [*self._jumps, centi_c] if agree else [centi_c]
        return len(self._jumps) >= JUMP_REPORTS
