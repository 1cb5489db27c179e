"""Rows of old trips leave the hot table, read the same from their pack, and go in the end."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, func, select, update

from cart.contract.store import FIRST_HASH, Entry, PairClaim, PayRequest, chain_hash
from cart.core.events import Event, TripClosed, TripOpened
from store import catalogs, counter, trips
from store.__main__ import main
from store.archive import DAY_MS, Daily, Packed, archive
from store.archive import rows as stored_rows
from store.database import DatabaseError, hold_alone, open_database, transaction
from store.keys import signer_of
from store.ledger import ingest, stored_seq
from store.tables import events, grants
from tests.store.shop import CART, CATALOG, batch, granted, item, rows, trip_events

NONCE = "nonce-0001"
CLOSED = [*trip_events("trip-1", 2), TripClosed(9, "trip-1", 319)]
NEXT: list[Event] = [TripOpened(10, "trip-2", "bob"), item(7)]


@pytest.fixture
def journal(database: Connection, tmp_path: Path) -> list[Entry]:
    """A paid trip, closed on day 0, and one that goes on: their rows, which are stored."""
    catalogs.add(database, msgspec.json.encode(CATALOG))
    counter.offer(database, CART, NONCE, 0)
    counter.claim(database, signer_of(tmp_path), PairClaim(CART, NONCE, "ann"), 0)
    database.execute(update(grants).values(trip_id="trip-1"))
    first = rows(CLOSED)
    ingest(database, CART, batch(first[:-1]))
    counter.pay(database, CART, PayRequest("trip-1", 1, 319, 1, 4))
    ingest(database, CART, batch(first[-1:]), now_utc_ms=0)
    second = rows(NEXT, len(first) + 1, first[-1].hash)
    ingest(database, CART, batch(second), now_utc_ms=DAY_MS)
    return first + second


def hot(database: Connection) -> list[int]:
    """The numbers of the rows that are not packed."""
    return list(database.scalars(select(events.c.seq).order_by(events.c.seq)))


def test_only_old_closed_trips_are_packed(database: Connection, journal: list[Entry]) -> None:
    """A trip that goes on stays hot whatever its age, and so does the catalog it is priced by."""
    assert archive(database, 30 * DAY_MS, 30, 400) == Packed(0, 0)
    assert archive(database, 31 * DAY_MS, 30, 400) == Packed(5, 0)
    assert hot(database) == [1, 6, 7]
    assert archive(database, 32 * DAY_MS, 30, 400) == Packed(0, 0)
    assert stored_seq(database, CART, 1) == len(journal)


def test_packed_rows_read_the_same(database: Connection, journal: list[Entry]) -> None:
    """Byte for byte along the chain; the receipt with its evidence is what it was."""
    trip = trips.find(database, "trip-1")
    assert trip is not None
    before = trips.priced(database, trip)
    archive(database, 31 * DAY_MS, 30, 400)
    assert trips.priced(database, trip) == before
    last_hash = FIRST_HASH
    for entry, row in zip(journal, stored_rows(database, CART, 1, 1, 99), strict=True):
        last_hash = chain_hash(last_hash, bytes(row.event))
        assert (row.seq, bytes(row.event), row.hash) == (entry.seq, bytes(entry.event), last_hash)


def test_the_journal_goes_on_after_packing(database: Connection, journal: list[Entry]) -> None:
    """The next row hangs on the chain; a packed row sent again is known, a forged one is told."""
    archive(database, 31 * DAY_MS, 30, 400)
    more = rows([item(8)], len(journal) + 1, journal[-1].hash)
    assert ingest(database, CART, batch(more)).upto_seq == len(journal) + 1
    assert ingest(database, CART, batch(journal[:3])).rejected == ()
    assert [row.seq for row in ingest(database, CART, batch(rows([item(99)]))).rejected] == [1]
    asked = PayRequest("trip-2", 1, 319, 1, len(journal) + 1)
    settled = counter.pay(database, CART, asked)
    assert settled is not None
    assert settled.outcome == "settled"


def test_dropped_rows_leave_the_paid_receipt(database: Connection, journal: list[Entry]) -> None:
    """After the second term rows and pseudonym are gone, and the receipt is still found."""
    archive(database, 31 * DAY_MS, 30, 400)
    assert archive(database, 432 * DAY_MS, 30, 400) == Packed(0, 1)
    trip = trips.find(database, "trip-1")
    assert trip is not None
    assert (trip.shopper, trips.priced(database, trip).receipt.total_minor) == (None, 319)
    assert database.scalar(select(func.count()).select_from(grants)) == 0
    assert [row.seq for row in stored_rows(database, CART, 1, 1, 99)] == [1, 6, 7]
    assert stored_seq(database, CART, 1) == len(journal)


def test_a_replaced_journal_is_packed_whole(database: Connection, journal: list[Entry]) -> None:
    """What the next epoch told again keeps nothing of the old one hot."""
    ingest(database, CART, batch(rows(trip_events("trip-2", 1)), epoch=2))
    assert archive(database, 31 * DAY_MS, 30, 400).packed == len(journal)
    assert [row.seq for row in stored_rows(database, CART, 2, 1, 99)] == [1, 2, 3]


def test_the_command_packs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m store archive` says what it did; a term that is no number is wrong usage."""
    with closing(open_database(tmp_path)) as database, transaction(database):
        ingest(database, CART, batch(rows(CLOSED)), now_utc_ms=1)
    assert main(["archive", "--data", str(tmp_path)]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == {"rows_packed": 5, "packs_dropped": 0}
    with pytest.raises(SystemExit) as ended:
        main(["archive", "--data", str(tmp_path), "--after-days", "soon"])
    assert ended.value.code == 2


def test_the_service_packs_by_itself(database: Connection, journal: list[Entry]) -> None:
    """A journal at a time, once a day; what is packed is dropped in its time."""
    ingest(database, "cart-2", batch(rows(CLOSED)), now_utc_ms=0)
    daily = Daily(after_days=30, drop_after_days=400)
    assert daily.is_due(31 * DAY_MS)
    packed = [daily.step(database, 31 * DAY_MS + step) for step in range(4)]
    assert packed == [Packed(5, 0), Packed(5, 0), Packed(0, 0), Packed(0, 0)]
    assert len(journal) == 7
    assert not daily.is_due(31 * DAY_MS + DAY_MS // 2)
    assert daily.step(database, 31 * DAY_MS + DAY_MS // 2) == Packed(0, 0)
    later = [daily.step(database, 432 * DAY_MS + step) for step in range(2)]
    assert later == [Packed(0, 0), Packed(0, 2)]


def test_a_database_has_one_service(database: Connection, tmp_path: Path) -> None:
    """A second one is refused while the first one runs, and may begin after it."""
    with closing(hold_alone(database, tmp_path)), pytest.raises(DatabaseError, match="another"):
        hold_alone(database, tmp_path)
    hold_alone(database, tmp_path).close()


def test_what_a_lost_disk_cut_off_ends(database: Connection) -> None:
    """A trip that its cart's next journal knows nothing of is packed a term after it was noticed,
    with its last row, and its shopper goes with its rows; those of carts that never came back take
    both terms more."""
    catalogs.add(database, msgspec.json.encode(CATALOG))

    def begin(trip_id: str, cart: str, epoch: int) -> None:
        granted(database, trip_id, cart=cart)
        ingest(database, cart, batch(rows(trip_events(trip_id, 2, shopper="ann")), epoch))

    def shoppers() -> list[str | None]:
        return [trip.shopper for trip in trips.all_trips(database)]

    begin("trip-1", CART, 1)
    assert archive(database, DAY_MS, 30, 400) == Packed(0, 0)
    begin("trip-2", CART, 2)
    begin("trip-3", "cart-2", 1)
    assert archive(database, 32 * DAY_MS, 30, 400) == Packed(4, 0)
    cut_off = trips.find(database, "trip-1")
    assert cut_off is not None
    assert trips.priced(database, cut_off).receipt.total_minor == 319
    assert archive(database, 433 * DAY_MS, 30, 400) == Packed(0, 1)
    assert shoppers() == [None, "ann", "ann"]
    assert archive(database, 463 * DAY_MS, 30, 400).packed >= 8
    archive(database, 864 * DAY_MS, 30, 400)
    assert shoppers() == [None, None, None]
    assert database.scalar(select(func.count()).select_from(grants)) == 0


def test_a_grant_whose_trip_never_began_is_forgotten(database: Connection, tmp_path: Path) -> None:
    """A term after its end: until then the rows of a cart that was offline may still come."""
    counter.offer(database, CART, NONCE, 0)
    counter.claim(database, signer_of(tmp_path), PairClaim(CART, NONCE, "ann"), 0)
    count = select(func.count()).select_from(grants)
    archive(database, 30 * DAY_MS, 30, 400)
    assert database.scalar(count) == 1
    archive(database, 31 * DAY_MS, 30, 400)
    assert database.scalar(count) == 0
