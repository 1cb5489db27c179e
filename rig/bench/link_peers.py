"""The same events over what else there is: raw paho, reliomq and ohmqtt, each tuned fairly.

Fairly: TCP_NODELAY, the same broker, the same window, and persistence where a peer has it. Raw paho
keeps nothing and counts a PUBACK, which is not durable: it is the yardstick of the wire.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console

from cart.shell.export import canonical
from rig.bench.link_floor import WAIT_S_MAX, send_at_once
from rig.broker import Broker
from rig.faults.cart import item
from rig.rabbit import Cluster

WINDOW, EVENTS, EVENTS_SLOW = 100, 10_000, 500
AnyBroker = Broker | Cluster
TOPIC = "bench/events"


def rates(broker: AnyBroker, folder: Path, console: Console) -> dict[str, float]:
    """Events a second by the peer's name; one that is not installed is left out, aloud."""
    found = {}
    for name, measure in PEERS.items():
        console.print(f"{name} …")
        try:
            found[name] = measure(broker, folder)
        except ImportError as error:
            console.print(f"{name} is left out: {error}; install dashcart\\[bench]")
    return found


def payload(number: int) -> bytes:
    """An event as the journal writes it, about 360 bytes."""
    return canonical(item(number))


def _raw_paho(broker: AnyBroker, _folder: Path) -> float:
    client = paho.Client(CallbackAPIVersion.VERSION2, "raw", protocol=paho.MQTTv5)
    client.max_inflight_messages_set(WINDOW)
    client.on_socket_open = send_at_once
    room, ready = threading.Semaphore(WINDOW), threading.Event()
    client.on_connect = lambda *_: ready.set()
    client.on_publish = lambda *_: room.release()
    client.connect(broker.host, broker.port)
    client.loop_start()
    assert ready.wait(WAIT_S_MAX)
    began_s = time.perf_counter()
    for number in range(EVENTS):
        room.acquire()
        client.publish(TOPIC, payload(number), qos=1)
    for _ in range(WINDOW):
        room.acquire()
    seconds = time.perf_counter() - began_s
    client.disconnect()
    client.loop_stop()
    return EVENTS / seconds


def _ohmqtt(broker: AnyBroker, folder: Path) -> float:
    from ohmqtt import Client  # noqa: PLC0415 - an extra: absent where nobody benches

    with Client(str(folder / "ohmqtt.sqlite"), db_fast=True) as client:
        client.connect(f"mqtt://{broker.host}:{broker.port}", client_id="ohmqtt", tcp_nodelay=True)
        client.wait_for_connect(WAIT_S_MAX)
        handles: deque[Any] = deque()
        began_s = time.perf_counter()
        for number in range(EVENTS_SLOW):
            if len(handles) == WINDOW:
                handles.popleft().wait_for_ack(WAIT_S_MAX)
            handles.append(client.publish(TOPIC, payload(number), qos=1))
        for handle in handles:
            handle.wait_for_ack(WAIT_S_MAX)
        seconds = time.perf_counter() - began_s
        client.shutdown()
        client.wait_for_shutdown(WAIT_S_MAX)
    return EVENTS_SLOW / seconds


def _reliomq(broker: AnyBroker, folder: Path) -> float:
    from reliomq import (  # noqa: PLC0415 - an extra: absent where nobody benches
        GroupMode,
        Relay,
        RelayConfig,
        Sender,
        SenderConfig,
    )

    def made(*, client_id: str, userdata: object = None) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id, userdata=userdata)
        client.on_socket_open = send_at_once
        return client

    ways = RelayConfig(broker.host, broker.host, broker.port, broker.port)
    ends = SenderConfig(broker.host, folder / "reliomq.jsonl", broker.port)
    relay = Relay(ways, client_factory=made)
    relay.start()
    with Sender(ends, mode=GroupMode(), client_factory=made) as sender:
        first = sender.publish(TOPIC, {"event": payload(0).decode()})
        sender.wait_for_delivery(first, timeout=WAIT_S_MAX)
        began_s = time.perf_counter()
        for number in range(EVENTS_SLOW):
            last = sender.publish(TOPIC, {"event": payload(number).decode()})
        sender.wait_for_delivery(last, timeout=WAIT_S_MAX)
        seconds = time.perf_counter() - began_s
    relay.stop()
    return EVENTS_SLOW / seconds


PEERS: dict[str, Callable[[AnyBroker, Path], float]] = {
    "raw paho, QoS 1, nothing kept": _raw_paho,
    "ohmqtt, QoS 1, kept in SQLite without an fsync": _ohmqtt,
    "reliomq, acknowledged by its relay, group mode": _reliomq,
}
