"""What stands on a failing disk, each as its program uses it: opened, written turn by turn, read.

`stored` counts the turns that are there, whole and in order. It must never retry or mend anything.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec
from sqlalchemy import select

from cart.contract.store import FIRST_HASH, Entry, EventBatch, chain_hash
from cart.core.events import Event
from cart.files import replace_file
from cart.shell.journal import Journal, JournalError
from rig.faults.cart import item
from rig.faults.cut_writer import content_of
from store import ledger
from store.database import DatabaseError, open_database, transaction
from store.tables import events

EVENTS_A_TURN = 2
CART = "cart-1"


class Subject(Protocol):
    """One thing on the disk of a folder. `told` is the one error that says what the disk does."""

    told: ClassVar[type[OSError]]

    def __init__(self, folder: Path) -> None: ...

    def write(self, turn: int) -> None:
        """Write this turn: when it returns, the turn is acknowledged."""

    def stored(self) -> int:
        """How many turns are there; -1 for what no turn explains."""

    def close(self) -> None:
        """Let go of it."""

    @staticmethod
    def template(folder: Path) -> Path:
        """A folder to begin with."""


def _turn(number: int) -> list[Event]:
    return [item(number * EVENTS_A_TURN + place) for place in range(EVENTS_A_TURN)]


class OfJournal:
    """A cart's journal, with the cursor that the link moves."""

    told: ClassVar[type[OSError]] = JournalError

    def __init__(self, folder: Path) -> None:
        self._journal = Journal(folder)

    def write(self, turn: int) -> None:
        """The store's answer to the turn before, and a turn of the mind."""
        self._journal.acked(self._journal.epoch, self._journal.last_seq)
        self._journal.append(_turn(turn))

    def stored(self) -> int:
        """By the events; a journal that was replaced is none that a disk error explains."""
        found = list(self._journal.events())
        turns = len(found) // EVENTS_A_TURN
        is_whole = found == [event for turn in range(turns) for event in _turn(turn)]
        return turns if is_whole and self._journal.epoch == 1 else -1

    def close(self) -> None:
        """Close it."""
        self._journal.close()

    @staticmethod
    def template(folder: Path) -> Path:
        """An empty folder."""
        made = folder / "empty"
        made.mkdir(exist_ok=True)
        return made


class OfStore:
    """The store's database: rows of a cart, one commit a message."""

    told: ClassVar[type[OSError]] = DatabaseError

    def __init__(self, folder: Path) -> None:
        self._database = open_database(folder)

    def write(self, turn: int) -> None:
        """Take in a batch."""
        rows = _rows(turn + 1)[-EVENTS_A_TURN:]
        with transaction(self._database):
            ack = ledger.ingest(self._database, CART, EventBatch(1, tuple(rows)))
        assert (ack.upto_seq, ack.rejected) == ((turn + 1) * EVENTS_A_TURN, ())

    def stored(self) -> int:
        """By the rows' hashes."""
        with self._database.begin():
            found = self._database.execute(select(events.c.hash).order_by(events.c.number))
            hashes = [row.hash for row in found]
        turns = len(hashes) // EVENTS_A_TURN
        return turns if hashes == [row.hash for row in _rows(turns)] else -1

    def close(self) -> None:
        """Close it."""
        self._database.close()

    @staticmethod
    def template(folder: Path) -> Path:
        """A database that stands: what its first opening takes long for."""
        made = folder.parent / "template"
        if not made.exists():
            with closing(open_database(made)):
                pass
        return made


class OfFile:
    """A file that is replaced whole or not at all."""

    told: ClassVar[type[OSError]] = OSError

    def __init__(self, folder: Path) -> None:
        self._path = folder / "replaced"

    def write(self, turn: int) -> None:
        """Replace it."""
        replace_file(self._path, content_of(turn + 1))

    def stored(self) -> int:
        """By its content."""
        data = self._path.read_bytes() if self._path.exists() else b""
        turns = int(data[:8] or b"0")
        return turns if data == (content_of(turns) if turns else b"") else -1

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def template(folder: Path) -> Path:
        """An empty folder."""
        return OfJournal.template(folder)


SUBJECTS: dict[str, type[Subject]] = {"journal": OfJournal, "store": OfStore, "file": OfFile}


def _rows(turns: int) -> list[Entry]:
    """The rows of so many turns, chained."""
    rows: list[Entry] = []
    last_hash = FIRST_HASH
    for turn in range(turns):
        for event in _turn(turn):
            raw = msgspec.json.encode(event)
            last_hash = chain_hash(last_hash, raw)
            rows.append(Entry(len(rows) + 1, msgspec.Raw(raw), last_hash))
    return rows
