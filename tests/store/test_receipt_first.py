"""The receipt is made and kept at the settlement, and leaves before anything opens a door."""

from __future__ import annotations

from contextlib import closing
from random import Random

import msgspec
from sqlalchemy import select

from cart import mqtt
from cart.contract.store import CartState, PayAnswer, decode, packet, topic_of
from cart.core.effects import RequestPayment
from cart.core.events import PaymentRequested, PaymentSettled, TripClosed
from cart.core.observations import PaymentAnswered
from cart.shell.clock import monotonic_ms
from store.database import open_database
from store.tables import payments
from tests.store.open_shop import Shop
from tests.store.shop import CART, STORE, TENANT, trip_events
from tests.waiting import until

ANSWERS = topic_of("pay_answer", TENANT, STORE, cart=CART)
ROWS = topic_of("events", TENANT, STORE, cart=CART)


def test_the_receipt_comes_before_the_door(shop: Shop) -> None:
    """The answer that settles carries the kept receipt; only after it the trip's end is told."""
    heard: list[mqtt.Incoming] = []
    here = mqtt.Endpoint(shop.broker.host, shop.broker.port)
    will = packet("cart_state", CartState("x", online=False), TENANT, STORE, cart="gate")
    with closing(
        mqtt.Connection(here, "gate", [ANSWERS, ROWS], monotonic_ms, Random(1), will)
    ) as gate:

        def told(topic: str, words: bytes) -> list[int]:
            heard.extend(each for each in gate.poll(50) if isinstance(each, mqtt.Incoming))
            return [n for n, each in enumerate(heard)
                    if each.topic == topic and words in each.payload]  # fmt: skip

        until(lambda: gate.poll(50) and gate.up, "the gate listens")
        cart = shop.cart
        cart.write(trip_events("trip-1", 2, cart.link.catalog_sha256))
        cart.link.perform(RequestPayment("trip-1", 1, 319))
        (settled,) = until(lambda: told(ANSWERS, b"settled"), "the answer")
        with closing(open_database(shop.folder, read_only=True)) as database:
            kept = database.scalar(select(payments.c.receipt))
        assert cart.hear(PaymentAnswered).outcome == "settled"
        cart.write([PaymentRequested(2, "trip-1", 1, 319), PaymentSettled(3, 1, "R00000001", 319),
                    TripClosed(4, "trip-1", 319)])  # fmt: skip
        (closed,) = until(lambda: told(ROWS, b"trip_closed"), "the trip's end is told")
    assert settled < closed
    receipt = decode(PayAnswer, heard[settled].payload).receipt
    assert receipt is not None
    assert (receipt.total_minor, len(receipt.lines)) == (319, 2)
    assert kept == msgspec.json.encode(receipt)
