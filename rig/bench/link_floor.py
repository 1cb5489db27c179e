"""The least that an event costs which is on two disks before it counts: the link's yardstick.

    python -m rig.bench.link_floor PORT FILE

Commit, raw paho, commit by another process, raw paho back: no chain, no cursor, no window, no table
but one, no thread. What ours costs beyond that is ours. It must never use what is held against it.
"""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

ASKED, ANSWERED = "bench/floor/asked", "bench/floor/answered"
HOST = "127.0.0.1"
WAIT_S_MAX = 120.0


class Floor:
    """The near side; the far one runs in a process of its own."""

    def __init__(self, port: int, file: Path, payload: bytes) -> None:
        self._payload = payload
        self._database = _database(file)
        self._heard = 0
        self._client = _client(port, "floor-near", ANSWERED, self._hear)
        self._until(1)  # the far side says that it is there

    def event_ms(self) -> float:
        """Milliseconds from an event to the answer that it is on the other disk."""
        began_s, answers = time.perf_counter(), self._heard + 1
        _commit(self._database, self._payload)
        self._client.publish(ASKED, self._payload, qos=1)
        self._until(answers)
        return (time.perf_counter() - began_s) * 1_000

    def close(self) -> None:
        """Let go of everything."""
        self._client.disconnect()
        self._database.close()

    def _until(self, answers: int) -> None:
        end_s = time.monotonic() + WAIT_S_MAX
        while self._heard < answers:
            assert time.monotonic() < end_s, "the far side does not answer"
            self._client.loop(0.1)

    def _hear(self, *_: object) -> None:
        self._heard += 1


@contextmanager
def floor(port: int, folder: Path, payload: bytes) -> Iterator[Floor]:
    """Both sides, connected."""
    far = [sys.executable, "-m", "rig.bench.link_floor", str(port), str(folder / "far.sqlite")]
    process = subprocess.Popen(far)
    try:
        near = Floor(port, folder / "near.sqlite", payload)
        yield near
        near.close()
    finally:
        process.kill()
        process.wait()


def main(arguments: list[str]) -> None:
    """Commit what comes and answer, until killed."""
    database = _database(Path(arguments[1]))

    def came(client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        _commit(database, bytes(message.payload))
        client.publish(ANSWERED, b"1", qos=1)

    client = _client(int(arguments[0]), "floor-far", ASKED, came)
    client.publish(ANSWERED, b"1", qos=1, retain=True)
    while True:
        client.loop(1)


def send_at_once(_client: paho.Client, _data: object, wire: object) -> None:
    """Tune a socket fairly: without Nagle's algorithm."""
    assert isinstance(wire, socket.socket)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _client(port: int, name: str, topic: str, came: paho.CallbackOnMessage) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)
    client.on_socket_open = send_at_once
    client.on_message = came
    client.connect(HOST, port)
    listens: list[int] = []
    client.on_subscribe = lambda *_: listens.append(1)
    end_s = time.monotonic() + WAIT_S_MAX
    while not client.is_connected():
        client.loop(0.1)
    client.subscribe(topic, qos=1)
    while not listens:
        assert time.monotonic() < end_s, "the broker does not answer"
        client.loop(0.1)
    return client


def _database(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA wal_autocheckpoint = 100")
    database.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, event BLOB NOT NULL)")
    return database


def _commit(database: sqlite3.Connection, payload: bytes) -> None:
    """One row, on the disk."""
    database.execute("INSERT INTO events (event) VALUES (?)", (payload,))


if __name__ == "__main__":
    main(sys.argv[1:])
