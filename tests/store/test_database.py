"""A store's database: taken over from any version without loss, the same tables on both servers."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from cart.contract.lines import ContractError
from cart.contract.store import PayRequest
from store import catalogs, counter, ledger, show, trips
from store.__main__ import main
from store.database import FILE_NAME, DatabaseError, apart, open_database, reading, transaction
from store.tables import METADATA, grants, offers
from tests.store.shop import CART, CATALOG, batch, import_catalog, item, rows, trip_events

FIRST_STORE = Path(__file__).with_name("before_migrations.sql")
EVENTS = "SELECT number, cart, epoch, seq, kind, event, hash FROM events ORDER BY number"
LAST_HASH = "6cf5fb3c7242bc91a5cb24a2e32ad75d5868c13c6fdad925d6108e812ce27a50"


@pytest.fixture
def first_store(tmp_path: Path) -> Path:
    """The folder of a store that ran before its database knew versions; made by that code."""
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as old:
        old.executescript(FIRST_STORE.read_text(encoding="utf-8"))
    return tmp_path


def test_a_first_store_is_taken_over(first_store: Path) -> None:
    """Rows, trips, payments, grants and catalogs stay, and each journal goes on where it stood."""
    with closing(sqlite3.connect(first_store / FILE_NAME)) as old:
        before = old.execute(EVENTS).fetchall()
    with closing(open_database(first_store)) as database:
        after = database.exec_driver_sql(EVENTS).fetchall()
        assert [tuple(row) for row in after] == before
        assert [trip.trip_id for trip in trips.all_trips(database)] == ["trip-1", "trip-2"]
        paid = counter.pay(database, CART, PayRequest("trip-1", 1, 319, 1, 4))
        assert paid is not None
        assert (paid.outcome, paid.receipt_id) == ("settled", "R00000001")
        (grant,) = database.execute(select(grants)).all()
        assert (grant.nonce, grant.trip_id, grant.member) == ("nonce-0001", "trip-1", True)
        more = rows([item(9)], 9, LAST_HASH)
        assert ledger.ingest(database, CART, batch(more)).upto_seq == 9
        (cart,) = show.carts(database)
        assert (cart["online"], cart["events"]) == (True, 9)


def test_a_first_store_has_todays_tables(first_store: Path) -> None:
    """After the take-over nothing is left to change, and a second start changes nothing."""
    for _ in range(2):
        with closing(open_database(first_store)) as database:
            assert compare_metadata(MigrationContext.configure(database), METADATA) == []


def test_a_new_store_has_todays_tables(database: Connection) -> None:
    """The steps lead to the tables that the code knows, on both databases."""
    assert compare_metadata(MigrationContext.configure(database), METADATA) == []


def test_looking_changes_nothing(tmp_path: Path, database_url: str | None) -> None:
    """What `carts`, `trips` and `receipt` open can't be written, and an old version is named."""
    open_database(tmp_path, database_url).close()
    with (
        closing(open_database(tmp_path, database_url, read_only=True)) as database,
        pytest.raises(DBAPIError, match=r"readonly|read-only"),
    ):
        database.execute(insert(offers).values(cart=CART, nonce="nonce-0001"))


