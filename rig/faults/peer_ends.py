"""The two ends of a peer as processes to be killed: who sends by it, and who keeps what comes.

    python -m rig.faults.peer_ends send PEER FOLDER PORT NEXT
    python -m rig.faults.peer_ends keep PEER FOLDER PORT

The sender is told `{"upto": 40}` and says `tried` before it hands an event to the peer, and `owed`
when the peer has taken it upon itself: with the broker's PUBACK where a peer keeps nothing, and as
soon as its call returns where it does. The keeper says `kept` after its commit and before its
PUBACK. Each is tuned as its makers allow: TCP_NODELAY, sessions that last, what it keeps on disk.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from rig.bench.link_floor import send_at_once
from rig.bench.link_peers import WINDOW, payload

HOST, TOPIC = "127.0.0.1", "faults/events"
FOR_EVER_S = 2**32 - 1
RETRY_S, CONNECT_S_MAX = 1, 30.0
Send = Callable[[int], None]


def say(**what: object) -> None:
    """One line out, whole whichever thread says it."""
    os.write(1, json.dumps(what).encode() + b"\n")


def content(number: int) -> dict[str, object]:
    """An event of the usual size and its number."""
    return {"number": number, "event": payload(number).decode()}


@contextmanager
def raw_paho(_folder: Path, port: int) -> Iterator[Send]:
    """Keeps nothing: an event is owed once the broker has confirmed it."""
    client = _client("sender", 5)
    client.max_inflight_messages_set(WINDOW)
    room, numbers = threading.Semaphore(WINDOW), dict[int, int]()
    known = threading.Lock()

    def confirmed(_client: object, _data: object, message_id: int, *_: object) -> None:
        with known:  # a PUBACK may be quicker than the line that notes the number
            say(owed=numbers.pop(message_id))
        room.release()

    client.on_publish = confirmed
    _connect(client, port)
    client.loop_start()

    def send(number: int) -> None:
        room.acquire()
        with known:
            sent = client.publish(TOPIC, json.dumps(content(number)), qos=1)
            numbers[sent.mid] = number

    yield send


@contextmanager
def ohmqtt(folder: Path, port: int) -> Iterator[Send]:
    """Keeps its session in SQLite, without an fsync: a kill is no power cut."""
    from ohmqtt import Client  # noqa: PLC0415 - an extra: absent where nobody compares
    from ohmqtt.property import MQTTConnectProps  # noqa: PLC0415 - the same

    with Client(str(folder / "ohmqtt.sqlite"), db_fast=True) as client:
        lasting = MQTTConnectProps(SessionExpiryInterval=FOR_EVER_S)
        client.connect(f"mqtt://{HOST}:{port}", client_id="sender", reconnect_delay=RETRY_S,
                       tcp_nodelay=True, connect_properties=lasting)  # fmt: skip
        client.wait_for_connect(CONNECT_S_MAX)  # a new session clears what was kept before it

        def send(number: int) -> None:
            client.publish(TOPIC, json.dumps(content(number)), qos=1)
            say(owed=number)

        yield send


@contextmanager
def reliomq(folder: Path, port: int) -> Iterator[Send]:
    """Keeps each event with an fsync; the relay beside the keeper acknowledges."""
    from reliomq import DurableMode, Sender, SenderConfig  # noqa: PLC0415 - an extra

    ends = SenderConfig(
        HOST, folder / "reliomq.jsonl", port, "sender", retry_interval=RETRY_S,
        reconnect_min_delay=RETRY_S, reconnect_max_delay=RETRY_S,
    )  # fmt: skip
    with Sender(ends, mode=DurableMode(), client_factory=_made) as sender:

        def send(number: int) -> None:
            sender.publish(TOPIC, content(number))
            say(owed=number)

        yield send


PEERS = {"raw paho": raw_paho, "ohmqtt": ohmqtt, "reliomq": reliomq}


def keep(peer: str, folder: Path, port: int) -> None:
    """Keep what comes, each with its own commit, until killed."""
    database = sqlite3.connect(folder / "kept.sqlite", isolation_level=None)
    database.executescript("PRAGMA journal_mode = WAL; CREATE TABLE kept (number INTEGER);")

    def came(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        said = json.loads(message.payload)
        number = said.get("payload", said)["number"]
        database.execute("INSERT INTO kept VALUES (?)", (number,))
        say(kept=number)

    client = _client("keeper", 5)
    client.on_message = came

    def connected(*_: object) -> None:
        client.subscribe(TOPIC, qos=1)

    client.on_connect = connected
    client.on_subscribe = lambda *_: say(ready=True)
    _connect(client, port)
    if peer == "reliomq":
        _start_relay(port)
    client.loop_forever(retry_first_connection=True)


def _start_relay(port: int) -> None:
    from reliomq import Relay, RelayConfig  # noqa: PLC0415 - an extra: absent where nobody compares

    ways = RelayConfig(
        HOST, HOST, port, port, "relay-source", "relay-destination", retry_interval=RETRY_S,
        reconnect_min_delay=RETRY_S, reconnect_max_delay=RETRY_S,
    )  # fmt: skip
    Relay(ways, client_factory=_made).start()


def _made(*, client_id: str, userdata: object = None) -> paho.Client:
    """A client as reliomq makes it, but for Nagle's algorithm and sessions that last."""
    client = _client(client_id, 4)
    client.user_data_set(userdata)
    return client


def _client(name: str, version: int) -> paho.Client:
    """Its session lasts at the broker."""
    lasts = None if version == 5 else False
    made = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=MQTTProtocolVersion(version),
                       clean_session=lasts)  # fmt: skip
    made.on_socket_open = send_at_once
    made.reconnect_delay_set(RETRY_S, RETRY_S)
    return made


def _connect(client: paho.Client, port: int) -> None:
    lasting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types all but this
    lasting.SessionExpiryInterval = FOR_EVER_S
    client.connect_async(HOST, port, clean_start=False, properties=lasting)


def main(arguments: list[str]) -> None:
    """Be one of the ends until standard input ends, or until killed."""
    end, peer, folder, port, *rest = arguments
    if end == "keep":
        keep(peer, Path(folder), int(port))
        return
    number = int(rest[0])
    with PEERS[peer](Path(folder), int(port)) as send:
        for line in sys.stdin:
            upto = json.loads(line)["upto"]
            for each in range(number, upto):
                say(tried=each)
                send(each)
            number = max(number, upto)


if __name__ == "__main__":
    main(sys.argv[1:])
