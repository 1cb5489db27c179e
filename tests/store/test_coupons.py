"""A coupon that is good once: one trip has it, paying uses it up, the end of the trip frees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.store import CouponRequest, PayRequest
from cart.core.catalog import PositiveOffer
from cart.core.effects import ReserveCoupon
from cart.core.events import (
    CatalogAdopted,
    CodeEvidence,
    CouponReserved,
    CouponTaken,
    Event,
    TripBound,
    TripOpened,
)
from cart.core.observations import CatalogArrived, CouponAnswered, LinkChanged
from cart.core.pricing.coupon import Coupon
from rig.broker import Broker
from store import catalogs, counter, coupons
from store.database import open_database
from store.ledger import ingest
from tests.store.shop import (
    CART,
    CATALOG,
    CartLink,
    StoreProcess,
    batch,
    import_catalog,
    item,
    rows,
)
from tests.waiting import until

TEXT = "81120" + "0" + "952000" + "000777" + "0" + "123456"
ID = "8112-" + TEXT[4:]
OFFER = Coupon(deal_id="777", title="One off", skus=("tomatoes-400g",), amount_minor=49)
SOLD = replace(CATALOG, positive_offers=(PositiveOffer("952000", "000777", OFFER),))
TAKEN = CouponTaken(5, ID, CodeEvidence(TEXT, "]e0", "scanner", 4), waits=True)
RESERVED = CouponReserved(6, ID)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Connection]:
    """A database with a catalog that knows the offer."""
    with closing(open_database(tmp_path)) as opened:
        catalogs.add(opened, msgspec.json.encode(SOLD))
        yield opened


def trip(database: Connection, trip_id: str, cart: str = CART, *more: Event) -> None:
    """The rows of a trip with a tin, and whatever else happened; each cart's first."""
    facts: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, trip_id), item(1), *more]
    ingest(database, cart, batch(rows(facts)))


def outcome(database: Connection, trip_id: str, cart: str = CART) -> str | None:
    """What the store says to a coupon shown on a trip."""
    answer = coupons.reserve(database, cart, CouponRequest(trip_id, ID))
    return None if answer is None else answer.outcome


def test_one_trip_has_it(database: Connection) -> None:
    """Not before its rows are there; then the first, as often as it asks, and no other cart."""
    assert outcome(database, "trip-1") is None
    trip(database, "trip-1")
    trip(database, "trip-2", "cart-2")
    assert [outcome(database, "trip-1") for _ in "12"] == ["reserved"] * 2
    assert outcome(database, "trip-2", "cart-2") == "in_use"


def test_it_stays_with_a_guest_who_pairs(database: Connection) -> None:
    """The trip gets another name; the coupon is still its own."""
    facts: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "guest"), item(1)]
    ingest(database, CART, batch(rows(facts)))
    assert outcome(database, "guest") == "reserved"
    ingest(database, CART, batch(rows([*facts, TripBound(3, "trip-1", "ann")])))
    assert outcome(database, "trip-1") == "reserved"
    trip(database, "trip-2", "cart-2")
    assert outcome(database, "trip-2", "cart-2") == "in_use"


def test_an_abandoned_trip_gives_it_back(database: Connection) -> None:
    """A cart that begins another trip has left the first one behind."""
    trip(database, "trip-1")
    assert outcome(database, "trip-1") == "reserved"
    again = rows([CatalogAdopted(0, 1, ""), TripOpened(1, "trip-3")])
    ingest(database, CART, batch(again, epoch=2))
    trip(database, "trip-2", "cart-2")
    assert outcome(database, "trip-2", "cart-2") == "reserved"
    assert outcome(database, "trip-1") == "in_use"


def test_paying_uses_it_up(database: Connection) -> None:
    """What it took off is paid for; no trip gets it again."""
    trip(database, "trip-1", CART, TAKEN, RESERVED)
    asked = PayRequest("trip-1", 1, 107, 1, 5)  # 149 - 49 and 7 % tax
    early = counter.pay(database, CART, asked)
    assert early is not None
    assert (early.outcome, early.reason) == ("declined", f"{ID} is not reserved")
    assert outcome(database, "trip-1") == "reserved"
    settled = counter.pay(database, CART, asked)
    assert settled is not None
    assert settled.outcome == "settled"
    trip(database, "trip-2", "cart-2")
    assert outcome(database, "trip-2", "cart-2") == "used"


def test_one_that_took_nothing_off_is_kept(database: Connection) -> None:
    """Reserved, but its goods never came: after the trip it is as good as before."""
    facts: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1"), TAKEN, RESERVED]
    ingest(database, CART, batch(rows(facts)))
    assert outcome(database, "trip-1") == "reserved"
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 0, 1, 4))
    assert settled is not None
    assert settled.outcome == "settled"
    assert outcome(database, "trip-1") == "reserved"


def test_cart_and_store_agree_over_the_wire(tmp_path: Path) -> None:
    """The cart's question goes over a real broker to a real store, and the answer comes back."""
    folder = tmp_path / "store"
    import_catalog(folder, SOLD)
    with (
        Broker(tmp_path, "iotcore") as broker,
        StoreProcess(folder, (broker.host, broker.port)),
        CartLink(tmp_path / "cart", (broker.host, broker.port), folder / "store.pub") as cart,
    ):
        cart.hear(CatalogArrived)
        assert cart.hear(LinkChanged).online
        cart.write([CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1"), item(1)])
        until(cart.is_all_acked, "the store has the trip")
        cart.link.perform(ReserveCoupon("trip-1", ID))
        assert cart.hear(CouponAnswered).outcome == "reserved"
