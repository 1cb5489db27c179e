"""The other ends of the eyes' wires, as real as they come: a lens, and the cart."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cart.contract.lines import LineBuffer, decode, encode
from cart.contract.senses import EyesMessage, KnownCodes
from cart.eyes.frames import Pixels
from rig.lens import HEADER, MAGIC

GTIN = "09520000000011"


def now_ms() -> int:
    """The eyes' clock."""
    return time.monotonic_ns() // 1_000_000


class ShortLens:
    """A lens that shows given pictures and then falls silent, or says something else."""

    def __init__(
        self,
        path: Path,
        pictures: list[Pixels],
        last_words: bytes = b"",
        stamp: Callable[[], int] = now_ms,
        every: int = 1,
    ) -> None:
        self.path = path
        self.visits = 0
        self._pictures = pictures
        self._last_words = last_words
        self._stamp = stamp
        self._every = every
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            self._open.append(client)
            with contextlib.suppress(OSError):  # the eyes hang up, or the test is over
                self._show(client)

    def _show(self, client: socket.socket) -> None:
        for number, picture in enumerate(self._pictures):
            height, width = picture.shape[:2]
            sequence = 1 + number * self._every
            head = HEADER.pack(MAGIC, width, height, 3, self._stamp(), sequence, picture.size)
            client.sendall(head + picture.tobytes())
        client.sendall(self._last_words)

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        for client in self._open:
            client.close()


class Cart:
    """The cart's end of the eyes' socket."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.heard: list[EyesMessage] = []
        self._done = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        # Eyes may speak and leave at once, with what we said unread; or the test is over.
        with contextlib.suppress(OSError), self._listener.accept()[0] as client:
            with contextlib.suppress(OSError):
                client.sendall(encode(KnownCodes((GTIN,))))
            self._listen_to(client)
        self._done.set()

    def _listen_to(self, client: socket.socket) -> None:
        lines = LineBuffer(100_000)
        while data := client.recv(65_536):
            for line in lines.feed(data):
                self.heard.append(decode(EyesMessage, line, "test"))

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def all_heard(self) -> list[EyesMessage]:
        """Everything, once the eyes have hung up."""
        assert self._done.wait(5)
        return self.heard
