"""Nothing that a peer says ends the store or blocks it for good: it refuses that one thing, says so
by name, and serves the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cart import mqtt
from cart.contract.store import Ack, Birth, Packet, decode, packet, topic_of
from store.authority import Authority
from store.database import open_database
from store.keys import signer_of
from store.news import Fleet
from store.orders import Orders
from store.provisioning import Provisioning
from store.service import RETRY_MS_MAX, UP_CHANNELS, Service
from tests.data import ROOT
from tests.store.shop import CART, STORE, TENANT
from tests.store.simulated import Air, Wire

SAMPLES = ROOT / "tests/contract/samples"
BORN = Birth("boot-1", 1, 0, 0, "0", 0)
# What overflows a column, a product of two numbers, or the decimal text of a number.
EXTREMES = (-1, 2**62, 92_233_720_368_548, 2**63 - 1, 2**63, 2**70, 10**300)


class Store:
    """A service that never waits, on an air of its own, with an authority that let one cart in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_ms, self.air = folder, 1_800_000_000_000, Air()
        self.database, signer = open_database(folder), signer_of(folder)
        self.provisioning = Provisioning(Authority(folder / "authority"), self.clock)
        self.provisioning.register(CART)
        simulated: type[Service] = type(
            "Simulated", (Service,), {"connects": type("End", (Wire,), {"air": self.air})}
        )
        fleet = Fleet(self.provisioning, Orders(folder, signer, self.clock))
        self.service = simulated(
            mqtt.Endpoint("127.0.0.1", 1), TENANT, STORE, self.database, signer,
            self.clock, self.clock, fleet,
        )  # fmt: skip
        self.turn()

    def clock(self) -> int:
        """Both clocks."""
        return self.now_ms

    def turn(self) -> None:
        """The next turn, a while later."""
        self.now_ms += RETRY_MS_MAX
        self.service.turn(0, lambda: None)

    def hear(self, channel: str, *payloads: bytes, cart: str = CART) -> None:
        """A cart says these, and the service takes them."""
        topic = topic_of(channel, TENANT, STORE, cart=cart)
        for payload in payloads:
            self.air.take(Packet(topic, payload))
        self.turn()

    def greeted(self, born: Birth = BORN) -> Ack:
        """How it answers a cart's greeting: it lives."""
        self.air.last.clear()
        self.air.take(packet("birth", born, TENANT, STORE, cart=CART))
        self.turn()
        topic = topic_of("ack", TENANT, STORE, cart=CART)
        (ack,) = [decode(Ack, each.payload) for each in self.air.last if each.topic == topic]
        return ack


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store, to be closed."""
    made = Store(tmp_path)
    with closing(made.database):
        yield made
        for wire in list(made.air.wires):
            wire.cut()
            wire.close()


def extremes_of(sample: bytes) -> Iterator[bytes]:
    """The message once for each number in it and each extreme."""
    tree = msgspec.json.decode(sample)
    for put in _places(tree):
        for extreme in EXTREMES:
            before = put(extreme)
            yield msgspec.json.encode(tree)
            put(before)


def _places(node: Any) -> Iterator[Callable[[int], int]]:  # noqa: ANN401 - any JSON
    """How to replace each number below a node, which gives the one before."""
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            if type(node[key]) is int:

                def put(value: int, key: Any = key) -> int:  # noqa: ANN401 - of either
                    before, node[key] = node[key], value
                    return int(before)

                yield put
            yield from _places(node[key])


def test_no_number_of_a_message_ends_the_store(store: Store) -> None:
    """Each number of each message that a cart may send, as large or as small as JSON has them."""
    for channel in UP_CHANNELS:
        for path in SAMPLES.glob(f"{channel}.*.json"):
            store.hear(channel, *extremes_of(path.read_bytes()))
    assert store.greeted().epoch == BORN.epoch


def test_a_chunk_that_no_catalog_has_is_refused(store: Store) -> None:
    """Of numbers a head has a thousand, so an offset never overflows."""
    asked = {"correlation": "a", "what": "chunk", "sha256": "0" * 64}
    for number in (999, 1_000, 92_233_720_368_548):
        store.hear("get", msgspec.json.encode({**asked, "number": number}))
    given = topic_of("given", TENANT, STORE, cart=CART)
    assert [each.topic for each in store.air.last].count(given) == 1
