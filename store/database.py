"""The store's database: SQLite in the store's folder, or PostgreSQL by URL; every commit lasts.

Opening brings an older database to the tables of `store.tables`. One thread owns a connection. It
must never lose what is stored: a step that fails leaves the database as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

FILE_NAME = "store.sqlite"
POSTGRESQL = "postgresql+psycopg"
# The tables of the first stores, whose files do not say their version.
FIRST_REVISION = "0001"
# What a disk can do to a commit; extended codes carry these in their low byte.
DISK_TROUBLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
}


class DatabaseError(OSError):
    """The database can't be opened or written now; the text says which and what to do."""


def open_database(folder: Path, url: str = "", *, read_only: bool = False) -> Connection:
    """Open, or make, the database at a URL, or the file in a folder. Raises DatabaseError."""
    where = make_url(url) if url else URL.create("sqlite", database=str(folder / FILE_NAME))
    name = where.render_as_string() if url else str(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not url:
            # Who bought what is the store's alone, also in a folder that others may look into.
            (folder / FILE_NAME).touch(mode=0o600)
        database = _engine(where, read_only=read_only).connect()
        _bring_up_to_date(database, read_only=read_only)
    except ImportError as error:
        raise DatabaseError(f"{name}: {error}; install dashcart[postgres]") from error
    except (OSError, SQLAlchemyError) as error:
        said = error.orig if isinstance(error, DBAPIError) else error
        advice = "start its server, or correct the URL" if url else "give a folder that can be"
        advice += "" if url else " written, with space on its disk"
        raise DatabaseError(f"{name}: {str(said).strip()}; {advice}") from error
    return database


@contextmanager
def transaction(database: Connection) -> Iterator[None]:
    """All of what happens inside lasts afterwards, or none of it does.

    Raises DatabaseError where a full disk or a lost server is at fault."""
    try:
        with database.begin():
            yield
    except OperationalError as error:
        if not _is_trouble(error):
            raise
        raise DatabaseError(
            f"{error.orig}; make room on the disk, or bring the database's server back"
        ) from error


def _is_trouble(error: OperationalError) -> bool:
    """Whether the world is at fault; what else SQLite calls so are our own mistakes."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is None or code & 0xFF in DISK_TROUBLE


def _engine(where: URL, *, read_only: bool) -> Engine:
    """Closing a connection of it closes its file, or its session with the server."""
    if where.get_backend_name() == "sqlite":
        engine = create_engine(where, poolclass=NullPool)
        event.listen(engine, "connect", partial(_prepare_sqlite, read_only=read_only))
        # A writer waits for its turn at once, not in the middle where it could only give up.
        begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
        event.listen(engine, "begin", lambda database: database.exec_driver_sql(begin))
        return engine
    options = "-c synchronous_commit=on"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(where, poolclass=NullPool, connect_args={"options": options})


def _prepare_sqlite(raw: DBAPIConnection, _: object, *, read_only: bool) -> None:
    raw.isolation_level = None  # the driver begins nothing on its own
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA query_only = {int(read_only)}")
    cursor.close()


def _bring_up_to_date(database: Connection, *, read_only: bool) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = database
    with database.begin():
        present = MigrationContext.configure(database).get_current_revision()
        if present == ScriptDirectory.from_config(config).get_current_head():
            return
        if read_only:
            raise DatabaseError("of another version; begin its service with: python -m store run")
        if present is None and inspect(database).has_table("events"):
            command.stamp(config, FIRST_REVISION)
        command.upgrade(config, "head")
