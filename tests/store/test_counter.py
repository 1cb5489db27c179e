"""The counter gives a cart to one shopper, once, and takes a sum only if it adds up the same."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, update

from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import CODE_LIFETIME_MS, PairClaim, PayRequest, decode
from cart.core.catalog import Fee
from cart.core.events import (
    BenefitsChosen,
    CatalogAdopted,
    FeeChosen,
    ItemRemoved,
    PaymentRequested,
    TimeNoted,
    TripBound,
    TripOpened,
)
from cart.core.pricing.percent_off import PercentOff
from cart.receipts.en16931 import as_terms
from cart.shell.store_catalog import StoreKey
from store import catalogs, chain, counter, limits, members, moving, trips
from store.keys import Signer, signer_of
from store.ledger import ingest
from store.paper import paper_of
from store.tables import grants
from store.tables import trips as trip_rows
from tests.store.shop import CART, CATALOG, batch, granted, rows, trip_events

NONCE = "nonce-0001"
CLAIM = PairClaim(CART, NONCE, "ann")
NOW_UTC_MS = 1_800_000_000_000


@pytest.fixture(autouse=True)
def _catalog(database: Connection) -> None:
    """The database has the test's catalog."""
    catalogs.add(database, msgspec.json.encode(CATALOG))


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """The hand of the store."""
    return signer_of(tmp_path)


def test_a_grant_is_signed_for_one_cart(database: Connection, signer: Signer) -> None:
    """The cart's key check holds for the grant as given, and for no other cart or trip."""
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    grant = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    key = StoreKey(signer.public_pem)
    assert key.has_signed(grant_text(CART, grant), grant.signature)
    assert not key.has_signed(grant_text("cart-2", grant), grant.signature)
    changed = replace(grant, member=True)
    assert not key.has_signed(grant_text(CART, changed), grant.signature)
    assert grant.expires_utc_ms == NOW_UTC_MS + CODE_LIFETIME_MS


def test_a_code_is_used_once(database: Connection, signer: Signer) -> None:
    """The same shopper gets the same trip again, another gets nothing, also on another cart."""
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    first = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    again = counter.claim(database, signer, CLAIM, NOW_UTC_MS + 1)
    assert first.trip_id == again.trip_id
    for other in (replace(CLAIM, shopper="bob"), replace(CLAIM, cart="cart-2")):
        with pytest.raises(ContractError, match="was used"):
            counter.claim(database, signer, other, NOW_UTC_MS)


def test_asked_again_it_is_the_same_grant(database: Connection, signer: Signer) -> None:
    """To the byte, until it ends; after that only while the cart shows the code, and never once
    the trip has begun."""
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    first = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    ends = first.expires_utc_ms
    assert counter.claim(database, signer, CLAIM, ends) == first
    with pytest.raises(ContractError, match="no such code"):
        counter.claim(database, signer, CLAIM, ends + 1)
    counter.offer(database, CART, NONCE, ends + 1)
    later = counter.claim(database, signer, CLAIM, ends + 1)
    assert (later.trip_id, later.expires_utc_ms) == (first.trip_id, ends + 1 + CODE_LIFETIME_MS)
    ingest(database, CART, batch(rows([TripOpened(1, first.trip_id, "ann")])))
    with pytest.raises(ContractError, match="was used"):
        counter.claim(database, signer, CLAIM, ends + 2)


@pytest.mark.parametrize("late_ms", [moving.OFFER_MS + 1, -moving.OFFER_MS - 1])
def test_a_code_grows_old(database: Connection, signer: Signer, late_ms: int) -> None:
    """What a cart has not said lately is on no screen, whichever way the clock was set."""
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    with pytest.raises(ContractError, match="no such code"):
        counter.claim(database, signer, CLAIM, NOW_UTC_MS + late_ms)


def test_who_is_a_member_the_store_knows(database: Connection, signer: Signer) -> None:
    """What an app says of itself is worth nothing; the store's list counts, as the trip begins."""
    said = b'{"cart":"cart-1","nonce":"nonce-0001","shopper":"ann","member":true}'
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    claim = decode(PairClaim, said)
    assert counter.claim(database, signer, claim, NOW_UTC_MS).member is False
    members.begin(database, "ann")
    members.begin(database, "ann")
    again = replace(claim, nonce="nonce-0002")
    counter.offer(database, CART, again.nonce, NOW_UTC_MS)
    assert counter.claim(database, signer, again, NOW_UTC_MS).member is True
    members.end(database, "ann")
    assert members.is_member(database, "ann") is False


