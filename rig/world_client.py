"""Talks to a running world on its control socket: one order, one answer."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

ANSWER_S = 15.0


class WorldError(RuntimeError):
    """The world could not do it; the text is its own."""


class WorldClient:
    """One connection; callers on several threads wait for each other."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_S)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._turn = threading.Lock()

    def do(self, order: dict[str, Any]) -> dict[str, Any]:
        """Give an order as `rig.orders` lists them; returns when the action is over."""
        with self._turn:
            self._socket.sendall(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(self._lines.readline())
        if "error" in answer:
            raise WorldError(answer["error"])
        return answer

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()
