"""`python -m firmware_bridge serve` as a process, for tests that read its port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
