"""What carts wrote and what the store holds, as lists of rows and as exports beside the databases.

An export has one `{"cart", "epoch", "seq", "sha256"}` a line, in the order of commits; `sha256` is
the row's hash in its journal's chain. It reads databases and never changes one.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

What = TypeVar("What")
STORE_EXPORT = "store.jsonl"
JOURNAL_EXPORT = "journal.jsonl"
# Packed rows were stored before those that are not; the catalog in use stays beside its pack.
PACKED = "SELECT cart, epoch, rows FROM archives ORDER BY packed_utc_ms, cart, last_seq"
STORED = """
SELECT cart, epoch, seq, hash FROM events WHERE kind <> 'catalog_adopted' OR NOT EXISTS (
    SELECT * FROM archives WHERE archives.cart = events.cart AND archives.epoch = events.epoch
    AND events.seq BETWEEN first_seq AND last_seq) ORDER BY number"""
JOURNALED = "SELECT ?, epoch, seq, hash FROM events ORDER BY seq"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event: whose, which, and the hash that proves it."""

    cart: str
    epoch: int
    seq: int
    sha256: str


class PackedRow(msgspec.Struct, frozen=True):
    """What of a packed row is needed here."""

    seq: int
    hash: str


class ExportError(OSError):
    """A folder holds no run, or a line of it can't be read; the text says which."""


ROW = msgspec.json.Decoder(Row)
PACKED_ROWS = msgspec.json.Decoder(PackedRow).decode_lines


def stored(folder: Path) -> list[Row]:
    """Every row in the store's database, packed away or not, in the order of its commits."""
    with _database(folder / "store.sqlite") as database:
        database.execute("BEGIN")  # rows that are being packed meanwhile are neither lost nor two
        packs = database.execute(PACKED)
        packed = [row for cart, epoch, rows in packs for row in _unpacked(cart, epoch, rows)]
        return packed + [Row(*values) for values in database.execute(STORED)]


def journaled(folder: Path) -> list[Row]:
    """Every row that a cart ever journaled: of lost journals, of replaced ones, and of today's."""
    files = [
        *sorted((folder / "lost").glob("*/*.sqlite")),
        *sorted(folder.glob("journal-*.sqlite")),
    ]
    rows = [
        row for file in [*files, folder / "journal.sqlite"] for row in _written(file, folder.name)
    ]
    return list(dict.fromkeys(rows))


def cart_folders(folder: Path) -> list[Path]:
    """The folder of each cart of a run."""
    return sorted(each for each in (folder / "carts").glob("*") if each.is_dir())


def write(folder: Path) -> None:
    """Write all exports of a run."""
    for cart in cart_folders(folder):
        (cart / JOURNAL_EXPORT).write_bytes(_lines(journaled(cart)))
    (folder / STORE_EXPORT).write_bytes(_lines(stored(folder)))


def read(path: Path) -> list[Row]:
    """An export. Raises ExportError."""
    return parsed(path, _rows, "each line is one row")


def parsed(path: Path, parse: Callable[[bytes], list[What]], should_be: str) -> list[What]:
    """What a run wrote into a file. Raises ExportError with what it `should_be`."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ExportError(
            f"{path}: {error.strerror}; give a folder of: rig faults --out"
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ExportError(f"{path}: {error}; {should_be}") from error


def _rows(lines: bytes) -> list[Row]:
    return list(map(ROW.decode, lines.splitlines()))


def _lines(rows: Iterable[Row]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _written(journal: Path, cart: str) -> list[Row]:
    with _database(journal) as database:
        return [Row(*values) for values in database.execute(JOURNALED, (cart,))]


def _unpacked(cart: str, epoch: int, rows: bytes) -> list[Row]:
    return [Row(cart, epoch, row.seq, row.hash) for row in PACKED_ROWS(gzip.decompress(rows))]


@contextmanager
def _database(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        uri = f"{file.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as database:
            yield database
    except sqlite3.Error as error:
        raise ExportError(f"{file}: {error}") from error
