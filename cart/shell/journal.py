"""The journal: the only thing the cart must never lose. SQLite, every event on the disk.

A row is written once and never changed; `hash` chains it to the row before. What the store has
acknowledged is a cursor in the same file. A journal that can't be believed is set aside, never
deleted, and what can be believed starts the next epoch. It must never think about what it holds.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from cart.contract.decoding import decoder_of
from cart.contract.store import FIRST_HASH, Entry, chain_hash
from cart.core.events import Event
from cart.files import sync_folder
from cart.shell.export import entries, export_lines

FILE_NAME = "journal.sqlite"
FULL_OR_FAILING = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, t_ms INTEGER NOT NULL, kind TEXT NOT NULL,
    body BLOB NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cursor (only INTEGER PRIMARY KEY CHECK (only = 1), acked INTEGER);
INSERT OR IGNORE INTO meta VALUES ('version', 1), ('epoch', {epoch});
INSERT OR IGNORE INTO cursor VALUES (1, 0);
"""
ROWS = "SELECT seq, body, hash FROM events WHERE seq > ? ORDER BY seq LIMIT ?"
EVENT: msgspec.json.Decoder[Event] = decoder_of(Event)
ALL = -1  # SQLite's word for "no limit"
ADVICE = "make the folder writable, with space on a disk that works"

log = logging.getLogger(__name__)


class JournalError(OSError):
    """The journal can't be used as it is; the text says what to do."""


class JournalFull(JournalError):  # noqa: N818 - it says what happened
    """Nothing of this turn was written: the disk is full or failing. The turn may be retried."""


class Broken(Exception):  # noqa: N818 - it says what is
    """The file is damaged; what it still holds can't be believed as a whole."""


