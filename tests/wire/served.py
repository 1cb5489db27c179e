"""`python -m firmware_bridge serve` as a process, for tests that read its port."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPEAT_S = 0.2


@contextmanager
def serve(port: Path, protocol: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, ended by its id."""
    command = [sys.executable, "-m", "firmware_bridge", "serve", "--framing", "8N1"]
    process = subprocess.Popen(
        [*command, "--protocol", protocol, "--port", str(port), *more],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def tell(process: subprocess.Popen[str], line: str) -> None:
    """One line of readings."""
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


@contextmanager
def telling(process: subprocess.Popen[str], line: str) -> Iterator[None]:
    """The line again and again, as a scale does: a reading that nobody repeats is taken back."""
    stop = threading.Event()

    def repeat() -> None:
        tell(process, line)
        while not stop.wait(REPEAT_S):
            tell(process, line)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
