"""The shopper's finger and eye on the real touchscreen: taps by name, reads texts, takes pictures.

The screen's side of the socket is ui/finger.py.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

ANSWER_S = 12.0
TRY_S = 4.0
PAUSE_S = 0.05


class FingerError(RuntimeError):
    """The screen could not do it; the text is its own."""


class Finger:
    """Each request is a connection of its own, so a screen that was restarted is no trouble."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pause = threading.Event().wait

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request, one answer. Raises FingerError, or OSError when no screen is there."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_S)
            connection.connect(str(self._path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                line = lines.readline()
        if not line:
            raise ConnectionError(f"{self._path}: the screen hung up")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise FingerError(answer["error"])
        return answer

    def tap(self, name: str) -> None:
        """Tap what has this name, once it is to be seen."""
        self._patiently({"tap": name})

    def shot(self, path: Path, revision: int = 0) -> dict[str, Any]:
        """Save a picture of the screen, once it shows this revision of the cart's snapshot."""
        deadline_s = time.monotonic() + TRY_S
        while True:
            answer = self._patiently({"shot": str(path)})
            if (answer["revision"] or 0) >= revision or time.monotonic() > deadline_s:
                return answer
            self._pause(PAUSE_S)

    def texts(self) -> list[str]:
        """Every text on the screen now; none while no screen is there."""
        try:
            answer = self.ask({"state": True})
        except (OSError, FingerError):
            return []
        return [str(text) for text in answer["texts"]]

    def _patiently(self, request: dict[str, Any]) -> dict[str, Any]:
        deadline_s = time.monotonic() + TRY_S
        while True:
            try:
                return self.ask(request)
            except (FingerError, OSError):
                if time.monotonic() > deadline_s:
                    raise
            self._pause(PAUSE_S)
