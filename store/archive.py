"""Packs the journal rows of old trips away, so that the table of rows does not grow for ever.

Packed rows are read like the others, byte for byte, until they are dropped; a paid trip's receipt
stays. It must never touch the rows of a trip that goes on at its cart.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator
from typing import NamedTuple

from msgspec import Raw, json
from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from cart.contract.decoding import decoder_of
from cart.core.value import Value
from store.tables import archives, events, grants, journals, snaps, trips

DAY_MS = 86_400_000
UNREADABLE = "unreadable"


class Row(Value):
    """A journal row as it is stored; `event` is as the cart wrote it."""

    seq: int
    kind: str
    event: Raw
    hash: str


class Packed(NamedTuple):
    """What an archiving did: how many rows it packed, and how many packs it dropped."""

    packed: int
    dropped: int


def rows(database: Connection, cart: str, epoch: int, first_seq: int, last_seq: int) -> list[Row]:
    """The rows of a journal between two numbers, both included, packed away or not."""
    found = database.execute(
        select(archives.c.rows)
        .where(
            archives.c.cart == cart,
            archives.c.epoch == epoch,
            archives.c.last_seq >= first_seq,
            archives.c.first_seq <= last_seq,
        )
        .order_by(archives.c.last_seq)
    ).scalars()
    packed = [row for each in found for row in _unpack(each) if first_seq <= row.seq <= last_seq]
    after = max(first_seq, packed[-1].seq + 1) if packed else first_seq
    return packed + _kept(database, cart, epoch, after, last_seq)


def oldest(database: Connection, cart: str, epoch: int, *, after_seq: int) -> Row | None:
    """The first row after this one that is not packed away; None: there is none."""
    of_journal = (events.c.cart == cart, events.c.epoch == epoch, events.c.seq > after_seq)
    seq = database.scalar(select(func.min(events.c.seq)).where(*of_journal))
    return None if seq is None else _kept(database, cart, epoch, seq, seq)[0]


def of_kinds(database: Connection, kinds: Collection[str]) -> Iterator[tuple[str, int, Row]]:
    """The rows of these kinds, each with its cart and epoch: those packed away first."""
    where = (archives.c.packed_utc_ms, archives.c.cart, archives.c.last_seq)
    packs = select(archives.c.cart, archives.c.epoch, archives.c.rows).order_by(*where)
    for cart, epoch, packed in database.execute(packs).all():
        yield from ((cart, epoch, row) for row in _unpack(packed) if row.kind in kinds)
    kept = (events.c.cart, events.c.epoch, events.c.seq, events.c.kind, events.c.event)
    found = select(*kept, events.c.hash).where(events.c.kind.in_(kinds)).order_by(events.c.number)
    for cart, epoch, seq, kind, event, row_hash in database.execute(found).all():
        yield cart, epoch, Row(seq, kind, Raw(bytes(event)), row_hash)


def archive(database: Connection, now_utc_ms: int, after_days: int, drop_after_days: int) -> Packed:
    """Pack the rows of trips closed so many days ago; drop what has been packed for longer.

    With packed rows the shoppers' pseudonyms of their trips go too."""
    closed_before = now_utc_ms - after_days * DAY_MS
    _end(database, now_utc_ms, after_days, drop_after_days)
    packed = 0
    for cart, epoch, stored_seq in database.execute(
        select(journals.c.cart, journals.c.epoch, journals.c.seq)
    ).all():
        upto_seq = _upto(database, cart, epoch, stored_seq, closed_before)
        packed += _pack(database, cart, epoch, upto_seq, now_utc_ms)
    return Packed(packed, _drop(database, now_utc_ms - drop_after_days * DAY_MS))


class Daily:
    """Archiving by the running service: once a day, a journal at a time, so that carts never wait
    for all of them. A journal that can't be packed now is packed tomorrow."""

    def __init__(self, after_days: int, drop_after_days: int) -> None:
        self._after_days = after_days
        self._drop_after_days = drop_after_days
        self._begun_utc_ms = 0
        self._left: list[tuple[str, int, int]] = []

    def is_due(self, now_utc_ms: int) -> bool:
        """Whether a step would do anything; only then its writing has to wait for its turn."""
        return bool(self._left) or abs(now_utc_ms - self._begun_utc_ms) >= DAY_MS

    def step(self, database: Connection, now_utc_ms: int) -> Packed:
        """Do a little, inside the caller's transaction: pack one journal, or drop at the end."""
        if abs(now_utc_ms - self._begun_utc_ms) >= DAY_MS:
            self._begun_utc_ms = now_utc_ms
            found = select(journals.c.cart, journals.c.epoch, journals.c.seq)
            self._left = [(row.cart, row.epoch, row.seq) for row in database.execute(found)]
            _end(database, now_utc_ms, self._after_days, self._drop_after_days)
        if not self._left:
            return Packed(0, 0)
        cart, epoch, stored_seq = self._left.pop()
        closed_before = now_utc_ms - self._after_days * DAY_MS
        upto_seq = _upto(database, cart, epoch, stored_seq, closed_before)
        packed = _pack(database, cart, epoch, upto_seq, now_utc_ms)
        dropped = 0 if self._left else _drop(database, now_utc_ms - self._drop_after_days * DAY_MS)
        return Packed(packed, dropped)


