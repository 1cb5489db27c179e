"""What carts wrote and what the store holds, as lists of rows and as exports beside the databases.

An export has one `{"cart", "epoch", "seq", "sha256"}` a line, in the order of commits; `sha256` is
the row's hash in its journal's chain. It reads databases and never changes one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec

STORE_EXPORT = "store.jsonl"
JOURNAL_EXPORT = "journal.jsonl"
STORED = "SELECT cart, epoch, seq, hash FROM events ORDER BY number"
JOURNALED = "SELECT ?, epoch, seq, hash FROM events ORDER BY seq"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event: whose, which, and the hash that proves it."""

    cart: str
    epoch: int
    seq: int
    sha256: str


class ExportError(OSError):
    """A folder holds no run, or a line of it can't be read; the text says which."""


ROW = msgspec.json.Decoder(Row)


def stored(folder: Path) -> list[Row]:
    """Every row in the store's database, in the order of its commits."""
    return _select(folder / "store.sqlite", STORED)


def journaled(folder: Path) -> list[Row]:
    """Every row that a cart ever journaled: of lost journals, of replaced ones, and of today's."""
    files = [
        *sorted((folder / "lost").glob("*/*.sqlite")),
        *sorted(folder.glob("journal-*.sqlite")),
    ]
    rows = [
        row for file in [*files, folder / "journal.sqlite"]
        for row in _select(file, JOURNALED, folder.name)
    ]  # fmt: skip
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
    try:
        return list(map(ROW.decode, path.read_bytes().splitlines()))
    except OSError as error:
        raise ExportError(
            f"{path}: {error.strerror}; give a folder of: rig faults --out"
        ) from error
    except msgspec.MsgspecError as error:
        raise ExportError(f"{path}: {error}; each line is one row") from error


def _lines(rows: Iterable[Row]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _select(file: Path, query: str, *names: str) -> list[Row]:
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return [Row(*values) for values in database.execute(query, names)]
    except sqlite3.Error as error:
        raise ExportError(f"{file}: {error}") from error
