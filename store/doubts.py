"""Where a cart's word is not the store's: dispute items that no fact of a journal raises.

Sums that rest on prices, fees or a member that the store knows nothing of, names that it granted no
trip to, trips that moved and lost something, goods that came after a payment. It must never change
a receipt, nor say more than both sides' words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import Connection, and_, exists, func, select

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.events import TripBound, TripOpened
from cart.core.receipt import Receipt
from cart.core.refunds import differences
from store import carried, trips, verified
from store.tables import chain, events, payments
from store.tables import trips as trip_rows

LINE_KINDS = ("item_added", "item_removed", "line_repriced")
Asked = Mapping[tuple[str, str], int]


class Doubt(NamedTuple):
    """What the item is about, and what each side says of it; `line_id` "": of the whole trip."""

    cart: str
    trip_id: str
    line_id: str
    about: str
    cart_says: str
    store_says: str


def of_names(
    database: Connection, said: Iterable[tuple[str, TripOpened | TripBound]]
) -> Iterator[Doubt]:
    """Names under which a cart had a trip that the store granted them not (about: "shopper")."""
    whose = (trip_rows.c.cart, trip_rows.c.trip_id, trip_rows.c.shopper)
    known = set(map(tuple, database.execute(select(*whose))))
    for cart, event in said:
        if event.shopper and (cart, event.trip_id, event.shopper) not in known:
            yield Doubt(cart, event.trip_id, "", "shopper", event.shopper, "nobody")


def of_sums(database: Connection, asked: Asked) -> Iterator[Doubt]:
    """Unpaid trips of which the store's books say another sum, place by place; those that it can't
    add up, for it came back from a backup without their deals or catalog, are paid at the counter
    (about: "unknown")."""
    paid = set(map(tuple, database.execute(select(payments.c.cart, payments.c.trip_id))))
    for (cart, trip_id), total_minor in asked.items():
        trip = trips.find(database, trip_id, cart)
        if trip is None or (cart, trip_id) in paid:
            continue
        try:
            told = trips.priced(database, trip).receipt
            by_books = verified.receipt_by_the_books(database, trip, trips.SEQ_MAX)
        except ContractError as error:
            words = (f"total_minor {total_minor}", f"{error}; settle it at the counter")
            yield Doubt(cart, trip_id, "", "unknown", *words)
            continue
        for place in differences(told, by_books):
            yield Doubt(cart, trip_id, place.line_id, place.field, place.cart, place.store)


def of_receipts(database: Connection, settled: Mapping[tuple[str, str], str]) -> Iterator[Doubt]:
    """Receipts that a cart has of this store, and the store has not, as after it came back from a
    backup (about: "receipt")."""
    known = database.execute(select(payments.c.cart, payments.c.trip_id, payments.c.number)).all()
    given = {(cart, trip_id): trips.receipt_id(number) for cart, trip_id, number in known}
    for (cart, trip_id), receipt_id in settled.items():
        if given.get((cart, trip_id)) != receipt_id:
            here = given.get((cart, trip_id), "not paid here")
            yield Doubt(cart, trip_id, "", "receipt", receipt_id, here)


def of_moves(database: Connection) -> Iterator[Doubt]:
    """Trips that did not begin with what they brought (about: "carried")."""
    for cart, trip_id, cart_says, store_says in carried.differences(database):
        yield Doubt(cart, trip_id, "", "carried", cart_says, store_says)


def of_payments(database: Connection) -> Iterator[Doubt]:
    """Lines that are not what was paid (about: "after_payment"), until their rows are packed."""
    paid = and_(payments.c.cart == trip_rows.c.cart, payments.c.trip_id == trip_rows.c.trip_id)
    after = (
        events.c.cart == trip_rows.c.cart,
        events.c.epoch == trip_rows.c.epoch,
        events.c.seq > chain.c.upto_seq,
        events.c.seq < func.coalesce(trip_rows.c.last_seq, trips.SEQ_MAX),
        events.c.kind.in_(LINE_KINDS),
    )
    found = (
        select(*trips.COLUMNS, chain.c.upto_seq)
        .join(payments, paid)
        .join(chain, chain.c.number == payments.c.number)
        .where(exists().where(*after))
        .order_by(payments.c.number)
    )
    for *row, paid_seq in database.execute(found).all():
        trip = trips.Trip(*row)
        for line_id, now, before in _later(database, trip, paid_seq):
            yield Doubt(trip.cart, trip.trip_id, line_id, "after_payment", now, before)


def as_paid(database: Connection, trip: trips.Trip) -> trips.PricedTrip:
    """A trip as it was paid, and what its cart said later; as it stands while it is not paid.

    Raises ContractError."""
    asked = select(payments.c.receipt, chain.c.upto_seq).outerjoin(
        chain, chain.c.number == payments.c.number
    )
    same = (payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id)
    paid = database.execute(asked.where(*same)).first()
    if paid is None:
        return trips.priced(database, trip)
    paid_seq = trips.SEQ_MAX if paid.upto_seq is None else paid.upto_seq
    receipt = decode_json(Receipt, bytes(paid.receipt), "a stored receipt")
    later = [f"{line_id}: {now}; paid: {before}" for line_id, now, before
             in _later(database, trip, paid_seq)]  # fmt: skip
    return replace(trips.priced(database, trip, paid_seq), receipt=receipt, later=tuple(later))


def _later(database: Connection, trip: trips.Trip, paid_seq: int) -> Iterator[tuple[str, str, str]]:
    """Each line that is not what it was by the row that the trip was paid by: what it is, in
    words, and what it was."""
    try:
        now, before = (
            {
                line.line_id: carried.words([line])
                for line in trips.fold_of(database, trip, upto).lines
            }
            for upto in (trips.SEQ_MAX, paid_seq)
        )
    except ContractError as error:
        yield "", str(error), ""
        return
    for line_id in dict.fromkeys([*before, *now]):
        if now.get(line_id) != before.get(line_id):
            yield line_id, now.get(line_id, "gone"), before.get(line_id, "nothing")
