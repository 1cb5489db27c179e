"""Lets the mind know, ten times a second, that time passes. It must never know what for."""

from __future__ import annotations

import threading

from cart.core.observations import Tick
from cart.shell.guard import Beat
from cart.shell.inbox import Inbox

PERIOD_S = 0.1


class Ticker:
    """Puts a `Tick` into the inbox every `PERIOD_S`."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._stopping = threading.Event()

    def serve(self, beat: Beat) -> None:
        """Tick until `stop`."""
        while not self._stopping.wait(PERIOD_S):
            self._inbox.put(Tick(t_ms=0))
            beat()

    def stop(self) -> None:
        """End `serve`."""
        self._stopping.set()
