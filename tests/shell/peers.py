"""The other ends of the cart's sockets and ports, as real as they come."""

from __future__ import annotations

import os
import pty
import socket
import tty
from pathlib import Path
from typing import Any, Self

import msgspec

from tests.waiting import DEADLINE_S, until


class LinePeer:
    """A program at the other end of a Unix socket: sends lines, reads lines."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE_S)
        until(lambda: self._socket.connect_ex(str(path)) == 0, f"a server at {path.name}")
        self._lines = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self._socket.sendall(data)

    def say(self, **message: object) -> None:
        """Send one JSON object on a line."""
        self.send(msgspec.json.encode(message) + b"\n")

    def hear(self) -> dict[str, Any]:
        """The next line, as JSON."""
        heard: dict[str, Any] = msgspec.json.decode(self._lines.readline())
        return heard

    def hear_until(self, key: str, value: object) -> dict[str, Any]:
        """Read lines until one says this."""
        while (heard := self.hear()).get(key) != value:
            pass
        return heard

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class SerialPeer:
    """A device on a pty, not plugged in yet; `path` is where its port appears when it is."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def plug_in(self) -> None:
        """Make a new pty behind the path."""
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self._slave = slave
        self.path.symlink_to(os.ttyname(slave))

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._master, rest) :]

    def unplug(self) -> None:
        """Take the device away."""
        self.path.unlink()
        os.close(self._slave)
        os.close(self._master)
