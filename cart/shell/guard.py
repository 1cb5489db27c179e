"""Every thread of the cart runs under this guard: named, with a heartbeat, and never dying alone.

An exception here is our own mistake. It ends the whole process, loudly; systemd starts it again
and the journal brings the basket back. This is the only place that catches every exception, and it
must never carry on after one.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import NoReturn

from cart.shell.clock import Clock

EXIT_STATUS = 70  # EX_SOFTWARE of sysexits.h
SILENCE_MAX_MS = 8_000  # with two looks a second apart, a hang is caught within 10 s

Beat = Callable[[], None]
log = logging.getLogger(__name__)


class Guard:
    """Starts threads and knows which of them have fallen silent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beats_ms: dict[str, int] = {}
        self._silence_max_ms: dict[str, int] = {}

    def start(
        self, name: str, work: Callable[[Beat], None], silence_max_ms: int = SILENCE_MAX_MS
    ) -> threading.Thread:
        """Run `work(beat)` in a thread of this name; `work` calls `beat` about once a second.

        `silence_max_ms` is longer only where a call may block by nature (looking up a name)."""
        assert name not in self._beats_ms, f"two threads named {name}"

        def beat() -> None:
            self._beats_ms[name] = self._clock()

        def whole_life() -> None:
            work(beat)
            del self._beats_ms[name]

        self._silence_max_ms[name] = silence_max_ms
        beat()
        thread = threading.Thread(target=guarded, args=(name, whole_life), name=name, daemon=True)
        thread.start()
        return thread

    def silent(self) -> list[str]:
        """Names of the threads that run but gave no heartbeat for too long."""
        now_ms = self._clock()
        beats = sorted(self._beats_ms.copy().items())
        return [name for name, beat_ms in beats if now_ms - beat_ms > self._silence_max_ms[name]]


def guarded(name: str, work: Callable[[], None]) -> None:
    """Run `work`, for a thread or a callback that isn't ours; an exception ends the process."""
    try:
        work()
    except Exception:
        log.critical(
            "thread=%s died; the process ends with status %d", name, EXIT_STATUS, exc_info=True
        )
        end_process()


def end_process() -> NoReturn:
    """End now, without clean-up: what is committed is safe and nothing else can be trusted."""
    logging.shutdown()
    os._exit(EXIT_STATUS)
