"""How tests wait: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from cart.shell.clock import monotonic_ms
from cart.shell.guard import Beat, Guard

DEADLINE_S = 20.0  # two cores are shared with brokers and screens
PAUSE_S = 0.002

Answer = TypeVar("Answer")


def until(question: Callable[[], Answer | None], what: str, within_s: float = DEADLINE_S) -> Answer:
    """Ask again and again until the answer is true, and return it; fail after the deadline."""
    end_s = time.monotonic() + within_s
    pause = threading.Event()
    while not (answer := question()):
        assert time.monotonic() < end_s, f"waited {within_s:g} s in vain for {what}"
        pause.wait(PAUSE_S)
    return answer


@contextmanager
def serving(serve: Callable[[Beat], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run a service in a guarded thread, and end it afterwards."""
    thread = Guard(monotonic_ms).start("service", serve)
    try:
        yield
    finally:
        stop()
        thread.join(DEADLINE_S)
    assert not thread.is_alive()
