"""Trips as the store sees them: where each lies in a journal, its basket, and its receipt.

The basket is the cart's own fold and the receipt the cart's own engine, so both sides add up the
same way. It must never hold a price or a rule of its own.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.basket import Basket, Line, fold
from cart.core.catalog import CatalogIndex, parse_catalog
from cart.core.events import CatalogAdopted, Event, TripBound, TripClosed, TripOpened
from cart.core.pricing.engine import receipt_of
from cart.core.receipt import Receipt
from cart.core.value import Value

BEFORE_TRIP = """SELECT event FROM events WHERE cart = ? AND epoch = ? AND seq < ?
    AND kind = 'catalog_adopted' ORDER BY seq DESC LIMIT 1"""
IN_TRIP = """SELECT event FROM events WHERE cart = ? AND epoch = ? AND seq BETWEEN ? AND ?
    AND kind != 'unreadable' ORDER BY seq"""
SEQ_MAX = 2**62


class Trip(Value):
    """One row of `trips`: the journal rows `first_seq` to `last_seq` (None: it goes on)."""

    cart: str
    trip_id: str
    epoch: int
    first_seq: int
    last_seq: int | None
    shopper: str | None


class PricedTrip(Value):
    """A trip added up. `lines` carry the evidence of each line of the receipt.

    `receipt_id` is "" until it is paid, and `check` what `chain.check` says of it."""

    cart: str
    trip_id: str
    shopper: str | None
    closed: bool
    receipt_id: str
    receipt: Receipt
    lines: tuple[Line, ...]
    check: str = ""


def note(database: sqlite3.Connection, cart: str, epoch: int, seq: int, event: Event) -> None:
    """Follow where trips begin, get their shopper and end."""
    match event:
        case TripOpened(trip_id=trip_id, shopper=shopper):
            # A journal that was replaced tells the same trip again in its next epoch.
            database.execute(
                "INSERT OR REPLACE INTO trips VALUES (?, ?, ?, ?, NULL, ?)",
                (cart, trip_id, epoch, seq, shopper),
            )
        case TripBound(trip_id=trip_id, shopper=shopper):
            database.execute(
                "UPDATE OR REPLACE trips SET trip_id = ?, shopper = ?"
                " WHERE cart = ? AND epoch = ? AND last_seq IS NULL",
                (trip_id, shopper, cart, epoch),
            )
        case TripClosed():
            database.execute(
                "UPDATE trips SET last_seq = ? WHERE cart = ? AND epoch = ? AND last_seq IS NULL",
                (seq, cart, epoch),
            )
        case _:
            pass


def find(database: sqlite3.Connection, trip_id: str, cart: str | None = None) -> Trip | None:
    """A trip by its id, which is the store's own or has the cart's name in front."""
    row = database.execute(
        "SELECT * FROM trips WHERE trip_id = ? AND cart = coalesce(?, cart)", (trip_id, cart)
    ).fetchone()
    return Trip(**dict(row)) if row else None


def all_trips(database: sqlite3.Connection) -> list[Trip]:
    """Every trip, newest last."""
    return [Trip(**dict(row)) for row in database.execute("SELECT * FROM trips ORDER BY rowid")]


def priced(database: sqlite3.Connection, trip: Trip, upto_seq: int = SEQ_MAX) -> PricedTrip:
    """Add up a trip as of a journal row, and with what was paid. Raises ContractError."""
    basket, adopted = _basket(database, trip, upto_seq)
    index = _index(_catalog(database, adopted))
    paid = database.execute(
        "SELECT number FROM payments WHERE cart = ? AND trip_id = ?", (trip.cart, trip.trip_id)
    ).fetchone()
    return PricedTrip(
        cart=trip.cart,
        trip_id=trip.trip_id,
        shopper=trip.shopper,
        closed=trip.last_seq is not None,
        receipt_id=receipt_id(paid["number"]) if paid else "",
        receipt=receipt_of(basket.lines, index, member=basket.member),
        lines=basket.lines,
    )


def receipt_id(number: int) -> str:
    """The name on a receipt, from the number of its payment."""
    return f"R{number:08d}"


def _basket(
    database: sqlite3.Connection, trip: Trip, upto_seq: int
) -> tuple[Basket, CatalogAdopted | None]:
    """The basket before the trip was closed, and the catalog it is priced by."""
    last_seq = min(upto_seq, trip.last_seq - 1 if trip.last_seq else SEQ_MAX)
    before = database.execute(BEFORE_TRIP, (trip.cart, trip.epoch, trip.first_seq)).fetchall()
    rows = database.execute(IN_TRIP, (trip.cart, trip.epoch, trip.first_seq, last_seq)).fetchall()
    events: list[Event] = [
        decode_json(Event, row["event"], "a stored event") for row in (*before, *rows)
    ]
    try:
        basket = fold(events)
    except AssertionError as error:
        # Here the fold judges a cart's rows, which come from outside, not our own reasoning.
        raise ContractError(f"trip {trip.trip_id}: its events do not fit: {error}") from error
    adopted = [event for event in events if isinstance(event, CatalogAdopted)]
    return basket, adopted[-1] if adopted else None


def _catalog(database: sqlite3.Connection, adopted: CatalogAdopted | None) -> bytes:
    if adopted is None:
        raise ContractError("the cart had no catalog; import one with: python -m store import")
    row = database.execute(
        "SELECT data FROM catalogs WHERE sha256 = ? OR (? = '' AND version = ?)",
        (adopted.sha256, adopted.sha256, adopted.version),
    ).fetchone()
    if row is None:
        raise ContractError(f"the cart's catalog, version {adopted.version}, is not this store's")
    return bytes(row["data"])


@lru_cache(maxsize=4)
def _index(data: bytes) -> CatalogIndex:
    """A catalog is large and rarely changes; its bytes name it."""
    return CatalogIndex(parse_catalog(data))
