"""Offers with a limit a shopper: how often each is used, by the store's own receipts and grants.

What a trip that goes on may still use counts as used: of two carts at once only one has it. It must
never take from a trip what was granted to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, exists, select

from cart.contract.decoding import decoder_of
from cart.core.receipt import Receipt
from store import holding, trips
from store.tables import grants, moves, payments
from store.tables import trips as trip_rows

# A cart that never comes back keeps nothing from its shopper for longer.
TRIP_MS = 86_400_000


def used_by(database: Connection, shopper: str, cart: str, now_utc_ms: int) -> dict[str, int]:
    """How often a shopper who takes this cart has had each offer with a limit."""
    limits = holding.limits(database, now_utc_ms)
    used = _paid(database, shopper) if limits else Counter[str]()
    for granted in _held(database, shopper, cart, now_utc_ms) if limits else ():
        had = trips.used_of(granted) or {}
        used |= {each: most for each, most in limits.items() if had.get(each, 0) < most}
    return {each: used[each] for each in sorted(limits) if used[each]}


def _paid(database: Connection, shopper: str) -> Counter[str]:
    same = (payments.c.cart == trip_rows.c.cart) & (payments.c.trip_id == trip_rows.c.trip_id)
    paid = select(payments.c.receipt).join(trip_rows, same).where(trip_rows.c.shopper == shopper)
    used = Counter[str]()
    for receipt in database.scalars(paid):
        used.update(decoder_of(Receipt).decode(bytes(receipt)).applied)
    return used


def _held(database: Connection, shopper: str, cart: str, now_utc_ms: int) -> Iterator[Row[Any]]:
    """The grants by which this shopper's trips go on, or may still begin, at other carts."""
    paid = (payments.c.cart == grants.c.cart, payments.c.trip_id == grants.c.trip_id)
    left = (moves.c.from_cart == grants.c.cart, moves.c.from_trip == grants.c.trip_id)
    theirs = (grants.c.shopper == shopper, grants.c.cart != cart)
    lately = grants.c.expires_utc_ms > now_utc_ms - TRIP_MS
    asked = select(grants).where(*theirs, lately, ~exists().where(*paid), ~exists().where(*left))
    for granted in database.execute(asked).all():
        if _goes_on(database, granted, now_utc_ms):
            yield granted


def _goes_on(database: Connection, granted: Row[Any], now_utc_ms: int) -> bool:
    if trips.find(database, granted.trip_id, granted.cart) is None:
        is_good: bool = now_utc_ms <= granted.expires_utc_ms
        return is_good
    trip = trips.open_at(database, granted.cart)
    return trip is not None and trip.trip_id == granted.trip_id
