"""The eyes' end of the socket to the cart: never waits for it, finds it again when it restarts.

What can't be said now is dropped: a sighting is worthless later.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from cart.contract.lines import ContractError, LineBuffer, decode, encode
from cart.contract.senses import TO_EYES_BYTES_MAX, EyesMessage, ToEyesMessage

RETRY_MS = 200
RECEIVE_BYTES = 65_536


class CartLink:
    """A connection that may come and go. `complain` gets one line a refused message."""

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        self._path = path
        self._complain = complain
        self._socket: socket.socket | None = None
        self._lines = LineBuffer(TO_EYES_BYTES_MAX)
        self._tried_ms: int | None = None

    def say(self, message: EyesMessage) -> None:
        """Send one message if the cart listens."""
        if self._socket is None:
            return
        try:
            self._socket.sendall(encode(message))
        except OSError:
            self._lose()

    def heard(self, now_ms: int) -> Iterator[ToEyesMessage]:
        """What the cart said since the last call; connects first where there is no connection."""
        if self._socket is None and not self._connect(now_ms):
            return
        dropped = self._lines.dropped
        lines = self._lines.feed(self._received())
        if self._lines.dropped > dropped:
            self._complain(f"message to the eyes: more than {TO_EYES_BYTES_MAX} bytes, left out")
        for line in lines:
            try:
                message: ToEyesMessage = decode(ToEyesMessage, line, "message to the eyes")
            except ContractError as error:
                self._complain(str(error))
                continue
            yield message

    def close(self) -> None:
        """Let go of the socket."""
        self._lose()

    def _connect(self, now_ms: int) -> bool:
        if self._tried_ms is not None and now_ms - self._tried_ms < RETRY_MS:
            return False
        self._tried_ms = now_ms
        trial = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        trial.settimeout(RETRY_MS / 1_000)
        try:
            trial.connect(str(self._path))
        except OSError:
            trial.close()
            return False
        trial.setblocking(False)  # a cart that reads no more is lost, not waited for
        self._socket = trial
        self._lines = LineBuffer(TO_EYES_BYTES_MAX)
        return True

    def _received(self) -> bytes:
        if self._socket is None:
            return b""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._lose()
        return data

    def _lose(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
