"""A database with damaged pages: every command says so in one line, and what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from store.__main__ import main
from store.database import FILE_NAME, open_database, transaction
from store.ledger import ingest
from tests.store.shop import CART, batch, import_catalog, rows, trip_events

ROOTS = "SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('events', 'trips', 'carts')"
SCHEMA = "SELECT 1"  # SQLite's first page names all tables
HEADER_SIZE = 100  # it stands in the first page; without it the file would be another one's


@pytest.fixture(params=[ROOTS, SCHEMA], ids=["tables", "schema"])
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A store's folder, with pages of its database that a disk has spoilt."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with closing(open_database(folder)) as database, transaction(database):
        ingest(database, CART, batch(rows(trip_events("trip-1", 2))))
    path = folder / FILE_NAME
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = raw.execute("PRAGMA page_size").fetchone()
        pages = [number for (number,) in raw.execute(request.param)]
    data = bytearray(path.read_bytes())
    for number in pages:
        start = (number - 1) * size + HEADER_SIZE * (number == 1)
        end = number * size
        data[start:end] = b"\xa5" * (end - start)
    path.write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "given",
    [
        ["trips"], ["trips", "--json"], ["disputes"], ["disputes", "--json"], ["carts", "--json"],
        ["receipt", "trip-1"], ["receipt", "trip-1", "--json"], ["config", CART, "--json"],
        ["credit", "trip-1", "L1"], ["archive"],
    ],
)  # fmt: skip
def test_damage_is_said_in_one_line(
    damaged: Path, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, an object for a program, and the advice is to bring back a backup: no room on a
    disk mends a page."""
    capsys.readouterr()
    assert main([*given, "--data", str(damaged)]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1
    assert "the database is damaged" in told.err
    assert "bring it back from a backup" in told.err
    assert "space on its disk" not in told.err
    assert "make room" not in told.err
    assert bool(told.out) is ("--json" in given)
    assert not told.out or list(msgspec.json.decode(told.out)) == ["error"]
