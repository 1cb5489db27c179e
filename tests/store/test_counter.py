"""The counter gives a cart to one shopper, once, and takes a sum only if it adds up the same."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import PairClaim, PayRequest
from cart.core.events import ItemRemoved, PaymentRequested, TripBound, TripOpened
from cart.shell.store_catalog import StoreKey
from store import catalogs, counter
from store.database import open_database
from store.keys import Signer, signer_of
from store.ledger import ingest
from tests.store.shop import CART, CATALOG, batch, rows, trip_events

NONCE = "nonce-0001"
CLAIM = PairClaim(CART, NONCE, "ann")
NOW_UTC_MS = 1_800_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A database with the test's catalog."""
    with closing(open_database(tmp_path)) as opened:
        catalogs.add(opened, msgspec.json.encode(CATALOG))
        yield opened


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    """The hand of the store."""
    return signer_of(tmp_path)


def test_a_grant_is_signed_for_one_cart(database: sqlite3.Connection, signer: Signer) -> None:
    """The cart's key check holds for the grant as given, and for no other cart or trip."""
    counter.offer(database, CART, NONCE)
    grant = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    key = StoreKey(signer.public_pem)
    assert key.has_signed(grant_text(CART, grant), grant.signature)
    assert not key.has_signed(grant_text("cart-2", grant), grant.signature)
    changed = replace(grant, member=True)
    assert not key.has_signed(grant_text(CART, changed), grant.signature)
    assert grant.expires_utc_ms == NOW_UTC_MS + counter.GRANT_MS


def test_a_code_is_used_once(database: sqlite3.Connection, signer: Signer) -> None:
    """The same shopper gets the same trip again, another gets nothing, also on another cart."""
    counter.offer(database, CART, NONCE)
    first = counter.claim(database, signer, CLAIM, NOW_UTC_MS)
    again = counter.claim(database, signer, CLAIM, NOW_UTC_MS + 1)
    assert first.trip_id == again.trip_id
    for other in (replace(CLAIM, shopper="bob"), replace(CLAIM, cart="cart-2")):
        with pytest.raises(ContractError, match="was used"):
            counter.claim(database, signer, other, NOW_UTC_MS)


@pytest.mark.parametrize("nonce", ["nonce-0000", "nonce-0002"])
def test_only_the_code_on_the_screen_counts(
    database: sqlite3.Connection, signer: Signer, nonce: str
) -> None:
    """A code that was replaced, or never shown, opens nothing."""
    counter.offer(database, CART, "nonce-0000")
    counter.offer(database, CART, NONCE)
    with pytest.raises(ContractError, match="no such code"):
        counter.claim(database, signer, replace(CLAIM, nonce=nonce), NOW_UTC_MS)


def test_sums_are_compared(database: sqlite3.Connection) -> None:
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


def test_only_rows_before_the_request_are_added_up(database: sqlite3.Connection) -> None:
    """What happened after the sum was shown is not part of it."""
    events = [*trip_events("trip-1", 2), ItemRemoved(9, "L0", 1)]
    ingest(database, CART, batch(rows(events)))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 319, 1, 4))
    assert settled is not None
    assert settled.outcome == "settled"


def test_unknown_trips_and_catalogs_are_mismatches(database: sqlite3.Connection) -> None:
    """What the store can't add up is never paid, and the reason is said."""
    ingest(database, CART, batch(rows(trip_events("trip-1", 1, sha256="f" * 64))))
    for trip_id, reason in (("trip-1", "not this store's"), ("trip-2", "no trip trip-2")):
        answer = counter.pay(database, CART, PayRequest(trip_id, 1, 159, 1, 3))
        assert answer is not None
        assert answer.outcome == "mismatch"
        assert reason in answer.reason


def test_impossible_events_are_a_mismatch(database: sqlite3.Connection) -> None:
    """A cart whose events can't follow each other is told so; the store goes on."""
    events = [*trip_events("trip-1", 1), PaymentRequested(5, "trip-1", 1, 159)]
    ingest(database, CART, batch(rows(events)))
    answer = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 4))
    assert answer is not None
    assert "do not fit" in answer.reason


def test_a_journal_that_was_replaced_tells_its_trip_again(database: sqlite3.Connection) -> None:
    """The rows of a new epoch count for a trip that both epochs hold, and it is paid once."""
    ingest(database, CART, batch(rows(trip_events("trip-1", 3))))
    ingest(database, CART, batch(rows(trip_events("trip-1", 1)), epoch=2))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 2, 3))
    assert settled is not None
    assert settled.outcome == "settled"


def test_a_guest_trip_gets_its_shopper(database: sqlite3.Connection) -> None:
    """A trip that began without a shopper is paid under the trip that pairing gave it."""
    events = trip_events("cart-1-1-1", 1)
    ingest(database, CART, batch(rows([*events, TripBound(4, "trip-1", "ann")])))
    unknown = counter.pay(database, CART, PayRequest("cart-1-1-1", 1, 159, 1, 4))
    settled = counter.pay(database, CART, PayRequest("trip-1", 1, 159, 1, 4))
    assert unknown is not None
    assert settled is not None
    assert (unknown.outcome, settled.outcome) == ("mismatch", "settled")


def test_trips_follow_each_other(database: sqlite3.Connection) -> None:
    """The next trip begins empty, priced by the catalog that was adopted before the first."""
    first = rows(trip_events("trip-1", 1))
    ingest(database, CART, batch(first))
    database.execute("UPDATE trips SET last_seq = 3")
    more = rows([TripOpened(8, "trip-2"), *trip_events("x", 2)[2:]], 4, first[-1].hash)
    ingest(database, CART, batch(more))
    settled = counter.pay(database, CART, PayRequest("trip-2", 1, 319, 1, 6))
    assert settled is not None
    assert settled.outcome == "settled"
