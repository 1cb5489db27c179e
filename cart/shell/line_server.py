"""A Unix socket that local programs connect to: lines in, the newest of each topic out.

One thread serves all clients and waits for none: a slow client gets the newest line of a topic
and never sees those it missed. It must never look into a line.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from cart.contract.lines import LineBuffer
from cart.shell.config import ConfigError
from cart.shell.guard import Beat

CLIENTS_MAX = 8
RECEIVE_BYTES = 65_536
WAKE_S = 0.5

log = logging.getLogger(__name__)


class Client:
    """One connected program: what of it is read half, and what still has to be sent."""

    def __init__(self, connection: socket.socket, bytes_max: int) -> None:
        self.connection = connection
        self.lines = LineBuffer(bytes_max)
        self.unsent = b""
        self.sent: dict[str, bytes] = {}


class LineServer:
    """Serves the socket at `path`, with mode 0600; a folder that it makes has mode 0700.

    `heard(line)` gets each line, `refused(reason)` what was too long, `count(clients)` how many
    are connected whenever that changes; all are called in the serving thread."""

    def __init__(
        self,
        path: Path,
        bytes_max: int,
        heard: Callable[[bytes], None],
        refused: Callable[[str], None],
        count: Callable[[int], None] = lambda _clients: None,
    ) -> None:
        self._listener = _listen(path)
        self._bytes_max = bytes_max
        self._heard = heard
        self._refused = refused
        self._count = count
        self._path = path
        self._clients: list[Client] = []
        self._newest: dict[str, bytes] = {}
        self._stopping = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_reader, selectors.EVENT_READ, self._woken)

    def publish(self, topic: str, line: bytes) -> None:
        """Send `line` to everybody, also to those who connect later, until a newer one comes."""
        self._newest = {**self._newest, topic: line}
        self._wake()

    def stop(self) -> None:
        """End `serve` from another thread."""
        self._stopping.set()
        self._wake()

    def serve(self, beat: Beat, each_turn: Callable[[], None] = lambda: None) -> None:
        """Serve until `stop`; `each_turn` is called at least every half second."""
        while not self._stopping.is_set():
            for key, ready in self._selector.select(WAKE_S):
                if isinstance(key.data, Client):
                    if ready & selectors.EVENT_READ:
                        self._receive(key.data)
                else:
                    key.data()
            for client in self._clients.copy():
                self._send(client)
            each_turn()
            beat()
        self._close()

    def _wake(self) -> None:
        try:
            self._wake_writer.send(b"!")
        except OSError:
            return  # enough wake-up calls wait already, or nobody serves any more

    def _woken(self) -> None:
        self._wake_reader.recv(RECEIVE_BYTES)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            log.warning("accept_failed socket=%s: %s", self._path.name, error)
            return
        if len(self._clients) >= CLIENTS_MAX:
            log.warning("client_refused socket=%s clients=%d", self._path.name, CLIENTS_MAX)
            connection.close()
            return
        connection.setblocking(False)
        client = Client(connection, self._bytes_max)
        self._clients.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)
        self._count(len(self._clients))

    def _receive(self, client: Client) -> None:
        try:
            data = client.connection.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        dropped = client.lines.dropped
        for line in client.lines.feed(data):
            self._heard(line)
        if client.lines.dropped > dropped:
            self._refused(f"a line of more than {self._bytes_max} bytes; send shorter lines")

    def _send(self, client: Client) -> None:
        """Send what fits; a newer line of a topic replaces one that hasn't begun to leave."""
        newest = self._newest
        try:
            while client.unsent or client.sent != newest:
                client.unsent = client.unsent or self._next_line(client, newest)
                client.unsent = client.unsent[client.connection.send(client.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        if self._selector.get_key(client.connection).events != wanted:
            self._selector.modify(client.connection, wanted, client)

    def _next_line(self, client: Client, newest: dict[str, bytes]) -> bytes:
        topic = next(topic for topic in newest if client.sent.get(topic) is not newest[topic])
        client.sent[topic] = newest[topic]
        return newest[topic]

    def _drop(self, client: Client) -> None:
        self._selector.unregister(client.connection)
        client.connection.close()
        self._clients.remove(client)
        self._count(len(self._clients))

    def _close(self) -> None:
        for client in self._clients:
            client.connection.close()
        self._selector.close()
        for end in (self._listener, self._wake_reader, self._wake_writer):
            end.close()
        self._path.unlink(missing_ok=True)


def _listen(path: Path) -> socket.socket:
    """Open the socket; a dead one of an earlier run is replaced, a living one is an error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise ConfigError(f"{path}: another cartd serves this socket; stop it first")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(CLIENTS_MAX)
    except OSError as error:
        listener.close()
        raise ConfigError(f"{path}: {error.strerror}; choose another socket path") from error
    listener.setblocking(False)
    return listener
