"""A whole shop to test with: broker, store and cart, the network between them a bad one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random

from cart import mqtt
from cart.contract.store import CartState, Packet, packet
from cart.core.observations import CatalogArrived, LinkChanged
from cart.shell.clock import monotonic_ms
from rig.broker import Broker, Kind
from rig.proxy import FaultProxy
from tests.store.shop import STORE, TENANT, CartLink, StoreProcess, import_catalog
from tests.waiting import until


class Shop:
    """A broker, a store and a cart behind a bad network."""

    def __init__(self, folder: Path, broker: Broker, stack: ExitStack) -> None:
        self.folder = folder / "store"
        self.broker = broker
        self.stack = stack
        import_catalog(self.folder)
        self.store = stack.enter_context(StoreProcess(self.folder, (broker.host, broker.port)))
        self.proxy = stack.enter_context(FaultProxy((broker.host, broker.port)))
        at = (self.proxy.host, self.proxy.port)
        self.cart = stack.enter_context(CartLink(folder / "cart", at, self.folder / "store.pub"))

    def stored(self) -> list[tuple[int, str]]:
        """(number, hash) of every row the store has, in the order of commits."""
        with closing(sqlite3.connect(self.folder / "store.sqlite")) as database:
            return database.execute("SELECT seq, hash FROM events ORDER BY number").fetchall()

    def someone(self, name: str) -> mqtt.Connection:
        """Somebody else on the broker."""
        here = mqtt.Endpoint(self.broker.host, self.broker.port)
        will = packet("cart_state", CartState("x", online=False), TENANT, STORE, cart=name)
        someone = mqtt.Connection(here, name, [], monotonic_ms, Random(1), will)
        self.stack.callback(someone.close)
        until(lambda: someone.poll(50) and someone.up, f"{name} connects")
        return someone

    def say(self, someone: mqtt.Connection, *packets: Packet) -> None:
        """Publish, and let it leave."""
        for each in packets:
            assert someone.publish(each)
        someone.poll(0)


@contextmanager
def open_shop(folder: Path, kind: Kind = "iotcore") -> Iterator[Shop]:
    """A shop that is ready: the cart is online and has its catalog."""
    with ExitStack() as stack:
        shop = Shop(folder, stack.enter_context(Broker(folder, kind)), stack)
        shop.cart.hear(CatalogArrived)
        assert shop.cart.hear(LinkChanged).online
        yield shop