@pytest.mark.parametrize("nonce", ["nonce-0000", "nonce-0002"])
def test_only_the_code_on_the_screen_counts(
    database: Connection, signer: Signer, nonce: str
) -> None:
    """A code that was replaced, or never shown, opens nothing."""
    counter.offer(database, CART, "nonce-0000", NOW_UTC_MS)
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    with pytest.raises(ContractError, match="no such code"):
        counter.claim(database, signer, replace(CLAIM, nonce=nonce), NOW_UTC_MS)


def test_sums_are_compared(database: Connection) -> None:
    """Rows first, then the sum: right is settled once, wrong is a mismatch with the store's sum."""
    ingest(database, CART, batch(rows(trip_events("trip-1", 3))))
    asked = PayRequest("trip-1", 1, 478, 1, 5)
    assert counter.pay(database, CART, replace(asked, upto_seq=6)) is None
    wrong = counter.pay(database, CART, replace(asked, total_minor=477))
    assert wrong is not None
    assert (wrong.outcome, wrong.total_minor) == ("mismatch", 478)
    assert wrong.receipt is not None
    assert wrong.receipt.total_minor == 478
    settled = counter.pay(database, CART, asked)
    assert settled is not None
    assert settled.receipt is not None
    assert (settled.outcome, settled.receipt.total_minor) == ("settled", 478)
    assert counter.pay(database, CART, asked) == settled
    other = counter.pay(database, CART, replace(asked, attempt=2, total_minor=1))
    assert other is not None
    assert other.outcome == "declined"


def test_all_rows_that_are_stored_are_added_up(database: Connection) -> None:
    """The sum of an older row is not all of it: nothing is taken, and the answer says what is."""
    events = [*trip_events("trip-1", 2), ItemRemoved(9, "L0", 1)]
    ingest(database, CART, batch(rows(events)))
    asked = PayRequest("trip-1", 1, 319, 1, 4)
    behind = counter.pay(database, CART, asked)
    assert behind is not None
    assert (behind.outcome, behind.total_minor) == ("mismatch", 159)
    settled = counter.pay(database, CART, replace(asked, total_minor=159))
    assert settled is not None
    assert settled.outcome == "settled"
    trip = trips.find(database, "trip-1")
    assert trip is not None
    assert chain.check(database, trip) == chain.VERIFIED


def test_unknown_trips_and_catalogs_are_mismatches(database: Connection) -> None:
    """What the store can't add up is never paid, and the reason is said."""
    ingest(database, CART, batch(rows(trip_events("trip-1", 1, sha256="f" * 64))))
    for trip_id, reason in (("trip-1", "not this store's"), ("trip-2", "no trip trip-2")):
        answer = counter.pay(database, CART, PayRequest(trip_id, 1, 159, 1, 3))
        assert answer is not None
        assert answer.outcome == "mismatch"
        assert reason in answer.reason


def test_impossible_events_are_a_mismatch(database: Connection) -> None:
    """A cart whose events can't follow each other is told so; the store goes on."""
    events = [*trip_events("trip-1", 1), PaymentRequested(5, "trip-1", 1, 159)]
    ingest(database, CART, batch(rows(events)))
    answer = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 4))
    assert answer is not None
    assert "do not fit" in answer.reason


def test_a_journal_that_was_replaced_tells_its_trip_again(database: Connection) -> None:
    """The rows of a new epoch count for a trip that both epochs hold, and it is paid once."""
    ingest(database, CART, batch(rows(trip_events("trip-1", 3))))
    ingest(database, CART, batch(rows(trip_events("trip-1", 1)), epoch=2))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 2, 3))
    assert settled is not None
    assert settled.outcome == "settled"


def test_a_guest_trip_gets_its_shopper(database: Connection) -> None:
    """A trip that began without a shopper is paid under the trip that pairing gave it."""
    events = trip_events("cart-1-1-1", 1)
    ingest(database, CART, batch(rows([*events, TripBound(4, "trip-1", "ann")])))
    unknown = counter.pay(database, CART, PayRequest("cart-1-1-1", 1, 159, 1, 4))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 4))
    assert unknown is not None
    assert settled is not None
    assert (unknown.outcome, settled.outcome) == ("mismatch", "settled")


