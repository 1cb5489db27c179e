"""Takes in journal rows: each (cart, epoch, seq) once, in order, along its hash chain.

A row that can't be read is kept as it came and said to be rejected, so one bad event never blocks
those behind it. A row that breaks the chain is not taken. It must never change a stored row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import FIRST_HASH, Ack, Entry, EventBatch, Rejected, chain_hash
from cart.core.events import Event, TripBound, TripOpened
from store import archive, trips
from store.database import check_storable
from store.prepared import Prepared
from store.tables import events, journals

LEFT_OUT = b"null"  # stands for an event that was too long to be sent
# A cart counts its journals one by one, but one from elsewhere may begin anywhere. Up to here above
# the newest known an epoch is taken, so nobody can use up all the numbers. A cart that stands
# higher yet, for the store forgot its last ones, is told to count on from what is known.
EPOCH_LEAP_MAX = 2**32
NO_JOURNAL = ""  # the hash of no row
# Built once: these run for every batch.
OF_JOURNAL = and_(
    journals.c.cart == bindparam("of_cart"), journals.c.epoch == bindparam("of_epoch")
)
STANDS = Prepared(select(journals.c.seq, journals.c.hash).where(OF_JOURNAL))
MOVED = Prepared(update(journals).where(OF_JOURNAL), "seq", "hash")
TAKEN = Prepared(insert(events), "cart", "epoch", "seq", "kind", "event", "hash")


def ingest(database: Connection, cart: str, batch: EventBatch, now_utc_ms: int = 0) -> Ack:
    """Store what is new of a batch, inside the caller's transaction; say how far the store is.

    Raises ContractError for rows that do not follow each other."""
    first_seq = batch.entries[0].seq
    if [entry.seq for entry in batch.entries] != [
        *range(first_seq, first_seq + len(batch.entries))
    ]:
        raise ContractError("EventBatch: the rows of a batch follow each other; send them in order")
    before, last_hash = _last(database, cart, batch.epoch)
    if not before and batch.epoch > _newest_epoch(database, cart) + EPOCH_LEAP_MAX:
        raise ContractError(f"EventBatch: epoch {batch.epoch} is far too high; greet first")
    if first_seq > before + 1:
        return Ack(batch.epoch, before, need_from=before + 1)
    known = batch.entries[: before + 1 - first_seq]
    rejected = _differing(database, cart, batch.epoch, known)
    fresh: list[dict[str, Any]] = []
    for entry in batch.entries[len(known) :]:
        if not _follows(entry, last_hash):
            rejected.append(Rejected(entry.seq, "its hash does not follow from the row before"))
            break
        event, refusals = _read(entry)
        rejected += refusals
        kind = archive.UNREADABLE if event is None else str(event.__struct_config__.tag)
        event_bytes = LEFT_OUT if entry.left_out_bytes else bytes(entry.event)
        fresh.append({"seq": entry.seq, "kind": kind, "event": event_bytes,
                      "hash": entry.hash, "cart": cart, "epoch": batch.epoch})  # fmt: skip
        if event is not None:
            trips.note(database, cart, batch.epoch, entry.seq, event, now_utc_ms)
        last_hash = entry.hash
    if fresh:
        TAKEN.run(database, fresh)
        _moved(database, cart, batch.epoch, before, fresh[-1])
    return Ack(batch.epoch, before + len(fresh), rejected=tuple(rejected))


def answer(database: Connection, cart: str, epoch: int, utc_ms: int) -> Ack:
    """What a cart must know to go on: how far its journal is here, and which journals there are."""
    seq, row_hash = _last(database, cart, epoch)
    newest = _newest_epoch(database, cart)
    if epoch > newest + EPOCH_LEAP_MAX:
        return Ack(epoch, 0, hash=NO_JOURNAL, newest_epoch=newest or 1, utc_ms=utc_ms)
    return Ack(epoch, seq, hash=row_hash, newest_epoch=newest or epoch, utc_ms=utc_ms)


def _newest_epoch(database: Connection, cart: str) -> int:
    """0 where none is known."""
    known = select(func.max(journals.c.epoch)).where(journals.c.cart == cart)
    return database.scalar(known) or 0


def standing(database: Connection, cart: str, epoch: int) -> tuple[int, str]:
    """The newest row of a cart's journal that the store has, and its hash."""
    return _last(database, cart, epoch)


def rewind(database: Connection, cart: str, epoch: int, seq: int, row_hash: str) -> None:
    """Forget the rows after `seq`, whose hash is `row_hash`: the cart sends them again."""
    after = (events.c.cart == cart, events.c.epoch == epoch, events.c.seq > seq)
    database.execute(delete(events).where(*after))
    database.execute(delete(journals).where(journals.c.cart == cart, journals.c.epoch == epoch))
    if seq:
        stands = {"seq": seq, "hash": row_hash}
        database.execute(insert(journals), {"cart": cart, "epoch": epoch, **stands})
    trips.rewind(database, cart, epoch, seq)


def stored_seq(database: Connection, cart: str, epoch: int) -> int:
    """The newest row of a cart's journal that the store has; 0 when there is none."""
    return _last(database, cart, epoch)[0]


def _last(database: Connection, cart: str, epoch: int) -> tuple[int, str]:
    return STANDS.first(database, {"of_cart": cart, "of_epoch": epoch}) or (0, FIRST_HASH)


def _moved(
    database: Connection, cart: str, epoch: int, before: int, newest: dict[str, Any]
) -> None:
    """Write down how far a journal is stored now."""
    stands = {"seq": newest["seq"], "hash": newest["hash"]}
    if before == 0:
        database.execute(insert(journals), {"cart": cart, "epoch": epoch, **stands})
    else:
        MOVED.run(database, [{"of_cart": cart, "of_epoch": epoch, **stands}])


def _differing(
    database: Connection, cart: str, epoch: int, known: Sequence[Entry]
) -> list[Rejected]:
    """Repeated rows must be the rows that are stored: otherwise two journals share a name."""
    if not known:
        return []
    stored = archive.rows(database, cart, epoch, known[0].seq, known[-1].seq)
    hashes = {row.seq: row.hash for row in stored}
    # Of a row that was dropped nothing can be said.
    return [
        Rejected(entry.seq, "another row is stored under this number")
        for entry in known
        if hashes.get(entry.seq, entry.hash) != entry.hash
    ]


def _follows(entry: Entry, last_hash: str) -> bool:
    """Whether a row follows from the one before; what was left out can't be held against it."""
    return bool(entry.left_out_bytes) or chain_hash(last_hash, bytes(entry.event)) == entry.hash


def _read(entry: Entry) -> tuple[Event | None, list[Rejected]]:
    if entry.left_out_bytes:
        wrong = f"its event is {entry.left_out_bytes} bytes long; the snapshot stands for it"
        return None, [Rejected(entry.seq, wrong)]
    try:
        event: Event = decode_json(Event, bytes(entry.event), f"row {entry.seq}")
        if isinstance(event, TripOpened | TripBound):
            check_storable(event)
    except ContractError as error:
        return None, [Rejected(entry.seq, str(error)[:300])]
    return event, []
