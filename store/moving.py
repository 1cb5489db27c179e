"""A trip that moves to another cart: the store hands its fold over, and one cart alone is paid.

The new cart gets a trip of its own with what the old one had; the old one is told to forget it, and
can't be paid any more from the moment of the move. It must never move a trip that is paid.
"""

from __future__ import annotations

from msgspec import json
from sqlalchemy import Connection, delete, insert, select, update

from cart.contract.lines import ContractError
from store import trips
from store.tables import coupons, moves, payments
from store.tables import trips as trip_rows

CARRIED_BYTES_MAX = 150_000


def of_shopper(database: Connection, shopper: str, but_cart: str) -> trips.Trip | None:
    """The newest trip of a shopper that goes on at another cart."""
    open_trip = (trip_rows.c.shopper == shopper, trip_rows.c.last_seq.is_(None))
    found = database.execute(
        select(trip_rows.c.trip_id)
        .where(*open_trip, trip_rows.c.cart != but_cart)
        .order_by(trip_rows.c.number.desc())
    ).scalars()
    for trip_id in found:
        trip = trips.find(database, trip_id)
        if trip is not None and moved_to(database, trip.cart, trip_id) is None:
            return trip
    return None


def move(database: Connection, trip: trips.Trip, to_cart: str, to_trip: str, upto_seq: int) -> None:
    """From now on the trip is another cart's. Raises ContractError."""
    of_trip = (payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id)
    if database.scalar(select(payments.c.number).where(*of_trip)) is not None:
        raise ContractError(f"trip {trip.trip_id} is paid; it stays where it is")
    if trip.last_seq is not None or moved_to(database, trip.cart, trip.trip_id) is not None:
        raise ContractError(f"trip {trip.trip_id} has ended at {trip.cart}")
    carried_by(database, trip, upto_seq)
    reserved = (coupons.c.cart == trip.cart, coupons.c.first_seq == trip.first_seq)
    database.execute(delete(coupons).where(*reserved, coupons.c.used.is_(False)))
    which = {"from_cart": trip.cart, "from_trip": trip.trip_id, "upto_seq": upto_seq}
    database.execute(insert(moves).values(to_cart=to_cart, to_trip=to_trip, told=False, **which))


def carried_to(database: Connection, to_trip: str) -> bytes | None:
    """What a trip brought along: the basket of the one before; None for one that began here."""
    row = database.execute(select(moves).where(moves.c.to_trip == to_trip)).first()
    if row is None:
        return None
    trip = trips.find(database, row.from_trip, row.from_cart)
    return None if trip is None else carried_by(database, trip, row.upto_seq)


def carried_by(database: Connection, trip: trips.Trip, upto_seq: int) -> bytes:
    """The basket to hand over. Raises ContractError for one that fits no message."""
    basket = json.encode(trips.fold_of(database, trip, upto_seq), order="deterministic")
    if len(basket) > CARRIED_BYTES_MAX:
        raise ContractError(f"trip {trip.trip_id}: too large to move; pay at {trip.cart}")
    return basket


def moved_to(database: Connection, cart: str, trip_id: str) -> str | None:
    """The cart that a trip has moved to; None if it has not."""
    where = (moves.c.from_cart == cart, moves.c.from_trip == trip_id)
    to_cart: str | None = database.scalar(select(moves.c.to_cart).where(*where))
    return to_cart


def untold(database: Connection) -> list[tuple[str, str]]:
    """(cart, trip) of what old carts have not been told to forget; from now on they have been."""
    rows = database.execute(select(moves).where(moves.c.told.is_(False))).all()
    database.execute(update(moves).values(told=True))
    return [(row.from_cart, row.from_trip) for row in rows]
