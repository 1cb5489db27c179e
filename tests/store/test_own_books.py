"""The store holds what a cart says of a trip against its own books, and takes no other sum."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.store import PairClaim, PayAnswer, PayRequest
from cart.core.basket import Basket
from cart.core.catalog import CodeLayout, Fee, TaxRate
from cart.core.events import (
    CatalogAdopted,
    CodeEvidence,
    Event,
    Evidence,
    FeeChosen,
    ItemAdded,
    ItemRemoved,
    LineRepriced,
    TripBound,
    TripOpened,
)
from cart.core.pricing.member_price import MemberPrice
from cart.core.weights import Weight
from store import catalogs, chain, counter, disputes, doubts, trips
from store.__main__ import main
from store.database import open_database, transaction
from store.keys import signer_of
from store.ledger import ingest
from tests.store.shop import CART, CATALOG, batch, granted, import_catalog, item, rows, trip_events

FIRST = replace(
    CATALOG,
    tax_rates=(TaxRate("standard", 0),),
    fees=(Fee("bag", "Bag", 10, quantity_max=3),),
    deals=(MemberPrice(deal_id="m", title="Members", skus=("tomatoes-400g",), price_minor=100),),
    code_layouts=(CodeLayout("21", "price"),),
    products=(
        CATALOG.products[0],
        replace(CATALOG.products[1], plu="4011"),
        replace(CATALOG.products[1], sku="loin", name="Loin", price_minor=599, price_unit="lb"),
    ),
)
TIN, BANANAS, LOIN = FIRST.products
LABEL = "2104011003505"  # bananas (4011) at 3.50
BAG = FeeChosen(5, "bag", "Bag", 1, 10)


def bananas(price_minor: int, unit_minor: int = 199, mass_mg: int | None = 500_000) -> ItemAdded:
    """Half a kilogram of them."""
    return ItemAdded(3, "L1", "bananas", "Bananas", 1, unit_minor, price_minor, mass_mg)


@pytest.fixture
def books(database: Connection) -> Connection:
    """A store with three catalogs: in the second tins cost 1.29, and in the third 1.59."""
    catalogs.add(database, FIRST)
    for version, price_minor in ((2, 129), (3, 159)):
        tin = replace(TIN, price_minor=price_minor)
        catalogs.add(database, replace(FIRST, version=version, products=(tin, BANANAS, LOIN)))
    return database


def asked(database: Connection, *facts: Event, total_minor: int | None = None) -> PayAnswer:
    """The answer to a cart that asks for what it adds up to itself, or for another sum."""
    events: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1"), *facts]
    ingest(database, CART, batch(rows(events)))
    trip = next(each for each in trips.all_trips(database) if each.cart == CART)
    if total_minor is None:
        total_minor = trips.priced(database, trip).receipt.total_minor
    asks = PayRequest(trip.trip_id, 1, total_minor, 1, len(events))
    answer = counter.pay(database, CART, asks)
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ([replace(item(1), price_minor=1, unit_price_minor=1)], "line L1 price_minor: 149"),
        ([replace(item(1), price_minor=1)], "line L1 price_minor: 149"),
        ([item(1), replace(item(2), price_minor=129, unit_price_minor=129)], "line L2"),
        ([replace(item(1), price_minor=1, mass_mg=5_000)], "tomatoes-400g was not sold so"),
        ([replace(item(1), sku="gold", price_minor=1, unit_price_minor=1)], "gold was not sold so"),
        ([bananas(1, 1)], "line L1 price_minor: 100"),
        ([bananas(1)], "line L1 price_minor: 100"),
        ([item(1), replace(BAG, amount_minor=-500_000)], "fee bag: 1 x, 10"),
        ([item(1), replace(BAG, amount_minor=1)], "fee bag: 1 x, 10"),
        ([item(1), replace(BAG, quantity=-9)], "fee bag: 1 x, 10"),
        ([item(1), replace(BAG, fee_id="tip", amount_minor=-5)], "fee tip"),
        ([replace(bananas(1, 1, None), evidence=Evidence(code=CodeEvidence("4011", "", "", 1)))],
         "bananas was not sold so"),
    ],
)  # fmt: skip
def test_prices_and_fees_are_the_store_s(books: Connection, facts: list[Event], says: str) -> None:
    """What the store sold nobody at that price is not taken; the answer names the place."""
    answer = asked(books, *facts)
    assert answer.outcome == "mismatch"
    assert says in answer.reason
    if "sold so" not in answer.reason and "no such fee" not in answer.reason:
        assert answer.receipt is not None
        assert answer.receipt.total_minor == answer.total_minor > 0


@pytest.mark.parametrize(
    "facts",
    [
        # A price that fell in mid-trip and rose again: each of the three is one of the trip's.
        [item(1), CatalogAdopted(2, 2, ""), LineRepriced(3, "L1", 129, 129, 149, 2),
         CatalogAdopted(4, 3, ""),
         replace(item(2), price_minor=129, unit_price_minor=129, higher_unit_minor=159)],
        [item(1), CatalogAdopted(4, 3, ""), replace(item(2), quantity=2, price_minor=298)],
        # By the kilogram, by the pound and its label's own figures, and by a label's price.
        [bananas(100)],
        [replace(bananas(749, 599, 566_990), sku="loin", weight=Weight("1.25", "lb"),
                 price_unit="lb")],
        [replace(bananas(350, 350, None), evidence=Evidence(code=CodeEvidence(LABEL, "", "", 1)))],
        [item(1), replace(BAG, quantity=3)],
    ],
)  # fmt: skip
def test_what_a_cart_may_say_is_settled(books: Connection, facts: list[Event]) -> None:
    """Lower prices in mid-trip, weights, labels and fees: no item for anybody to settle."""
    assert asked(books, *facts).outcome == "settled"
    assert disputes.rows(books) == []


@pytest.mark.parametrize(("is_member", "outcome"), [(False, "mismatch"), (True, "settled")])
def test_a_member_is_whom_the_store_granted_it(
    books: Connection, outcome: str, *, is_member: bool
) -> None:
    """A cart that says so alone gets no members' price."""
    granted(books, "trip-9", member=is_member)
    answer = asked(books, item(1), TripBound(2, "trip-9", "ann", member=True))
    assert (answer.outcome, answer.total_minor) == (outcome, 100 if is_member else 149)


