"""A real screen process between a real cart's socket and a finger: what the tests hold it by."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from cart.contract.lines import LineBuffer, decode, encode
from cart.contract.screen import Intent, Snapshot
from tests.waiting import DEADLINE_S, until

ROOT = Path(__file__).resolve().parents[2]


class Lines:
    """One end of a socket with a JSON object a line."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.connection.settimeout(DEADLINE_S)
        self._buffer = LineBuffer(1_000_000)
        self._ready: list[bytes] = []

    def read(self) -> bytes:
        """The next line; empty when the other side closed."""
        while not self._ready:
            data = self.connection.recv(65_536)
            if not data:
                return b""
            self._ready += self._buffer.feed(data)
        return self._ready.pop(0)

    def quiet(self) -> bool:
        """True when nothing waits to be read."""
        return not self._ready and not select.select([self.connection], [], [], 0.3)[0]


class Cart:
    """The cart's side of the screen's socket: shows snapshots, takes intents."""

    def __init__(self, path: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(path))
        self._server.listen(1)
        self._server.settimeout(DEADLINE_S)
        self.path = path
        self.screen: Lines | None = None

    def accept(self) -> None:
        """Wait for the screen to come; a screen that ended says why on its stderr."""
        try:
            self.screen = Lines(self._server.accept()[0])
        except TimeoutError:
            stderr = self.path.with_name("stderr")
            said = stderr.read_text() if stderr.exists() else ""
            raise AssertionError(f"the screen did not come; it said: {said}") from None

    def show(self, snapshot: Snapshot) -> None:
        """Send a snapshot."""
        self.send(encode(snapshot))

    def send(self, data: bytes) -> None:
        """Send bytes, whatever they are."""
        assert self.screen
        self.screen.connection.sendall(data)

    def intent(self) -> Intent:
        """The next thing the shopper touched."""
        assert self.screen
        return decode(Intent, self.screen.read(), "intent")

    def hang_up(self) -> None:
        """Close the connection, as a cart does that is killed."""
        assert self.screen
        self.screen.connection.close()

    def close(self) -> None:
        """Go away."""
        self._server.close()
        if self.screen:
            self.screen.connection.close()


class Screen:
    """The process `python -m ui`, its cart and its finger, in `folder`."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.cart = Cart(folder / "cart.sock")
        self.start()

    def start(self) -> None:
        """Start the process and be connected to it, from both sides."""
        finger = self._folder / "finger.sock"
        finger.unlink(missing_ok=True)
        hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
        environment = {k: v for k, v in os.environ.items() if k not in hidden}
        command = [sys.executable, "-m", "ui", "--socket", str(self._folder / "cart.sock")]
        with (self._folder / "stderr").open("a") as stderr:
            self.process = subprocess.Popen(
                [*command, "--finger", str(finger), *self._options],
                cwd=ROOT,
                env=environment | {"XDG_CACHE_HOME": str(self._folder)},
                stderr=stderr,
            )
        self.cart.accept()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(finger))
        self._finger = Lines(connection)

    def ask(self, **request: object) -> dict[str, Any]:
        """Give the finger a request and return its answer."""
        self.begin(**request)
        return self.answer()

    def begin(self, **request: object) -> None:
        """Give the finger a request; `answer` returns what comes of it."""
        self._finger.connection.sendall(json.dumps(request).encode() + b"\n")

    def answer(self) -> dict[str, Any]:
        """What the finger answers to what was begun."""
        line = self._finger.read()
        assert line, f"the screen ended, saying: {self.complaints()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def state(self) -> dict[str, Any]:
        """What can be seen now."""
        return self.ask(state=True)

    def show(self, snapshot: Snapshot) -> dict[str, Any]:
        """Show a snapshot and return the state once it is drawn."""
        self.cart.show(snapshot)
        wanted = snapshot.revision
        until(lambda: self.state()["revision"] == wanted, f"revision {wanted} shown")
        return self.state()  # One frame later: now it is drawn, too.

    def tap(self, name: str) -> Intent:
        """Tap what has that name, and return the intent that follows."""
        answer = self.ask(tap=name)
        assert answer.get("tapped") == name, answer
        return self.cart.intent()

    def memory_bytes(self) -> int:
        """Resident memory of the process."""
        status = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def complaints(self) -> str:
        """What it said on stderr."""
        return (self._folder / "stderr").read_text()

    def kill(self) -> None:
        """Kill it, without a warning."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)
        self._finger.connection.close()
        self.cart.hang_up()

    def close(self) -> None:
        """End everything."""
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        self._finger.connection.close()
        self.cart.close()


def kept_snapshots() -> list[Snapshot]:
    """One snapshot or more of every route, as kept beside this file."""
    lines = Path(__file__).with_name("snapshots.jsonl").read_bytes().splitlines()
    return [decode(Snapshot, line, "kept snapshot") for line in lines]
