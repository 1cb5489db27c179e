"""The store's database: SQLite in the store's folder, or PostgreSQL by URL; every commit lasts.

Opening brings an older database to the tables of `store.tables`. One thread owns a connection. It
must never lose what is stored: a step that fails leaves the database as it was.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec.structs import asdict
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cart.contract.lines import ContractError
from cart.core.value import Value
from store.prepared import say

FILE_NAME = "store.sqlite"
POSTGRESQL = "postgresql+psycopg"
WHOLE_MAX = 2**63 - 1
TURN_S_MAX = 30.0  # a service that publishes a large catalog is in the middle of it for seconds
ADVICE = ("give a folder that can be written, with space on its disk",
          "start its server, or correct the URL")  # fmt: skip
MAKE_ROOM = "make room on a disk that works, or bring the database's server back"
# A connection that is closed is closed; and what is in a row, such as a pseudonym, is in no error.
ENGINE: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
# What a disk can do to a commit; extended codes carry these in their low byte.
DISK_TROUBLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
}
# What a page is called that is damaged, or could not be read.
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
DAMAGED = ("the database is damaged: keep a copy of the folder, and bring it back from a backup,"
           " with the service stopped")  # fmt: skip


class DatabaseError(OSError):
    """The database can't be opened or written now; the text says which and what to do."""


def open_database(folder: Path, url: str | None = None, *, read_only: bool = False) -> Connection:
    """Open, or make, the database at a URL, or the file in a folder. Raises DatabaseError."""
    name = str(folder)
    try:
        where = make_url(url) if url else URL.create("sqlite", database=str(folder / FILE_NAME))
        name = where.render_as_string() if url else name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not url:
            # Who bought what is the store's alone, also in a folder that others may look into.
            (folder / FILE_NAME).touch(mode=0o600)
        database = _engine(where, read_only=read_only).connect()
        with _closed_on_failure(database):
            _bring_up_to_date(database, read_only=read_only)
    except DatabaseError as error:
        raise DatabaseError(f"{name}: {error}") from error
    except ImportError as error:
        raise DatabaseError(f"{name}: {error}; install dashcart[postgres]") from error
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        todo = _todo(error, ADVICE[bool(url)])
        raise DatabaseError(f"{name}: {str(_of_driver(error)).strip()}; {todo}") from error
    return database


def open_existing(folder: Path, url: str | None = None, *, read_only: bool = True) -> Connection:
    """Open what is there; unlike `open_database` it makes none. Raises DatabaseError."""
    if not url and not (folder / FILE_NAME).is_file():
        raise DatabaseError(f"{folder}: no store here yet; begin one with: python -m store run")
    return open_database(folder, url, read_only=read_only)