class Journal:
    """One cart's journal in `folder`. Safe to use from several threads.

    `epoch` grows by one whenever the file had to be replaced. `trouble` says so, else it is ""."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.trouble = ""
        self.epoch = self._last_seq = self._acked_seq = 0
        self._last_hash = FIRST_HASH
        self._lock = threading.Lock()
        with _disk_trouble_told(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _asides(folder) and not self.path.exists():
                self._replace("the file is gone")
            else:
                self._open_or_replace()
            sync_folder(folder)

    @property
    def last_seq(self) -> int:
        """The number of the newest row; 0 when there is none."""
        return self._last_seq

    @property
    def last_hash(self) -> str:
        """The hash of the newest row."""
        return self._last_hash

    @property
    def acked_seq(self) -> int:
        """The number of the newest row that the store has for certain."""
        return self._acked_seq

    def append(self, events: Sequence[Event]) -> None:
        """Write the events of one turn: all of them, on the disk, or none. Raises JournalFull."""
        if not events:
            return
        self._insert(entries(events, self._last_seq, self._last_hash), events)

    def entries_after(self, seq: int, limit: int) -> tuple[Entry, ...]:
        """At most `limit` entries that follow number `seq`, in order."""
        with self._lock:
            return tuple(_stored(self._database, seq, limit))

    def acked(self, epoch: int, upto_seq: int) -> None:
        """The store has committed everything up to here. An older answer changes nothing.

        It is written down with the next events. An older cursor, after a stop, costs nothing: the
        store says how far it is before anything is sent."""
        if epoch == self.epoch and self._acked_seq < upto_seq <= self._last_seq:
            self._acked_seq = upto_seq

    def hash_of(self, seq: int) -> str:
        """The hash of entry number `seq`; of 0 the one that a chain begins with."""
        return self.entries_after(seq - 1, 1)[0].hash if seq else FIRST_HASH

    def begin_epoch(self, epoch: int) -> None:
        """Number this journal anew: the store knows another one under its number.

        Raises JournalFull."""
        with self._transaction() as database:
            database.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
            database.execute("UPDATE events SET epoch = ?", (epoch,))
            database.execute("UPDATE cursor SET acked = 0")
        self.epoch, self._acked_seq = epoch, 0

    def events(self) -> tuple[Event, ...]:
        """Everything that ever happened, oldest first."""
        return tuple(map(_event, self.entries_after(0, ALL)))

    def export_lines(self) -> bytes:
        """The canonical export: a line for each entry, byte for byte what a replay must give."""
        return b"".join(export_lines(self.entries_after(0, ALL)))

    def close(self) -> None:
        """Close the file. What was appended is on the disk already."""
        self._database.close()

    def _open_or_replace(self) -> None:
        try:
            self._open(self.path, epoch=1)
        except Broken:
            # SQLite calls a page damaged that could not be read: only what can be is judged.
            for file in self.path.parent.glob(f"{FILE_NAME}*"):
                file.read_bytes()
            try:
                self._open(self.path, epoch=1)
            except Broken as reason:
                self._replace(str(reason))

    def _open(self, path: Path, epoch: int) -> None:
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._prepare(epoch)
        except Broken:
            self._database.close()
            raise
        except sqlite3.DatabaseError as error:
            if _code(error) in BROKEN:
                self._database.close()
                raise Broken(str(error)) from error
            raise JournalError(f"{path}: {error}; {ADVICE}") from error
        path.chmod(0o600)

    def _prepare(self, epoch: int) -> None:
        database = self._database
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        # A log that is soon written over is a file that does not grow: that lasts a sixth sooner.
        database.execute("PRAGMA wal_autocheckpoint = 100")
        database.executescript(f"BEGIN IMMEDIATE; {SCHEMA.format(epoch=int(epoch))} COMMIT;")
        answer = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if answer != "ok":
            raise Broken(answer)
        self._last_seq, self._last_hash = 0, FIRST_HASH
        for entry in _stored(database, 0, ALL):
            if not _follows(self._last_seq, self._last_hash, entry):
                raise Broken(f"the hash chain breaks after entry {self._last_seq}")
            self._last_seq, self._last_hash = entry.seq, entry.hash
        self.epoch = int(database.execute("SELECT value FROM meta WHERE key='epoch'").fetchone()[0])
        self._acked_seq = int(database.execute("SELECT acked FROM cursor").fetchone()[0])

    def _replace(self, reason: str) -> None:
        """Set the damaged file aside and begin the next epoch with what it still proves.

        The new file gets its name when it is whole: a cut in between only starts this again."""
        folder = self.path.parent
        if self.path.exists():
            set_aside(self.path)
        epoch, aside = max(_asides(folder).items())
        kept = list(salvage(aside))
        fresh = folder / "journal.new"
        for left in folder.glob(f"{fresh.name}*"):
            left.unlink()
        self._open(fresh, epoch + 1)
        self._insert(kept, list(map(_event, kept)))
        self.close()
        fresh.rename(self.path)
        sync_folder(folder)
        self._open(self.path, epoch + 1)
        self.trouble = f"{reason}; kept {len(kept)} entries, the damaged file is {aside.name}"
        log.error("journal_replaced epoch=%d %s", self.epoch, self.trouble)

    def _insert(self, rows: Sequence[Entry], events: Sequence[Event]) -> None:
        values = [
            (row.seq, self.epoch, event.t_ms, _kind(event), bytes(row.event), row.hash)
            for row, event in zip(rows, events, strict=True)
        ]
        with self._transaction() as database:
            database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", values)
            database.execute("UPDATE cursor SET acked = ?", (self._acked_seq,))
        if rows:
            self._last_seq, self._last_hash = rows[-1].seq, rows[-1].hash

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                if _code(error) in FULL_OR_FAILING:
                    raise JournalFull(f"{self.path}: {error}; make room on its disk") from error
                raise


@contextmanager
def _disk_trouble_told(folder: Path) -> Iterator[None]:
    try:
        yield
    except JournalError:
        raise
    except (OSError, sqlite3.OperationalError) as error:
        raise JournalError(f"{folder}: {error}; {ADVICE}") from error


def set_aside(path: Path) -> None:
    """Rename a damaged journal, with its side files, to journal-N.sqlite; N is its epoch."""
    number = max(_asides(path.parent), default=0) + 1
    for suffix in ("", "-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(path.with_name(f"journal-{number}.sqlite{suffix}"))
    sync_folder(path.parent)


def _asides(folder: Path) -> dict[int, Path]:
    """The journals set aside so far, by epoch."""
    return {int(path.stem.rpartition("-")[2]): path for path in folder.glob("journal-*.sqlite")}


def salvage(path: Path) -> Iterator[Entry]:
    """The entries of a journal up to the first one that the hash chain doesn't prove.

    Reads only, so it also serves to look into a journal in use or a damaged one."""
    seq, row_hash = 0, FIRST_HASH
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        for entry in _stored(database, 0, ALL):
            if not _follows(seq, row_hash, entry):
                return
            yield entry
            seq, row_hash = entry.seq, entry.hash
    except sqlite3.DatabaseError as error:
        log.warning("journal_unreadable after_entry=%d: %s", seq, error)
    finally:
        database.close()


def _stored(database: sqlite3.Connection, after: int, limit: int) -> Iterator[Entry]:
    for seq, body, row_hash in database.execute(ROWS, (after, limit)):
        yield Entry(seq=seq, event=msgspec.Raw(body), hash=row_hash)


def _follows(seq: int, row_hash: str, entry: Entry) -> bool:
    return entry.seq == seq + 1 and entry.hash == chain_hash(row_hash, bytes(entry.event))


def _event(entry: Entry) -> Event:
    try:
        return EVENT.decode(entry.event)
    except msgspec.MsgspecError as error:
        raise JournalError(
            f"journal entry {entry.seq}: {error}; a newer version wrote it, install that again"
        ) from error


def _kind(event: Event) -> str:
    return str(type(event).__struct_config__.tag)


def _code(error: sqlite3.Error) -> int:
    """The primary result code: SQLite's extended codes carry it in the low byte."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