def _end(database: Connection, now_utc_ms: int, after_days: int, drop_after_days: int) -> None:
    """End what its cart never will: a trip that a journal left open which was replaced since, so
    long after that was noticed first; after both terms one of a cart that never came back. And
    forget the grants of trips that did not begin."""
    goes_on = trips.c.last_seq.is_(None)
    database.execute(
        update(trips)
        .where(goes_on, trips.c.closed_utc_ms.is_(None))
        .values(closed_utc_ms=now_utc_ms)
    )
    newer, own = journals.alias(), journals.alias()
    replaced = exists().where(newer.c.cart == trips.c.cart, newer.c.epoch > trips.c.epoch)
    noticed_before = now_utc_ms - after_days * DAY_MS
    left = or_(
        and_(replaced, trips.c.closed_utc_ms < noticed_before),
        trips.c.closed_utc_ms < noticed_before - drop_after_days * DAY_MS,
    )
    of_trip = (own.c.cart == trips.c.cart, own.c.epoch == trips.c.epoch)
    last_seq = select(own.c.seq).where(*of_trip).scalar_subquery()
    database.execute(update(trips).where(goes_on, left).values(last_seq=last_seq))
    unused = grants.c.trip_id.not_in(select(trips.c.trip_id))
    database.execute(delete(grants).where(unused, grants.c.expires_utc_ms < noticed_before))


def _upto(database: Connection, cart: str, epoch: int, stored_seq: int, closed_before: int) -> int:
    """Up to which row nothing young stands; what leads to the next trip stays with it."""
    of_journal = (trips.c.cart == cart, trips.c.epoch == epoch)
    young = or_(trips.c.last_seq.is_(None), trips.c.closed_utc_ms >= closed_before)
    first_young = database.scalar(select(func.min(trips.c.first_seq)).where(*of_journal, young))
    old = select(func.max(trips.c.last_seq)).where(*of_journal)
    if first_young is not None:
        old = old.where(trips.c.last_seq < first_young)
    newest = database.scalar(select(func.max(journals.c.epoch)).where(journals.c.cart == cart))
    if first_young is None and epoch != newest:
        return stored_seq  # a journal that was replaced: its trips were told again in the next
    return database.scalar(old) or 0


def _pack(database: Connection, cart: str, epoch: int, upto_seq: int, now_utc_ms: int) -> int:
    before = database.scalar(
        select(func.max(archives.c.last_seq)).where(
            archives.c.cart == cart, archives.c.epoch == epoch
        )
    )
    old = _kept(database, cart, epoch, (before or 0) + 1, upto_seq)
    if not old:
        return 0
    database.execute(
        insert(archives).values(
            cart=cart,
            epoch=epoch,
            first_seq=old[0].seq,
            last_seq=old[-1].seq,
            packed_utc_ms=now_utc_ms,
            rows=gzip.compress(json.Encoder().encode_lines(old), mtime=0),
        )
    )
    # The next trip is priced by the catalog that was adopted before it: that row stays here too.
    here = (events.c.cart == cart, events.c.epoch == epoch, events.c.seq <= upto_seq)
    adopted = database.scalar(
        select(func.max(events.c.seq)).where(*here, events.c.kind == "catalog_adopted")
    )
    database.execute(delete(events).where(*here, events.c.seq != (adopted or 0)))
    return len(old)


def _drop(database: Connection, packed_before: int) -> int:
    old = archives.c.packed_utc_ms < packed_before
    dropped = database.execute(
        select(archives.c.cart, archives.c.epoch, archives.c.last_seq).where(old)
    ).all()
    for cart, epoch, last_seq in dropped:
        gone = (trips.c.cart == cart, trips.c.epoch == epoch, trips.c.last_seq <= last_seq)
        database.execute(
            delete(grants).where(grants.c.trip_id.in_(select(trips.c.trip_id).where(*gone)))
        )
        told = select(trips.c.trip_id).where(*gone)
        database.execute(delete(snaps).where(snaps.c.cart == cart, snaps.c.trip_id.in_(told)))
        database.execute(update(trips).where(*gone).values(shopper=None))
    database.execute(delete(archives).where(old))
    return len(dropped)


def _kept(database: Connection, cart: str, epoch: int, first_seq: int, last_seq: int) -> list[Row]:
    found = database.execute(
        select(events.c.seq, events.c.kind, events.c.event, events.c.hash)
        .where(
            events.c.cart == cart,
            events.c.epoch == epoch,
            events.c.seq.between(first_seq, last_seq),
        )
        .order_by(events.c.seq)
    )
    return [Row(seq, kind, Raw(bytes(event)), row_hash) for seq, kind, event, row_hash in found]


def _unpack(packed: bytes) -> list[Row]:
    return decoder_of(Row).decode_lines(gzip.decompress(packed))
