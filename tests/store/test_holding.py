"""At a payment counts what the store itself says by now, whatever its carts have adopted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.store import PayRequest
from cart.core.catalog import Recall
from store import catalogs, counter, published
from store.catalogs import Hours
from store.ledger import ingest
from tests.store.shop import CART, CATALOG, batch, rows, trip_events

NOW_MS, LATER_MS = 5_000, 6_000
GLASS = Recall("tomatoes-400g", "may contain glass")


@pytest.mark.parametrize(
    ("effective_ms", "beside", "outcome"),
    [(0, None, "declined"), (LATER_MS, None, "settled"), (0, [], "settled")],
)
def test_the_newest_catalog_calls_back_what_a_cart_may_still_sell(
    database: Connection, effective_ms: int, beside: list[Recall] | None, outcome: str
) -> None:
    """A cart that has the catalog before takes no money for it, from its hour on, unless a
    published table stands in the place of the catalog's."""
    catalogs.add(database, CATALOG)
    newer = replace(CATALOG, version=2, recalls=(GLASS,))
    catalogs.add(database, newer, Hours(effective_ms, NOW_MS))
    if beside is not None:
        published.add(database, "recall", beside, NOW_MS)
    ingest(database, CART, batch(rows(trip_events("trip-1", 1))))
    answer = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 3), NOW_MS)
    assert answer is not None
    assert answer.outcome == outcome
    assert ("called back: may contain glass" in answer.reason) == (outcome == "declined")
