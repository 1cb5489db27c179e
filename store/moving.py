"""A trip that moves to another cart: the store hands its fold over, and one cart alone is paid.

The new cart gets a trip of its own with what the old one had; the old one is told to forget it, and
can't be paid any more from the moment of the move. The shopper's app asks for it or, where a guest
has none, a person of the store. It must never move a trip that is paid.
"""

from __future__ import annotations

import secrets
from typing import Any

from msgspec import json
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    delete,
    exists,
    insert,
    select,
    update,
)

from cart.contract.lines import ContractError
from cart.contract.store import CODE_LIFETIME_MS
from store import trips
from store.ledger import stored_seq
from store.tables import coupons, moves, offers, payments
from store.tables import trips as trip_rows

CARRIED_BYTES_MAX = 150_000
OFFER_MS = CODE_LIFETIME_MS
ARRIVES_MS = 600_000  # so long a cart to which a person moved a trip is told of it


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


def new_id() -> str:
    """Of a trip that the store names."""
    return f"trip-{secrets.token_hex(8)}"


def ask(database: Connection, from_cart: str, to_cart: str, now_utc_ms: int) -> str:
    """A person moves what goes on at one cart to another that shows its code; the trip's new id.

    Until it has arrived this may be said again, also of a third cart. Raises ContractError."""
    if from_cart == to_cart:
        raise ContractError(f"{from_cart}: name two carts")
    if trips.open_at(database, to_cart) is not None:
        raise ContractError(f"a trip goes on at {to_cart}; take a cart that shows its code")
    if shown_at(database, to_cart, now_utc_ms) is None:
        raise ContractError(f"{to_cart} shows no code now; take another cart")
    trip = trips.open_at(database, from_cart)
    under_way = database.execute(_under_way().where(moves.c.from_cart == from_cart)).first()
    if under_way is not None and (trip is None or trip.trip_id == under_way.from_trip):
        _turn(database, under_way, to_cart, now_utc_ms)
        return str(under_way.to_trip)
    if trip is None:
        raise ContractError(f"no trip goes on at {from_cart}; look with: python -m store trips")
    to_trip = new_id()
    upto_seq = stored_seq(database, trip.cart, trip.epoch)
    move(database, trip, to_cart, to_trip, upto_seq, now_utc_ms)
    return to_trip


def shown_at(database: Connection, cart: str, now_utc_ms: int) -> str | None:
    """The code on a cart's screen; None if the cart has not said so lately."""
    shown = select(offers.c.nonce).where(offers.c.cart == cart, _is_fresh(now_utc_ms))
    nonce: str | None = database.scalar(shown)
    return nonce


def _is_fresh(now_utc_ms: int) -> ColumnElement[bool]:
    """By our own clock, which may be set back."""
    return offers.c.utc_ms.between(now_utc_ms - OFFER_MS, now_utc_ms + OFFER_MS)


def _turn(database: Connection, before: Row[Any], to_cart: str, now_utc_ms: int) -> None:
    """Say it once more, or of another cart: then the one before has nothing, whatever it heard."""
    if to_cart != before.to_cart:
        if moved_to(database, to_cart, before.to_trip) is not None:
            raise ContractError(f"this trip was moved away from {to_cart}; take another cart")
        gone = {"from_cart": before.to_cart, "from_trip": before.to_trip, "to_trip": ""}
        database.execute(insert(moves).values(to_cart=to_cart, upto_seq=0, told=False, **gone))
    same = (moves.c.from_cart == before.from_cart, moves.c.from_trip == before.from_trip)
    changed = {"to_cart": to_cart, "asked_utc_ms": now_utc_ms}
    database.execute(update(moves).where(*same).values(**changed))


def arriving(database: Connection, now_utc_ms: int) -> list[Row[Any]]:
    """Moves by a person, with the code that the new cart shows now, which has not taken them."""
    lately = moves.c.asked_utc_ms > now_utc_ms - ARRIVES_MS
    shown = _under_way().add_columns(offers.c.nonce).join(offers, offers.c.cart == moves.c.to_cart)
    return list(database.execute(shown.where(lately, _is_fresh(now_utc_ms))).all())


def _under_way() -> Select[Any]:
    here = (trip_rows.c.cart == moves.c.to_cart, trip_rows.c.trip_id == moves.c.to_trip)
    asked = (moves.c.asked_utc_ms > 0, ~exists().where(*here))
    return select(moves).where(*asked).order_by(moves.c.asked_utc_ms.desc())


def move(
    database: Connection,
    trip: trips.Trip,
    to_cart: str,
    to_trip: str,
    upto_seq: int,
    asked_utc_ms: int = 0,
) -> None:
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
    to = {"to_cart": to_cart, "to_trip": to_trip, "told": False, "asked_utc_ms": asked_utc_ms}
    database.execute(insert(moves).values(**which, **to))


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


def is_untold(database: Connection) -> bool:
    """Whether there is anything that an old cart has not been told to forget."""
    return database.execute(select(moves).where(moves.c.told.is_(False))).first() is not None


def untold(database: Connection) -> list[tuple[str, str]]:
    """(cart, trip) of what old carts have not been told to forget; from now on they have been."""
    told = update(moves).where(moves.c.told.is_(False)).values(told=True)
    found = database.execute(told.returning(moves.c.from_cart, moves.c.from_trip))
    return [(row.from_cart, row.from_trip) for row in found]
