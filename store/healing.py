"""Holds a cart's snapshot against the rows that are stored, and gets back what was lost or altered.

The rows of a journal prove each other by their hashes. Those that no longer do are dropped and
asked for again, for the cart keeps its journal; where the rows are right but can't all be read, the
snapshot stands for their fold. It must never let a snapshot change rows that prove themselves.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import FIRST_HASH, Ack, BasketView, Snap, chain_hash
from cart.core.basket import Basket
from store import archive, ledger, trips
from store.tables import archives, events, snaps
from store.tables import trips as trips_table

Proved = tuple[int, str]


def take(database: Connection, cart: str, snap: Snap) -> Ack | None:
    """Heal by a snapshot whose rows are all stored; the answer says what to send again, if
    anything. Raises ContractError where cart and store fold the same rows differently."""
    stored = ledger.standing(database, cart, snap.epoch)
    good = _untold_trip(database, cart, snap) or _last_good(database, cart, snap, stored[0])
    if good != stored:
        ledger.rewind(database, cart, snap.epoch, *good)
        return Ack(snap.epoch, good[0], need_from=good[0] + 1)
    row_hash = _hash_of(database, cart, snap.epoch, snap.upto_seq)
    if row_hash is None:
        raise ContractError(f"Snap: row {snap.upto_seq} was dropped here; tell the newest basket")
    if row_hash != snap.row_hash:
        # Two journals share a number: the cart sees it by the hash, and numbers its own anew.
        return ledger.answer(database, cart, snap.epoch, utc_ms=0)
    _compare(database, cart, snap)
    return None


def view(database: Connection, cart: str) -> BasketView | None:
    """What the store holds of the trip that goes on at a cart; None where it holds none."""
    trip = trips.open_at(database, cart)
    if trip is None:
        return None
    try:
        priced = trips.priced(database, trip)
    except ContractError:
        return BasketView(trip.trip_id, 1, 0, 0)  # surely not what the cart has: it tells us
    seq, _ = ledger.standing(database, cart, trip.epoch)
    return BasketView(trip.trip_id, seq, len(priced.lines), priced.receipt.total_minor)


def _last_good(database: Connection, cart: str, snap: Snap, stored_seq: int) -> Proved:
    """The last row that follows from those before it, from the trip's first row on."""
    seq, row_hash = _beginning(database, cart, snap)
    for row in archive.rows(database, cart, snap.epoch, seq + 1, stored_seq):
        if row.seq != seq + 1 or not _follows(row, row_hash):
            break
        seq, row_hash = row.seq, row.hash
    return seq, row_hash


def _beginning(database: Connection, cart: str, snap: Snap) -> Proved:
    """A row that needs no proof: the one before the trip; else the last one that was packed away,
    which nobody touches; else that of the last trip that ended, or, where this was dropped in its
    time, the first one that is kept after it."""
    journal = (database, cart, snap.epoch)
    trip = trips.find(database, snap.trip_id, cart)
    here = trip is not None and trip.epoch == snap.epoch and _hash_of(*journal, trip.first_seq)
    ended_seq = _ended_upto(*journal)
    tried = [trip.first_seq - 1] if trip is not None and here else []
    for seq in (*tried, *filter(None, (_packed_upto(*journal), ended_seq))):
        if (row_hash := _hash_of(*journal, seq)) is not None:
            return seq, row_hash
    oldest = archive.oldest(*journal, after_seq=ended_seq) if ended_seq else None
    return (oldest.seq, oldest.hash) if oldest else (0, FIRST_HASH)


def _untold_trip(database: Connection, cart: str, snap: Snap) -> Proved | None:
    """The row before the one that opens the trip, where the store has the row but no trip."""
    of_journal = (events.c.cart == cart, events.c.epoch == snap.epoch)
    opens = select(func.max(events.c.seq)).where(*of_journal, events.c.kind == "trip_opened")
    seq = database.scalar(opens)
    known = select(trips_table.c.first_seq).where(
        trips_table.c.cart == cart,
        trips_table.c.epoch == snap.epoch,
        trips_table.c.first_seq == seq,
    )
    if seq is None or database.scalar(known) is not None:
        return None
    row_hash = _hash_of(database, cart, snap.epoch, seq - 1)
    return None if row_hash is None else (seq - 1, row_hash)


def _follows(row: archive.Row, last_hash: str) -> bool:
    """Of an event that was too long to be sent nothing but its hash is here."""
    event = bytes(row.event)
    return event == ledger.LEFT_OUT or chain_hash(last_hash, event) == row.hash


def _hash_of(database: Connection, cart: str, epoch: int, seq: int) -> str | None:
    rows = archive.rows(database, cart, epoch, seq, seq) if seq else []
    return rows[0].hash if rows else (None if seq else FIRST_HASH)


def _packed_upto(database: Connection, cart: str, epoch: int) -> int:
    of_journal = (archives.c.cart == cart, archives.c.epoch == epoch)
    return database.scalar(select(func.max(archives.c.last_seq)).where(*of_journal)) or 0


def _ended_upto(database: Connection, cart: str, epoch: int) -> int:
    of_journal = (trips_table.c.cart == cart, trips_table.c.epoch == epoch)
    return database.scalar(select(func.max(trips_table.c.last_seq)).where(*of_journal)) or 0


def _compare(database: Connection, cart: str, snap: Snap) -> None:
    """Hold the fold of the stored rows against the snapshot; it stands for what can't be read."""
    trip = trips.find(database, snap.trip_id, cart)
    if trip is None or trip.epoch != snap.epoch:
        raise ContractError(f"Snap: no row opens trip {snap.trip_id}")
    told = decode_json(Basket, bytes(snap.basket), "Snap: basket")
    if trips.has_unreadable(database, trip):
        _keep(database, cart, snap)
    elif _of_trip(trips.fold_of(database, trip, snap.upto_seq)) != _of_trip(told):
        raise ContractError(
            f"Snap: the store folds trip {snap.trip_id} otherwise; bring both to one version"
        )


def _of_trip(basket: Basket) -> tuple[object, ...]:
    """What the rows of a trip alone say; the rest a cart carries from trip to trip."""
    who = (basket.phase, basket.trip_id, basket.shopper, basket.member, basket.terms)
    return (*who, basket.lines, basket.open_lines, basket.own_lines, basket.budget_minor)


def _keep(database: Connection, cart: str, snap: Snap) -> None:
    database.execute(delete(snaps).where(snaps.c.cart == cart, snaps.c.trip_id == snap.trip_id))
    kept = {"epoch": snap.epoch, "upto_seq": snap.upto_seq, "basket": bytes(snap.basket)}
    database.execute(insert(snaps).values(cart=cart, trip_id=snap.trip_id, **kept))