def test_a_shopper_is_whom_the_store_granted_it(books: Connection, tmp_path: Path) -> None:
    """A trip under a name that the store gave it not to is nobody's: what it costs is taken, it
    shows on the list, and the shopper's own move does not find it."""
    answer = asked(books, TripBound(2, "trip-9", "ann"), item(1))
    assert answer.outcome == "settled"
    (found,) = disputes.rows(books)
    assert (found["trip_id"], found["about"], found["cart_says"], found["store_says"]) == (
        "trip-9", "shopper", "ann", "nobody")  # fmt: skip
    granted(books, "trip-2", cart="cart-2")
    entries: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "trip-2", "ann"), item(1)]
    ingest(books, "cart-2", batch(rows(entries)))
    ingest(books, "cart-3", batch(rows([TripOpened(1, "evil", "ann"), *[item(n) for n in (1, 2)]])))
    counter.offer(books, "cart-4", "nonce-0004", 0)
    claim = PairClaim("cart-4", "nonce-0004", "ann", move=True)
    grant = counter.claim(books, signer_of(tmp_path), claim, 0)
    assert len(msgspec.json.decode(grant.carried, type=Basket).lines) == 1


def test_what_was_carried_may_cost_what_it_did(books: Connection, tmp_path: Path) -> None:
    """A line comes from another cart at the price of then, though the new cart never had that
    catalog, and though an older cart tells a price by the pound without its unit."""
    loin = replace(bananas(749, 599, 566_990), line_id="L2", sku="loin", price_unit="lb")
    granted(books, "trip-1", cart="cart-2")
    before: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1", "ann"), item(1), loin]
    ingest(books, "cart-2", batch(rows(before)))
    counter.offer(books, CART, "nonce-0004", 0)
    claim = PairClaim(CART, "nonce-0004", "ann", move=True)
    grant = counter.claim(books, signer_of(tmp_path), claim, 0)
    proof = Evidence(decided_by="carried")
    brought = [replace(item(1), evidence=proof), replace(loin, price_unit="kg", evidence=proof)]
    events: list[Event] = [CatalogAdopted(0, 3, ""), TripOpened(1, grant.trip_id, "ann"), *brought]
    ingest(books, CART, batch(rows(events)))
    answer = counter.pay(books, CART, PayRequest(grant.trip_id, 1, 898, 1, 4))
    assert answer is not None
    assert answer.outcome == "settled"


def test_an_older_journal_s_request_takes_nothing(books: Connection) -> None:
    """The trip was told again in a newer journal, and not all of it yet."""
    events: list[Event] = [CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1"), item(1)]
    ingest(books, CART, batch(rows(events)))
    ingest(books, CART, batch(rows(events[:2]), epoch=2))
    answer = counter.pay(books, CART, PayRequest("trip-1", 1, 0, 1, 3))
    assert answer is not None
    assert answer.outcome == "mismatch"


def test_what_came_after_the_payment_shows(books: Connection) -> None:
    """Goods that a cart states beside a paid trip are an item with what was paid, and the receipt
    stays the one that was paid."""
    assert asked(books, item(1), item(2)).outcome == "settled"
    entries: list[Event] = [
        CatalogAdopted(0, 1, ""), TripOpened(1, "trip-1"), item(1), item(2), item(3)]  # fmt: skip
    gone = ItemRemoved(9, "L1", 1)
    ingest(books, CART, batch(rows([*entries, gone])[4:]))
    found = [(each["line_id"], each["about"], each["cart_says"], each["store_says"])
             for each in disputes.rows(books)]  # fmt: skip
    tin = "tomatoes-400g 1 at 149"
    assert found == [
        ("L1", "after_payment", "gone", tin),
        ("L3", "after_payment", tin, "nothing"),
    ]
    trip = trips.find(books, "trip-1")
    assert trip is not None
    shown = doubts.as_paid(books, trip)
    assert ([line.line_id for line in shown.lines], shown.receipt.total_minor) == (
        ["L1", "L2"],
        298,
    )
    assert shown.later == (f"L1: gone; paid: {tin}", f"L3: {tin}; paid: nothing")


def test_the_command_prints_what_was_paid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the receipt's id, too; what the cart said later stands below it, and is paid by nobody."""
    folder = tmp_path / "store"
    import_catalog(folder)
    entries = rows([*trip_events("trip-1", 1), item(7)])
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(entries[:3]))
        answer = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 3))
        assert answer is not None
        chain.seal(database, signer_of(folder))
        ingest(database, CART, batch(entries[3:]))
    capsys.readouterr()
    assert main(["receipt", "--data", str(folder), answer.receipt_id]) == 0
    told = capsys.readouterr().out
    assert "1.59" in told
    assert "after the payment, not paid: L7: tomatoes-400g 1 at 149; paid: nothing" in told
    assert "R00000001: verified" in told
    for wrong in ("R00000002", "R1", "R", "R" + "9" * 40, "R٣"):
        assert main(["receipt", "--data", str(folder), wrong]) == 1
    assert "no trip or receipt" in capsys.readouterr().err
