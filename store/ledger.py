"""Takes in journal rows: each (cart, epoch, seq) once, in order, along its hash chain.

A row that can't be read is kept as it came and said to be rejected, so one bad event never blocks
those behind it. A row that breaks the chain is not taken. It must never change a stored row.
"""

from __future__ import annotations

import sqlite3

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import FIRST_HASH, Ack, Entry, EventBatch, Rejected, chain_hash
from cart.core.events import Event
from store import trips

UNREADABLE = "unreadable"


def ingest(database: sqlite3.Connection, cart: str, batch: EventBatch) -> Ack:
    """Store what is new of a batch, inside the caller's transaction; say how far the store is."""
    seq, last_hash = _last(database, cart, batch.epoch)
    rejected: list[Rejected] = []
    for entry in batch.entries:
        if entry.seq <= seq:
            rejected += _differing(database, cart, batch.epoch, entry)
            continue
        if entry.seq > seq + 1:
            return Ack(batch.epoch, seq, need_from=seq + 1, rejected=tuple(rejected))
        if chain_hash(last_hash, bytes(entry.event)) != entry.hash:
            rejected.append(Rejected(entry.seq, "its hash does not follow from the row before"))
            break
        rejected += _keep(database, cart, batch.epoch, entry)
        seq, last_hash = entry.seq, entry.hash
    return Ack(batch.epoch, seq, rejected=tuple(rejected))


def stored_seq(database: sqlite3.Connection, cart: str, epoch: int) -> int:
    """The newest row of a cart's journal that the store has; 0 when there is none."""
    return _last(database, cart, epoch)[0]


def _last(database: sqlite3.Connection, cart: str, epoch: int) -> tuple[int, str]:
    row = database.execute(
        "SELECT seq, hash FROM events WHERE cart = ? AND epoch = ? ORDER BY seq DESC LIMIT 1",
        (cart, epoch),
    ).fetchone()
    return (row["seq"], row["hash"]) if row else (0, FIRST_HASH)


def _differing(database: sqlite3.Connection, cart: str, epoch: int, entry: Entry) -> list[Rejected]:
    """A repeated row must be the row that is stored: otherwise two journals share a name."""
    row = database.execute(
        "SELECT hash FROM events WHERE cart = ? AND epoch = ? AND seq = ?",
        (cart, epoch, entry.seq),
    ).fetchone()
    same = row["hash"] == entry.hash
    return [] if same else [Rejected(entry.seq, "another row is stored under this number")]


def _keep(database: sqlite3.Connection, cart: str, epoch: int, entry: Entry) -> list[Rejected]:
    raw = bytes(entry.event)
    rejected: list[Rejected] = []
    kind = UNREADABLE
    try:
        event: Event = decode_json(Event, raw, f"row {entry.seq}")
    except ContractError as error:
        rejected.append(Rejected(entry.seq, str(error)[:300]))
    else:
        kind = str(event.__struct_config__.tag)
        trips.note(database, cart, epoch, entry.seq, event)
    database.execute(
        "INSERT INTO events (cart, epoch, seq, kind, event, hash) VALUES (?, ?, ?, ?, ?, ?)",
        (cart, epoch, entry.seq, kind, raw, entry.hash),
    )
    return rejected