def test_trips_follow_each_other(database: Connection) -> None:
    """The next trip begins empty, priced by the catalog that was adopted before the first."""
    first = rows(trip_events("trip-1", 1))
    ingest(database, CART, batch(first))
    database.execute(update(trip_rows).values(last_seq=3))
    more = rows([TripOpened(8, "trip-2"), *trip_events("x", 2)[2:]], 4, first[-1].hash)
    ingest(database, CART, batch(more))
    settled = counter.pay(database, CART, PayRequest("trip-2", 1, 319, 1, 6))
    assert settled is not None
    assert settled.outcome == "settled"


def test_a_grant_says_what_the_shopper_had(database: Connection, signer: Signer) -> None:
    """Offers with a limit count over paid trips of this shopper alone; the signature covers it."""
    limited = PercentOff(
        deal_id="half", title="Half", skus=("tomatoes-400g",), percent=50, max_per_shopper=2
    )
    catalogs.add(database, msgspec.json.encode(replace(CATALOG, version=2, deals=(limited,))))
    granted(database, "trip-1")
    opened = trip_events("trip-1", 1, shopper="ann")[1:]
    ingest(database, CART, batch(rows([CatalogAdopted(0, 2, ""), *opened])))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 79, 1, 3))
    assert settled is not None
    assert settled.outcome == "settled"
    counter.offer(database, CART, NONCE, NOW_UTC_MS)
    grant = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    assert grant.used == {"half": 1}
    key = StoreKey(signer.public_pem)
    assert key.has_signed(grant_text(CART, grant), grant.signature)
    forged = replace(grant, used={})
    assert not key.has_signed(grant_text(CART, forged), grant.signature)
    assert limits.used_by(database, "bob", CART, NOW_UTC_MS) == {}


@pytest.mark.parametrize(("said", "outcome"), [(1, "settled"), (0, "mismatch")])
def test_a_limited_offer_counts_as_granted(database: Connection, said: int, outcome: str) -> None:
    """A cart that says that its shopper never had it gets it no second time."""
    limited = PercentOff(
        deal_id="half", title="Half", skus=("tomatoes-400g",), percent=50, max_per_shopper=1
    )
    catalogs.add(database, replace(CATALOG, version=2, deals=(limited,)))
    granted(database, "trip-1")
    database.execute(update(grants).values(used=b'{"half":1}'))
    opened = TripOpened(1, "trip-1", "ann", used={"half": said})
    events = [CatalogAdopted(0, 2, ""), opened, *trip_events("", 1)[2:]]
    ingest(database, CART, batch(rows(events)))
    asked = PayRequest("trip-1", 1, 159 if said else 79, 1, 3)
    answer = counter.pay(database, CART, asked)
    assert answer is not None
    assert (answer.outcome, answer.total_minor) == (outcome, 159)


def test_the_receipt_says_when_and_with_what(database: Connection) -> None:
    """The time of the checkout is the date of the e-receipt, and each tender has its row."""
    sold = replace(
        CATALOG,
        version=2,
        products=tuple(replace(row, snap=True) for row in CATALOG.products),
        fees=(Fee("bag", "Bag", 10),),
    )
    catalogs.add(database, msgspec.json.encode(sold))
    facts = [
        CatalogAdopted(0, 2, ""),
        *trip_events("trip-1", 1)[1:],
        TimeNoted(2, "2026-11-22T18:30"),
        FeeChosen(3, "bag", "Bag", 1, 10),
        BenefitsChosen(4, wanted=True),
    ]
    ingest(database, CART, batch(rows(facts)))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 6))
    assert settled is not None
    assert settled.outcome == "settled"
    trip = trips.find(database, "trip-1")
    assert trip is not None
    found = paper_of(database, trip, "A store")
    assert found.tenders == {"food benefits": 149, "card": 10}
    terms = as_terms(found)
    assert (terms["BT-2"], terms["BT-108"], terms["BT-112"]) == ("2026-11-22", "0.10", "1.59")
    assert terms["BG-21"] == [
        {"BT-99": "0.10", "BT-102": "Z", "BT-103": "0.0000", "BT-104": "Fees"}
    ]
