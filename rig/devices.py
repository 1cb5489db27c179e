"""The cart's serial devices as the world holds them: the chip's process and a code scanner.

Both appear as paths that the cart opens as it would open real ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import threading
import tty
from pathlib import Path

# AIM identifiers a scanner puts before what it read, by the length of an EAN/UPC text.
AIM_BY_DIGITS = {8: "]E4", 12: "]E0", 13: "]E0"}
AIM_OTHERS = "]C0"


class Chip(contextlib.AbstractContextManager["Chip"]):
    """The simulated microcontroller as a child process; `link` is the path of its serial port."""

    def __init__(self, link: Path, seed: int, *, corners: bool = False) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rig", "chip", "--link", str(link), "--seed", str(seed),
             *["--corners"] * corners],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._hear()

    def tell(self, order: dict[str, object]) -> None:
        """Send one control line and wait until the chip obeyed it."""
        with self._lock:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._hear()
        assert "error" not in answer, answer

    def _hear(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        assert answer, "the chip has ended; its last words are on standard error"
        return answer

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(3)


class Scanner(contextlib.AbstractContextManager["Scanner"]):
    """A code scanner on a pty: it sends an AIM identifier, what it read, and a carriage return."""

    def __init__(self, link: Path) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._theirs))
        self._link = link

    def read(self, text: str) -> None:
        """Put a code on the wire. A text that begins with "]" brings its own identifier."""
        own = text.startswith("]")
        aim = "" if own else AIM_BY_DIGITS.get(len(text) if text.isdigit() else 0, AIM_OTHERS)
        digits = f"0{text}" if aim == "]E0" and len(text) == 12 else text
        os.write(self._ours, f"{aim}{digits}\r".encode())

    def __exit__(self, *_: object) -> None:
        self._link.unlink(missing_ok=True)
        os.close(self._ours)
        os.close(self._theirs)
