"""A store whose database lost or altered rows gets them back by a cart's snapshot."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, delete, select, update

from cart.contract.lines import ContractError
from cart.contract.store import PAYLOAD_BYTES_MAX, BasketView, Entry, Snap
from cart.core.basket import Basket, fold
from cart.core.events import CommandTaken, Event, TripClosed, TripOpened
from cart.shell.store_outbox import fitting
from store import archive, catalogs, healing, ledger, trips
from store.database import transaction
from store.tables import events, journals
from store.tables import trips as trip_rows
from tests.store.shop import CART, CATALOG, batch, item, rows, trip_events

TRIP = "trip-1"
FACTS = [*trip_events(TRIP, 6), item(7)]
ROWS = rows(FACTS)
LONG = CommandTaken(9, "c-1", "logs", {"why": "x" * PAYLOAD_BYTES_MAX})


def snap_of(facts: list[Event], entries: list[Entry]) -> Snap:
    """What the cart says of itself after these rows."""
    basket = msgspec.Raw(msgspec.json.encode(fold(facts)))
    newest = entries[-1]
    return Snap(TRIP, newest.seq, 1, newest.seq, newest.hash, basket)


@pytest.fixture
def stored(database: Connection) -> Connection:
    """A store that has every row of a trip."""
    with transaction(database):
        catalogs.add(database, CATALOG)
        ledger.ingest(database, CART, batch(ROWS))
    return database


def kept(database: Connection) -> list[tuple[int, bytes, str]]:
    """What the store holds of the journal."""
    found = select(events.c.seq, events.c.event, events.c.hash).order_by(events.c.seq)
    return [(row.seq, bytes(row.event), row.hash) for row in database.execute(found)]


WHOLE = [(entry.seq, bytes(entry.event), entry.hash) for entry in ROWS]
HARM = {
    "a row is gone": delete(events).where(events.c.seq == 5),
    "the newest rows are gone": delete(events).where(events.c.seq > 6),
    "the first row of the trip is gone": delete(events).where(events.c.seq == 2),
    "a price was altered": update(events).where(events.c.seq == 4).values(event=b'{"kind":"x"}'),
    "a hash was altered": update(events).where(events.c.seq == 4).values(hash="ab" * 32),
    "where it stands was altered": update(journals).values(hash="ab" * 32),
    "everything is gone": delete(events),
    "the trip is gone": delete(trip_rows),
}


@pytest.mark.parametrize("harm", HARM)
def test_what_was_lost_or_altered_comes_back(stored: Connection, harm: str) -> None:
    """The snapshot shows it, the answer names the first row to send again, and all is as before."""
    snap = snap_of(FACTS, ROWS)
    with transaction(stored):
        stored.execute(HARM[harm])
        wanted = healing.take(stored, CART, snap)
        assert wanted is not None
        assert wanted.need_from == wanted.upto_seq + 1
        if again := ROWS[wanted.upto_seq :]:
            ledger.ingest(stored, CART, batch(again))
        assert kept(stored) == WHOLE
        assert healing.take(stored, CART, snap) is None
        trip = trips.find(stored, TRIP, CART)
        assert trip is not None
        assert len(trips.priced(stored, trip).lines) == 7


def test_a_sound_store_changes_nothing(stored: Connection) -> None:
    """A snapshot that agrees asks for nothing, and what the store tells the cart agrees with it."""
    with transaction(stored):
        assert healing.take(stored, CART, snap_of(FACTS, ROWS)) is None
        assert kept(stored) == WHOLE
        told = healing.view(stored, CART)
        assert told == BasketView(TRIP, 9, 7, 1116)


def test_another_journal_is_never_believed(stored: Connection) -> None:
    """Rows that prove themselves stay; the cart learns by the hash that it has to begin anew."""
    other = rows([*trip_events(TRIP, 6), item(8)])
    with transaction(stored):
        answer = healing.take(stored, CART, snap_of(FACTS, other))
        assert answer is not None
        assert (answer.need_from, answer.upto_seq, answer.hash) == (None, 9, ROWS[-1].hash)
        assert kept(stored) == WHOLE


def test_another_fold_is_refused(stored: Connection) -> None:
    """Of the same rows the store comes to another basket: that is said aloud."""
    snap = replace(snap_of(FACTS, ROWS), basket=msgspec.Raw(msgspec.json.encode(Basket())))
    with transaction(stored), pytest.raises(ContractError, match="folds trip"):
        healing.take(stored, CART, snap)


def test_an_event_that_fits_no_message_blocks_nobody(database: Connection) -> None:
    """It is left out, the rows behind it follow, and the snapshot stands for it until the trip is
    paid."""
    facts = [*FACTS, LONG, item(10)]
    entries = rows(facts)
    sent: list[Entry] = []
    while len(sent) < len(entries):
        sent += fitting(tuple(entries[len(sent) :]))
    assert len(msgspec.json.encode(batch(sent))) < PAYLOAD_BYTES_MAX
    with transaction(database):
        catalogs.add(database, CATALOG)
        ack = ledger.ingest(database, CART, batch(sent))
        assert ack.upto_seq == len(entries)
        assert [row.seq for row in ack.rejected] == [10]
        assert healing.take(database, CART, snap_of(facts, entries)) is None
        trip = trips.find(database, TRIP, CART)
        assert trip is not None
        priced = trips.priced(database, trip)
        assert len(priced.lines) == 8
        assert fold(facts).lines == priced.lines


DAY_MS = 86_400_000
NEXT = "trip-2"


@pytest.fixture
def dropped(database: Connection) -> Connection:
    """A store whose first trip was packed and dropped at its time; the next one goes on."""
    first = rows([*trip_events(TRIP, 3), TripClosed(9, TRIP, 447)])
    with transaction(database):
        catalogs.add(database, CATALOG)
        ledger.ingest(database, CART, batch(first), now_utc_ms=DAY_MS)
        archive.archive(database, 40 * DAY_MS, 30, 400)
        archive.archive(database, 441 * DAY_MS, 30, 400)
        later = rows([TripOpened(10, NEXT, None), item(0)], len(first) + 1, first[-1].hash)
        ledger.ingest(database, CART, batch(later), now_utc_ms=442 * DAY_MS)
    return database


def next_snap(database: Connection) -> Snap:
    """What the cart says of the next trip."""
    newest = kept(database)[-1]
    trip = trips.find(database, NEXT, CART)
    assert trip is not None
    basket = trips.fold_of(database, trip, newest[0])
    told = msgspec.Raw(msgspec.json.encode(basket))
    return Snap(NEXT, 1, 1, newest[0], newest[2], told)


def test_what_was_dropped_is_not_asked_for_again(dropped: Connection) -> None:
    """An honest snapshot of the next trip changes nothing, nor brings back what had its time."""
    with transaction(dropped):
        before = kept(dropped)
        assert healing.take(dropped, CART, next_snap(dropped)) is None
        assert kept(dropped) == before


@pytest.mark.parametrize(("trip_id", "upto_seq"), [(NEXT, 3), (TRIP, 3), ("never-heard-of", 8)])
def test_an_odd_snapshot_after_that_is_refused(
    dropped: Connection, trip_id: str, upto_seq: int
) -> None:
    """Of a row or a trip that is no longer here, or never was: rows that prove themselves stay."""
    with transaction(dropped):
        before = kept(dropped)
        snap = replace(next_snap(dropped), trip_id=trip_id, upto_seq=upto_seq)
        with pytest.raises(ContractError, match="Snap: "):
            healing.take(dropped, CART, snap)
        assert kept(dropped) == before
