"""The store's database: one SQLite file, every commit on the disk, and its tables in one place.

`events` is the truth, as the carts wrote it; the other tables follow from it or hold what only the
store knows. Nothing is ever deleted from `events`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FILE_NAME = "store.sqlite"
SCHEMA = """
CREATE TABLE IF NOT EXISTS carts (
    cart TEXT PRIMARY KEY, epoch INTEGER NOT NULL, boot_id TEXT NOT NULL, online INTEGER NOT NULL,
    app_version TEXT NOT NULL, catalog_version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, cart TEXT NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
    kind TEXT NOT NULL, event BLOB NOT NULL, hash TEXT NOT NULL, UNIQUE (cart, epoch, seq));
CREATE TABLE IF NOT EXISTS trips (
    cart TEXT NOT NULL, trip_id TEXT NOT NULL, epoch INTEGER NOT NULL, first_seq INTEGER NOT NULL,
    last_seq INTEGER, shopper TEXT, PRIMARY KEY (cart, trip_id));
CREATE TABLE IF NOT EXISTS offers (cart TEXT PRIMARY KEY, nonce TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS grants (
    nonce TEXT PRIMARY KEY, cart TEXT NOT NULL, shopper TEXT NOT NULL, member INTEGER NOT NULL,
    trip_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY AUTOINCREMENT, cart TEXT NOT NULL, trip_id TEXT NOT NULL,
    attempt INTEGER NOT NULL, total_minor INTEGER NOT NULL, receipt BLOB NOT NULL,
    UNIQUE (cart, trip_id));
CREATE TABLE IF NOT EXISTS chain (
    number INTEGER PRIMARY KEY, upto_seq INTEGER NOT NULL, journal_sha256 TEXT NOT NULL,
    before_sha256 TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS credits (
    number INTEGER PRIMARY KEY AUTOINCREMENT, cart TEXT NOT NULL, trip_id TEXT NOT NULL,
    line_id TEXT NOT NULL, quantity INTEGER NOT NULL, net_minor INTEGER NOT NULL,
    tax_minor INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS catalogs (
    version INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
"""


class DatabaseError(OSError):
    """The database can't be opened; the text says which and what to do."""


def open_database(folder: Path) -> sqlite3.Connection:
    """Open, or make, the database in a folder. Raises DatabaseError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Who bought what is the store's alone, also in a folder that others may look into.
        (folder / FILE_NAME).touch(mode=0o600)
        database = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{folder}: {error}; give a folder that can be written, with space on its disk"
        ) from error
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of what happens inside is on the disk afterwards, or none of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
