"""The store's wall clock, as far as this cart was told; what it rests on is said to the mind.

It must never touch the machine's own clock, and never jump for a message that nobody asked for.
"""

from __future__ import annotations

from cart.core.observations import StoreTime
from cart.shell.clock import Clock
from cart.shell.inbox import Inbox


class StoreClock:
    """Long ago, until the store has told the time."""

    def __init__(self, clock: Clock, inbox: Inbox) -> None:
        self._clock = clock
        self._inbox = inbox
        self._offset_ms = 0
        self._local_offset_ms = 0
        self.is_told = False

    def utc_ms(self) -> int:
        """What the store's clock shows now, in milliseconds UTC."""
        return self._clock() + self._offset_ms

    def told(self, utc_ms: int, asked_ms: int, local_offset_ms: int | None = None) -> None:
        """It showed this somewhere between the question, by our clock, and now; local time there is
        `local_offset_ms` ahead, None: as before."""
        if local_offset_ms is not None:
            self._local_offset_ms = local_offset_ms
        self.is_told = True
        now_ms = self._clock()
        uncertainty_ms = (now_ms - asked_ms + 1) // 2 + 1
        self._offset_ms = utc_ms - (now_ms + asked_ms) // 2
        told = (self._offset_ms, uncertainty_ms)
        self._inbox.put(StoreTime(0, *told, local_offset_ms=self._local_offset_ms))
