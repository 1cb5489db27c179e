"""The link to the cart: one thread reads snapshots and reconnects for ever; intents go back.

The thread only fills a queue and calls `wake`; whoever drains the queue owns the drawing. A
malformed line is refused, counted and told on stderr, and the link stays usable. An intent touched
while the cart is away is not kept: the shopper sees that contact is lost and touches again.
"""

from __future__ import annotations

import socket
import sys
import threading
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cart.contract.lines import ContractError, LineBuffer, decode, encode
from cart.contract.screen import LINE_BYTES_MAX, Intent, Snapshot

RECONNECT_S = 0.1
READ_BYTES = 1 << 16
# Snapshots are whole: of more than a few waiting ones only the newest matters.
WAITING_MAX = 64

News = Snapshot | Literal["connected", "lost"]


class Link:
    """A connection to the Unix socket at `path`; `news` fills while `wake` is called."""

    def __init__(self, path: Path, wake: Callable[[], object]) -> None:
        self.news: deque[News] = deque(maxlen=WAITING_MAX)
        self.refused = 0
        self._path = path
        self._wake = wake
        self._socket: socket.socket | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to connect."""
        self._thread.start()

    def close(self) -> None:
        """End the link."""
        self._closing.set()
        if self._socket:
            self._socket.close()

    def drawn(self) -> None:
        """A cart does not wait for pictures."""

    def send(self, action: str, target: str = "", choice: str = "") -> bool:
        """Tell the cart what was touched, with an id of its own. False when it cannot be told."""
        intent = Intent(
            intent_id=uuid.uuid4().hex,
            action=action,  # type: ignore[arg-type]  # .kv files name it; the cart checks it
            target=target,
            choice=choice,
        )
        connection = self._socket
        if connection is None:
            return False
        data = encode(intent)
        try:
            # A cart that does not read must not stop the screen.
            return connection.send(data, socket.MSG_DONTWAIT) == len(data)
        except OSError:
            return False

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.connect(str(self._path))
                    self._socket = connection
                    self._tell("connected")
                    self._read(connection)
            except OSError:
                pass  # The cart is away: it is tried again below.
            if self._socket is not None:
                self._socket = None
                self._tell("lost")
            self._closing.wait(RECONNECT_S)

    def _read(self, connection: socket.socket) -> None:
        lines = LineBuffer(LINE_BYTES_MAX)
        while data := connection.recv(READ_BYTES):
            for line in lines.feed(data):
                self._accept(line)

    def _accept(self, line: bytes) -> None:
        try:
            snapshot: Snapshot = decode(Snapshot, line, "snapshot")
        except ContractError as error:
            self.refused += 1
            print(f"ui: refused a line from the cart: {error}", file=sys.stderr, flush=True)
        else:
            self._tell(snapshot)

    def _tell(self, news: News) -> None:
        self.news.append(news)
        self._wake()
