"""The store's broker takes so many messages at once; no more are on their way to it."""

from __future__ import annotations

import select
import socket

from cart.contract.broker import IN_FLIGHT_MAX
from cart.contract.store import Packet
from tests.contract.bare_wire import dialled
from tests.waiting import until

CONNACK = bytes.fromhex("2006 00 00 03 21") + IN_FLIGHT_MAX.to_bytes(2, "big")
PUBLISH_QOS_1 = 0x32
PUBACK = bytes.fromhex("4002")


def numbers(wire: socket.socket) -> list[bytes]:
    """The packet ids of the short publishes that have come: type, length, topic "t", id."""
    data = wire.recv(4_096) if select.select([wire], [], [], 0)[0] else b""
    found = []
    while data:
        assert data[0] == PUBLISH_QOS_1
        found.append(data[5:7])
        data = data[2 + data[1] :]
    return found


def test_no_more_are_on_their_way_than_the_broker_takes() -> None:
    """What is beyond the Receive Maximum of our broker waits until others are confirmed."""
    with dialled() as (link, wire):
        assert wire.recv(4_096)
        wire.sendall(CONNACK)
        until(lambda: link.poll(1) and link.up, "it stands")
        for _ in range(IN_FLIGHT_MAX + 3):
            assert link.publish(Packet("t", b"x"))
        for count in (IN_FLIGHT_MAX, 3):
            link.poll(20)
            came = numbers(wire)
            assert len(came) == count
            wire.sendall(b"".join(PUBACK + number for number in came))
