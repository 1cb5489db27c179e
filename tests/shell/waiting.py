"""How the shell's tests wait: for a condition, with a deadline, never for a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from cart.shell.clock import monotonic_ms
from cart.shell.guard import Beat, Guard

DEADLINE_S = 10.0
PAUSE_S = 0.005

Answer = TypeVar("Answer")


def until(question: Callable[[], Answer | None], what: str) -> Answer:
    """Ask again and again until the answer is true, and return it; fail after the deadline."""
    end_s = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while time.monotonic() < end_s:
        if answer := question():
            return answer
        pause.wait(PAUSE_S)
    pytest.fail(f"waited {DEADLINE_S} s in vain for {what}")


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