def hold_alone(database: Connection, folder: Path) -> TextIO:
    """Be the one service of this database as long as the returned file and the connection are open.

    Raises DatabaseError for a second one, on this machine or, of PostgreSQL, on any."""
    lock = (folder / "service.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    if alone and database.dialect.name == "postgresql":
        with database.begin():
            asked = func.pg_try_advisory_lock(func.hashtext(func.current_schema()))
            alone = bool(database.scalar(select(asked)))
    if not alone:
        lock.close()
        raise DatabaseError(f"{folder}: another service runs on this store's database; stop it")
    return lock


@contextmanager
def transaction(database: Connection) -> Iterator[None]:
    """All of what happens inside lasts afterwards, or none of it does.

    Raises DatabaseError where a full disk or a lost server is at fault."""
    try:
        with database.begin():
            yield
    except (DBAPIError, sqlite3.Error) as error:
        if not _is_trouble(error):
            raise
        raise DatabaseError(f"{_of_driver(error)}; {_todo(error, MAKE_ROOM)}") from error


@contextmanager
def reading(database: Connection) -> Iterator[None]:
    """Only look, inside: it waits for nobody who writes, and keeps nobody who writes waiting.

    Raises DatabaseError as `transaction` does."""
    before = database.get_execution_options().get("only_reads", False)
    database.execution_options(only_reads=True)
    try:
        with transaction(database):
            yield
    finally:
        database.execution_options(only_reads=before)


@contextmanager
def apart(database: Connection) -> Iterator[None]:
    """Within a transaction: what is refused inside is undone alone. Raises ContractError, also
    where a value came so far that no column holds."""
    # In plain words: it is done for every message, and SQLAlchemy's own takes far longer.
    say(database, "SAVEPOINT apart")
    try:
        yield
        say(database, "RELEASE SAVEPOINT apart")
    except ContractError:
        _undo_apart(database)
        raise
    except (OverflowError, DataError, sqlite3.DataError) as error:
        _undo_apart(database)
        wrong = error.orig if isinstance(error, DataError) else error
        raise ContractError(f"nothing that the database can hold: {wrong}") from error


def _undo_apart(database: Connection) -> None:
    """Released, too: one inside another must not be what the outer one goes back to."""
    say(database, "ROLLBACK TO SAVEPOINT apart")
    say(database, "RELEASE SAVEPOINT apart")


def check_storable(message: Value) -> None:
    """Refuse what a database can't hold, though JSON can. Raises ContractError."""
    for name, value in asdict(message).items():
        if (isinstance(value, int) and abs(value) > WHOLE_MAX) or (
            isinstance(value, str) and "\0" in value
        ):
            kind = type(message).__name__
            raise ContractError(f"{kind}: {name}: no NUL and no number beyond 63 bits can be kept")


def _of_driver(error: Exception) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _code_of(error: Exception) -> int | None:
    code: int | None = getattr(_of_driver(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _todo(error: Exception, otherwise: str) -> str:
    """What to do about an error; no room on a disk mends a damaged page."""
    return DAMAGED if _code_of(error) in BROKEN else otherwise


def _is_trouble(error: DBAPIError | sqlite3.Error) -> bool:
    """Whether the world is at fault; what else SQLite calls so are our own mistakes."""
    code = _code_of(error)
    if code is None:
        return isinstance(error, OperationalError)
    return code in DISK_TROUBLE | BROKEN


@contextmanager
def _closed_on_failure(database: Connection) -> Iterator[None]:
    with ExitStack() as stack:
        stack.callback(database.close)
        yield
        stack.pop_all()


def _engine(where: URL, *, read_only: bool) -> Engine:
    """Closing a connection of it closes its file, or its session with the server."""
    if where.get_backend_name() == "sqlite":
        waits = {"timeout": TURN_S_MAX}
        engine = create_engine(where, connect_args=waits, **ENGINE)
        event.listen(engine, "connect", partial(_prepare_sqlite, read_only=read_only))
        engine = engine.execution_options(only_reads=read_only)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    options = f"{where.query.get('options', '')} -c synchronous_commit=on"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return create_engine(where, connect_args={"options": options}, **ENGINE)


def _prepare_sqlite(raw: DBAPIConnection, _: object, *, read_only: bool) -> None:
    raw.isolation_level = None  # the driver begins nothing on its own
    cursor = raw.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA wal_autocheckpoint = 100")  # as of a cart's journal
    cursor.execute(f"PRAGMA query_only = {int(read_only)}")
    cursor.close()


def _begin_sqlite(database: Connection) -> None:
    """A writer waits for its turn at once, not in the middle where it could only give up."""
    only_reads = database.get_execution_options()["only_reads"]
    say(database, "BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _bring_up_to_date(database: Connection, *, read_only: bool) -> None:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.attributes["connection"] = database
    with database.begin():
        present = MigrationContext.configure(database).get_current_revision()
        steps = ScriptDirectory.from_config(config)
        if present == steps.get_current_head():
            return
        if present not in {None, *(each.revision for each in steps.walk_revisions())}:
            raise DatabaseError(f"made by a newer dashcart (version {present}); update this one")
        if read_only:
            raise DatabaseError("of another version; begin its service with: python -m store run")
        command.upgrade(config, "head")
