"""A thread that fails ends the whole process, loudly; a thread that hangs is found."""

from __future__ import annotations

import subprocess
import sys
import threading

from cart.shell.guard import EXIT_STATUS, SILENCE_MAX_MS, Beat, Guard
from tests.waiting import until

FAILING = """
import logging, threading
from cart.shell.clock import monotonic_ms
from cart.shell.guard import Guard
logging.basicConfig(level=logging.INFO)
def work(beat):
    raise RuntimeError("our own mistake")
Guard(monotonic_ms).start("weigher", work)
threading.Event().wait()
"""

HANGING = """
import logging, threading
from cart.shell.clock import monotonic_ms
from cart.shell.daemon import supervise
from cart.shell.guard import Guard
logging.basicConfig(level=logging.INFO)
guard = Guard(lambda: 100 * monotonic_ms())
guard.start("weigher", lambda beat: threading.Event().wait())
supervise(guard)
"""


def test_a_hanging_thread_ends_the_process() -> None:
    """A thread without heartbeats is named on stderr and the process ends (a clock 100 x fast)."""
    ended = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == EXIT_STATUS
    assert "threads_silent weigher" in ended.stderr


def test_an_exception_ends_the_process() -> None:
    """The exit status is not 0, and the thread, the mistake and its place are on stderr."""
    ended = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == EXIT_STATUS
    assert "thread=weigher died" in ended.stderr
    assert "RuntimeError: our own mistake" in ended.stderr


def test_a_silent_thread_is_named() -> None:
    """Without a heartbeat a thread is silent after its limit; a thread that ended is not."""
    now_ms = 0
    guard = Guard(lambda: now_ms)
    go_on = threading.Event()
    beats: list[Beat] = []

    def hang(beat: Beat) -> None:
        beats.append(beat)
        go_on.wait()

    thread = guard.start("stuck", hang)
    patient = guard.start("patient", hang, silence_max_ms=60_000)
    until(lambda: len(beats) == 2, "both threads")
    assert guard.silent() == []
    now_ms = SILENCE_MAX_MS + 1
    assert guard.silent() == ["stuck"]
    for beat in beats:
        beat()
    assert guard.silent() == []
    now_ms = 200_000
    assert guard.silent() == ["patient", "stuck"]
    go_on.set()
    thread.join()
    patient.join()
    assert guard.silent() == []
