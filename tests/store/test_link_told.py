"""What cart and store tell each other beside the rows, over a real broker."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cart.core.basket import fold
from cart.core.effects import TellBasket
from cart.core.observations import BasketViewed
from tests.store.shop import item, trip_events
from tests.store.test_link import Shop, open_shop
from tests.waiting import until


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop on iotcore."""
    with open_shop(tmp_path) as opened:
        yield opened


def harm(shop: Shop, statement: str) -> None:
    """Do to the store's file what a bad disk does."""
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database, database:
        database.execute(statement)


def test_a_snapshot_heals_the_store(shop: Shop) -> None:
    """Rows that were lost and altered behind the store's back are as the cart wrote them again."""
    facts = [*trip_events("trip-1", 20), item(30)]
    shop.cart.write(facts)
    until(shop.cart.is_all_acked, "everything acknowledged")
    written = [(entry.seq, entry.hash) for entry in shop.cart.journal.entries_after(0, 100)]
    harm(shop, "DELETE FROM events WHERE seq > 18")
    harm(shop, "UPDATE events SET hash = 'x' WHERE seq = 7")
    assert shop.stored() != written
    shop.cart.link.perform(TellBasket(fold(facts)))
    until(lambda: shop.stored() == written, "the store has healed")
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database:
        bodies = [bytes(row[0]) for row in database.execute("SELECT event FROM events")]
    assert bodies == [bytes(entry.event) for entry in shop.cart.journal.entries_after(0, 100)]


def test_a_greeted_store_says_what_it_holds(shop: Shop) -> None:
    """A cart that comes back hears the store's view of its trip, to compare."""
    shop.cart.write(trip_events("trip-1", 2))
    until(shop.cart.is_all_acked, "everything acknowledged")
    shop.proxy.cut()
    shop.proxy.restore()
    seen = shop.cart.hear(BasketViewed)
    assert (seen.trip_id, seen.lines) == ("trip-1", 2)
