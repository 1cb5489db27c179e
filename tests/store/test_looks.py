"""The service looks for news beside those who write: neither waits for the other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, select

from cart.contract.store import PairClaim, topic_of
from cart.core.catalog import Catalog
from store import catalogs, counter, ledger, moving, published
from store.archive import Daily
from store.database import FILE_NAME, DatabaseError, open_database, reading, transaction
from store.keys import KEY_NAME, Signer, signer_of
from store.news import Fleet, News
from store.tables import moves, offers
from tests.store.shop import CART, CATALOG, STORE, TENANT, batch, granted, rows, trip_events
from tests.store.simulated import World

OTHER, NONCE = "cart-2", "nonce-0002"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A store that packs old journals by itself, and has moved a trip once."""
    with closing(World(tmp_path)) as opened:
        with transaction(opened.database):
            granted(opened.database, "trip-1", cart="cart-9")
            began = rows(trip_events("trip-1", 2, shopper="ann"))
            ledger.ingest(opened.database, "cart-9", batch(began))
            counter.offer(opened.database, OTHER, NONCE, 0)
            claim = PairClaim(OTHER, NONCE, "ann", move=True)
            counter.claim(opened.database, opened.signer, claim, 0)
        opened.service._daily = Daily(30, 400)
        opened.pass_time(5_000)
        yield opened


def test_a_look_waits_for_no_writer(world: World) -> None:
    """A new price leaves for the carts while somebody else is in the middle of writing."""
    with transaction(world.database):
        newest = catalogs.newest(world.database)
        assert newest is not None
        catalogs.add(world.database, replace(newest, version=newest.version + 1))
    _waits_for_nobody(world.database)
    with closing(_beside(world.folder / "store")) as writer:
        writer.execute("BEGIN IMMEDIATE")
        world.pass_time(2_000)
        writer.execute("ROLLBACK")
    topic = topic_of("catalog_delta", TENANT, STORE, version=str(newest.version + 1))
    assert topic in world.air.retained


class WritesMeanwhile(Signer):
    """Lets somebody else write just when the store signs what a look has found."""

    def __init__(self, path: Path, other: sqlite3.Connection) -> None:
        super().__init__(path)
        self.other = other
        self.signed = 0

    def sign(self, text: bytes) -> str:
        """The other one commits first; it gives up at once if it may not."""
        self.signed += 1
        code = (f"cart-{self.signed}", "nonce-0009", 0)
        self.other.execute("INSERT INTO offers (cart, nonce, utc_ms) VALUES (?, ?, ?)", code)
        return super().sign(text)


def test_a_look_keeps_no_writer_waiting(tmp_path: Path) -> None:
    """However long a look takes to cut and sign what it found, others go on writing."""
    signer_of(tmp_path)
    with closing(open_database(tmp_path)) as database, closing(_beside(tmp_path)) as other:
        with transaction(database):
            catalogs.add(database, CATALOG)
            catalogs.add(database, replace(CATALOG, version=2))
            published.add(database, "recall", [], 0)
        signer = WritesMeanwhile(tmp_path / KEY_NAME, other)
        news = News(database, signer, (TENANT, STORE), Fleet(), lambda: 0)
        said = [packet for look in news.looks() for packet in look()]
        assert signer.signed >= 3
        assert len(said) >= 4
        with reading(database):
            assert len(database.scalars(select(offers.c.cart)).all()) == signer.signed


class FailsOnce(Signer):
    """The database's server goes away just before the second signature."""

    signed = 0

    def sign(self, text: bytes) -> str:
        """All but the second."""
        self.signed += 1
        if self.signed == 2:
            raise DatabaseError("the server closed the connection")
        return super().sign(text)


def test_a_recall_whose_look_failed_is_said_by_the_next(
    database: Connection, tmp_path: Path
) -> None:
    """Nothing of a look that failed was said, so nothing of it counts as said."""
    signer_of(tmp_path)
    with transaction(database):
        published.add(database, "recall", [], 0)
        published.add(database, "deals", [], 0)
    news = News(database, FailsOnce(tmp_path / KEY_NAME), (TENANT, STORE), Fleet(), lambda: 0)
    tables, *_ = news.looks()
    with pytest.raises(DatabaseError):
        tables()
    assert len(tables()) == 2
    assert tables() == []


def test_an_import_keeps_no_writer_waiting(tmp_path: Path) -> None:
    """Carts get their acknowledgements while somebody works out a large catalog."""
    with closing(open_database(tmp_path)) as database, closing(_beside(tmp_path)) as other:

        def given(newest: Catalog | None) -> Catalog:
            other.execute("INSERT INTO offers (cart, nonce, utc_ms) VALUES ('cart-1', 'n', 0)")
            assert newest is None
            return CATALOG

        assert catalogs.publish(database, given) == CATALOG
        with reading(database):
            assert database.scalars(select(offers.c.cart)).all() == ["cart-1"]


def test_of_two_imports_at_once_none_is_lost(tmp_path: Path, database_url: str | None) -> None:
    """Who comes second works it out again from the catalog of who came first."""
    with (
        closing(open_database(tmp_path, database_url)) as database,
        closing(open_database(tmp_path, database_url)) as other,
    ):
        seen: list[int] = []

        def next_one(newest: Catalog | None) -> Catalog:
            before = newest or replace(CATALOG, version=0)
            seen.append(before.version)
            if len(seen) == 1:
                catalogs.publish(other, next_one)
            return replace(before, version=before.version + 1)

        assert catalogs.publish(database, next_one).version == 2
        assert seen == [0, 0, 1]
        with reading(database):
            assert [each.version for each in catalogs.deltas(database, 0)] == [2]


def test_who_only_reads_leaves_writing_as_it_was(tmp_path: Path) -> None:
    """After a look, and after one that failed, the next transaction takes its turn at once."""
    with closing(open_database(tmp_path)) as database, closing(_beside(tmp_path)) as other:
        with pytest.raises(ZeroDivisionError), reading(database):
            raise ZeroDivisionError
        with transaction(database), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")


def test_only_what_was_found_counts_as_told(database: Connection) -> None:
    """A move is told once, and asking whether there is any changes nothing."""
    catalogs.add(database, CATALOG)
    ledger.ingest(database, CART, batch(rows(trip_events("trip-1", 2))))
    counter.offer(database, OTHER, NONCE, 0)
    assert not moving.is_untold(database)
    assert moving.ask(database, CART, OTHER, 0)
    assert [moving.is_untold(database) for _ in range(2)] == [True, True]
    assert moving.untold(database) == [(CART, "trip-1")]
    assert (moving.is_untold(database), moving.untold(database)) == (False, [])
    assert database.scalars(select(moves.c.told)).all() == [True]


def _beside(folder: Path) -> sqlite3.Connection:
    """Another process of the store's machine, which gives up at once where it would wait."""
    return sqlite3.connect(folder / FILE_NAME, timeout=0, isolation_level=None)


def _waits_for_nobody(database: Connection) -> None:
    raw = database.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA busy_timeout = 0")
