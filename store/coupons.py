"""Coupons and bottle vouchers that are good once: reserved for a trip, used up when it is paid.

A reservation ends with its trip, paid or not, and when its cart begins another one: nothing has to
be given back. It must never reserve for a trip whose rows are not here yet.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Row, delete, insert, select, update

from cart.contract.store import CouponAnswer, CouponRequest
from cart.core.receipt import Receipt
from cart.core.terms import Held
from store import trips
from store.tables import coupons
from store.tables import trips as trip_rows


def reserve(database: Connection, cart: str, asked: CouponRequest) -> CouponAnswer | None:
    """Keep a coupon for a trip, or say who has it; None while the trip is still to come."""
    trip = trips.find(database, asked.trip_id, cart)
    if trip is None:
        return None
    row = _row(database, asked.coupon_id)
    if row is not None and row.used:
        return CouponAnswer(asked.trip_id, asked.coupon_id, "used")
    if row is not None and not _is_of(row, trip) and _goes_on(database, row):
        return CouponAnswer(asked.trip_id, asked.coupon_id, "in_use")
    place = {"cart": cart, "epoch": trip.epoch, "first_seq": trip.first_seq}
    database.execute(delete(coupons).where(coupons.c.coupon_id == asked.coupon_id))
    database.execute(insert(coupons).values(coupon_id=asked.coupon_id, used=False, **place))
    return CouponAnswer(asked.trip_id, asked.coupon_id, "reserved")


def not_reserved(
    database: Connection, trip: trips.Trip, receipt: Receipt, held: Iterable[Held]
) -> str:
    """A coupon that only the store can give and this trip does not have; "" without one."""
    for coupon_id in _once(receipt, held):
        row = _row(database, coupon_id)
        if row is None or row.used or not _is_of(row, trip):
            return coupon_id
    return ""


def use_up(database: Connection, receipt: Receipt, held: Iterable[Held]) -> None:
    """What took something off this receipt is good no more."""
    for coupon_id in _once(receipt, held):
        database.execute(update(coupons).where(coupons.c.coupon_id == coupon_id).values(used=True))


def _once(receipt: Receipt, held: Iterable[Held]) -> list[str]:
    """Those on the receipt that the store had to reserve."""
    counted = {*receipt.applied, *(fee.fee_id for fee in receipt.fees)}
    return [
        coupon.coupon_id
        for coupon in held
        if coupon.coupon_id in counted and not coupon.coupon_id.startswith("8110-")
    ]


def _row(database: Connection, coupon_id: str) -> Row[str, str, int, int, bool] | None:
    return database.execute(select(coupons).where(coupons.c.coupon_id == coupon_id)).first()


def _is_of(row: Row[str, str, int, int, bool], trip: trips.Trip) -> bool:
    """A trip's id changes when a guest pairs; where it begins does not."""
    return (row.cart, row.epoch, row.first_seq) == (trip.cart, trip.epoch, trip.first_seq)


def _goes_on(database: Connection, row: Row[str, str, int, int, bool]) -> bool:
    """Whether the trip that has it is its cart's newest, and open."""
    newest = database.execute(
        select(*trips.COLUMNS)
        .where(trip_rows.c.cart == row.cart)
        .order_by(trip_rows.c.number.desc())
        .limit(1)
    ).first()
    return newest is not None and newest.last_seq is None and _is_of(row, trips.Trip(*newest))
