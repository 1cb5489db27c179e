"""Watches what the cart says: keeps the newest snapshot of cartd's screen socket, sends intents.

It is one more screen that draws nothing. It connects again whenever cartd comes back.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cart.contract.lines import ContractError, LineBuffer, decode, encode
from cart.contract.screen import LINE_BYTES_MAX, Intent, Snapshot
from cart.core.intents import TouchAction

RECONNECT_S = 0.02
END_S = 1.0


class CartWatch(contextlib.AbstractContextManager["CartWatch"]):
    """`snapshot` is the newest; `connections` counts how often cartd answered anew."""

    def __init__(self, path: Path, news: Callable[[Snapshot], None] = lambda _: None) -> None:
        self._path = path
        self._news = news
        self._socket: socket.socket | None = None
        self._ended = threading.Event()
        self.snapshot: Snapshot | None = None
        self.connections = 0
        self.refused = 0
        self._thread = threading.Thread(target=self._run, name="cart_watch", daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):  # cartd may have hung up first
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(END_S)

    def send(self, action: TouchAction, target: str = "", choice: str = "") -> None:
        """Touch without a screen. Raises OSError while cartd is away."""
        if self._socket is None:
            raise ConnectionError(f"{self._path}: cartd is away")
        self._socket.sendall(encode(Intent(secrets.token_hex(8), action, target, choice)))

    def wait_for(self, holds: Callable[[Snapshot], bool], timeout_s: float) -> Snapshot | None:
        """The first newest snapshot for which `holds`; None when the time is over."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if self.snapshot is not None and holds(self.snapshot):
                return self.snapshot
            self._ended.wait(0.01)
        return None

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(self._path))
                self._socket = connection
                self._read(connection)
            self._socket = None
            self._ended.wait(RECONNECT_S)

    def _read(self, connection: socket.socket) -> None:
        lines = LineBuffer(LINE_BYTES_MAX)
        fresh = True
        while data := connection.recv(65_536):
            for line in lines.feed(data):
                try:
                    snapshot: Snapshot = decode(Snapshot, line, "snapshot")
                except ContractError:
                    self.refused += 1
                    continue
                self.snapshot = snapshot
                self.connections += fresh
                fresh = False
                self._news(snapshot)