def test_an_old_version_is_named(first_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Looking takes nothing over: whoever looks first is told what to do."""
    assert main(["trips", "--data", str(first_store)]) == 1
    assert "of another version; begin its service" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["carts", "import", "run"])
def test_a_newer_version_is_named(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database of a newer dashcart is left as it is, and one line says what to do."""
    import_catalog(tmp_path / "store")
    with closing(sqlite3.connect(tmp_path / "store" / "store.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0099'")
        database.commit()
    serving = ["--broker", "127.0.0.1:1", "--tenant", "acme", "--store", "store-1"]
    more = {"import": [str(tmp_path / "catalog-1.json")], "run": serving}.get(command, [])
    assert main([command, "--data", str(tmp_path / "store"), *more]) == 1
    said = capsys.readouterr().err
    assert "made by a newer dashcart" in said
    assert "update this one" in said
    assert len(said.splitlines()) == 1


def test_two_connections_take_turns(tmp_path: Path, database_url: str | None) -> None:
    """A catalog imported beside the service is seen by it; what is not committed is not."""
    with (
        closing(open_database(tmp_path, database_url)) as service,
        closing(open_database(tmp_path, database_url)) as importer,
    ):
        with transaction(importer):
            catalogs.add(importer, msgspec.json.encode(CATALOG))
        with transaction(service):
            assert catalogs.newest_sha256(service)
            ledger.ingest(service, CART, batch(rows(trip_events("trip-1", 1))))
        with closing(open_database(tmp_path, database_url, read_only=True)) as person:
            assert [row["trip_id"] for row in show.trip_rows(person)] == ["trip-1"]


def test_no_server_is_said_without_the_password(tmp_path: Path) -> None:
    """A wrong URL is one clear error, and a password in it is not repeated."""
    url = f"postgresql+psycopg://store:secret@/store?host={tmp_path}"
    with pytest.raises(DatabaseError, match="start its server") as refused:
        open_database(tmp_path, url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["mysql://x", "store.sqlite"])
def test_other_databases_are_wrong_usage(tmp_path: Path, url: str) -> None:
    """Only PostgreSQL goes by URL."""
    with pytest.raises(SystemExit) as ended:
        main(["carts", "--data", str(tmp_path), "--database", url])
    assert ended.value.code == 2


def test_what_one_message_overflows_is_undone_alone(database: Connection) -> None:
    """A number that no column holds is a refusal of that message: what stood before it and what
    follows it in the transaction lasts."""

    def shown(nonce: str, utc_ms: int) -> None:
        with apart(database):
            database.execute(insert(offers).values(cart=nonce, nonce=nonce, utc_ms=1))
            database.execute(insert(offers).values(cart="x", nonce=nonce, utc_ms=utc_ms))

    with transaction(database):
        shown("one", 1)
        with pytest.raises(ContractError, match="database can hold"):
            shown("two", 2**70)
        with apart(database):
            database.execute(insert(offers).values(cart="three", nonce="three", utc_ms=3))
    with transaction(database):
        assert set(database.scalars(select(offers.c.cart))) == {"one", "x", "three"}


def test_one_message_within_another_is_undone_alone_too(database: Connection) -> None:
    """What is refused within what is refused later takes nothing of the outer one's undoing."""

    def shown(cart: str) -> None:
        database.execute(insert(offers).values(cart=cart, nonce=cart, utc_ms=1))

    def inner() -> None:
        with apart(database):
            shown("inner")
            raise ContractError("inner")

    def outer() -> None:
        with apart(database):
            shown("outer")
            with suppress(ContractError):
                inner()
            raise ContractError("outer")

    with transaction(database):
        shown("before")
        with pytest.raises(ContractError, match="outer"):
            outer()
    with transaction(database):
        assert set(database.scalars(select(offers.c.cart))) == {"before"}


def test_a_look_at_what_is_read_only_leaves_it_so(tmp_path: Path) -> None:
    """After it a transaction still asks for no turn to write."""
    open_database(tmp_path).close()
    with closing(open_database(tmp_path, read_only=True)) as database:
        for look in (reading, transaction):
            with look(database):
                assert list(database.scalars(select(offers.c.cart))) == []


def test_an_error_of_the_database_names_no_shopper(database: Connection) -> None:
    """What stands in a row is in no message of an error, nor in the log that repeats it."""
    grant = {"nonce": "n", "cart": CART, "shopper": "ann-the-shopper", "trip_id": "t"}
    twice = [{**grant, "member": False}] * 2
    with pytest.raises(DBAPIError) as failed, transaction(database):
        database.execute(insert(grants), twice)
    assert "ann-the-shopper" not in str(failed.value)


def test_what_no_database_can_hold_is_refused(database: Connection) -> None:
    """A NUL in a trip's name poisons nothing: the row is kept as it came and passed by."""
    events = [*trip_events("trip\0", 1), item(2)]
    ack = ledger.ingest(database, CART, batch(rows(events)))
    assert (ack.upto_seq, [row.seq for row in ack.rejected]) == (4, [2])
    assert database.scalars(select(offers.c.cart)).all() == []
