"""An MQTT 5 broker as a process of its own, on loopback and a free port, to be killed at will.

iotcore comes with the rig; mosquitto is what Debian has and what a store runs. Neither keeps
anything on disk here: what must survive is the business of cart and store.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal, Self

from rig.waiting import came

READY_S_MAX = 10
BEGAN = "began: process"  # a line of its own in a log at each start: not every program has one
IOTCORE = """
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "carts"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 5000
max_payload_size = 262144
max_inflight_count = 100
dynamic_filters = true
"""
MOSQUITTO = """
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
"""
Kind = Literal["iotcore", "mosquitto"]
# Of each kind: its configuration, and the command that is followed by the configuration's path.
KINDS: dict[Kind, tuple[str, list[str]]] = {
    "iotcore": (
        IOTCORE,
        [sys.executable, "-m", "iotcore", "--log-level", "CRITICAL", "--config"],
    ),
    "mosquitto": (MOSQUITTO, ["mosquitto", "-c"]),
}


class BrokerError(OSError):
    """The broker did not come up; the text says where to look."""


class Broker:
    """A broker with its files in `folder`; it keeps its port through `kill` and `start`.

    `more` is added to its configuration. Who keeps it running by other means runs `argv`."""

    def __init__(self, folder: Path, kind: Kind = "iotcore", more: str = "") -> None:
        text, command = KINDS[kind]
        self.host = "127.0.0.1"
        self.port = free_port()
        config = folder / f"{kind}.toml"  # iotcore goes by the ending
        config.write_text(text.format(port=self.port) + more)
        self.argv = (*command, str(config))
        self._log = folder / f"{kind}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start and wait until it listens. Raises BrokerError."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            log.write(f"{BEGAN} {self._process.pid}\n".encode())
        process = self._process
        settled = came(
            lambda: process.poll() is not None or listens(self.host, self.port), READY_S_MAX
        )
        if not settled or process.poll() is not None:
            self.kill()
            raise BrokerError(f"no broker on port {self.port}; see {self._log}")
        return self

    @property
    def process_id(self) -> int:
        """The number of its process, while it runs."""
        assert self._process is not None, "it runs"
        return self._process.pid

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:  # who is told to end while it starts ends it, too
            stack.callback(self.kill)
            self.start()
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def listens(host: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def free_port() -> int:
    """A TCP port of loopback that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
