"""Receipts' numbers over a store that came back from a backup."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, func, select

from cart.contract.store import PayRequest
from cart.core.events import PaymentSettled, TripClosed
from store import catalogs, counter, disputes, trips
from store.ledger import ingest
from store.tables import payments
from tests.store.shop import CART, CATALOG, batch, rows, trip_events


@pytest.fixture
def database(database: Connection) -> Connection:
    """A database with the test's catalog."""
    catalogs.add(database, msgspec.json.encode(CATALOG))
    return database


def pay(database: Connection, epoch: int, trip_id: str) -> None:
    """Three tins, paid."""
    facts = trip_events(trip_id, 3)
    ingest(database, CART, batch(rows(facts), epoch))
    answer = counter.pay(database, CART, PayRequest(trip_id, 1, 478, epoch, len(facts)))
    assert answer is not None
    assert answer.outcome == "settled"


@pytest.mark.parametrize(
    ("said", "next_id"),
    [("R00000007", "R00000008"), ("R00000001", "R00000002"), ("R2000000000", "R00000001"),
     ("R999999999999999999999", "R00000001"), ("7", "R00000001")],
)  # fmt: skip
@pytest.mark.parametrize("paid_before", [False, True])
def test_a_number_that_a_restored_store_forgot_is_not_given_again(
    database: Connection, said: str, next_id: str, *, paid_before: bool
) -> None:
    """A cart has a receipt that this store does not know: that is an item, and the next receipt's
    number lies above it, unless it is one that nobody can have got."""
    if paid_before:
        pay(database, 2, "trip-0")
        next_id = max(next_id, "R00000002")
    facts = [*trip_events("lost", 3), PaymentSettled(9, 1, said, 478), TripClosed(10, "lost", 478)]
    ingest(database, "cart-2", batch(rows(facts)))
    items = [each for each in disputes.rows(database) if each["about"] == "receipt"]
    assert [(each["trip_id"], each["cart_says"]) for each in items] == [("lost", said)]
    pay(database, 3, "trip-1")
    newest = database.scalar(select(func.max(payments.c.number)))
    assert trips.receipt_id(newest or 0) == next_id
