"""What a person of the store has to settle, and the money that goes back.

Dispute items are facts of the carts' journals: lines that a shopper contests, sums that two engines
do not agree about. A credit gives back a line's allocated share of a paid receipt, piece by piece;
it is a row beside the payment. It must never change a receipt or a journal row.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import json

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import Credit
from cart.core.events import Event, LineContested, ReceiptDisputed
from cart.core.receipt import Receipt
from cart.core.refunds import RefundError, refund
from store import trips

RAISED = """SELECT cart, epoch, seq, event FROM events
    WHERE kind IN ('line_contested', 'receipt_disputed') ORDER BY number"""
TRIP_AT = """SELECT trip_id FROM trips WHERE cart = ? AND epoch = ? AND first_seq <= ?
    AND coalesce(last_seq, ?) >= ?"""
PAID = "SELECT receipt FROM payments WHERE cart = ? AND trip_id = ?"
# Trips that are still on their cart: what was given back is told there.
OPEN_CREDITS = """SELECT credits.* FROM credits JOIN trips USING (cart, trip_id)
    WHERE last_seq IS NULL ORDER BY number"""
Row = dict[str, Any]


def rows(database: sqlite3.Connection) -> list[Row]:
    """One row a dispute item, oldest first; `credited_minor` is what its line has got back."""
    return [row for raised in database.execute(RAISED) for row in _items(database, raised)]


def _items(database: sqlite3.Connection, raised: sqlite3.Row) -> list[Row]:
    seq = raised["seq"]
    at = (raised["cart"], raised["epoch"], seq, trips.SEQ_MAX, seq)
    trip = database.execute(TRIP_AT, at).fetchone()
    trip_id = "" if trip is None else trip["trip_id"]
    event: Event = decode_json(Event, raised["event"], "a stored event")
    match event:
        case LineContested(line_id=line_id, reason=reason):
            found = [(line_id, str(reason), "", "")]
        case ReceiptDisputed(differences=differences):
            found = [(item.line_id, item.field, item.cart, item.store) for item in differences]
        case _:
            found = []
    names = ("line_id", "about", "cart_says", "store_says")
    return [
        {
            "cart": raised["cart"],
            "trip_id": trip_id,
            **dict(zip(names, item, strict=True)),
            "credited_minor": _credited_minor(database, raised["cart"], trip_id, item[0]),
        }
        for item in found
    ]


def _credited_minor(database: sqlite3.Connection, cart: str, trip_id: str, line_id: str) -> int:
    given = credits_of(database, cart, trip_id)
    return sum(row["net_minor"] + row["tax_minor"] for row in given if row["line_id"] == line_id)


def credits_of(database: sqlite3.Connection, cart: str, trip_id: str) -> list[sqlite3.Row]:
    """What was given back on a trip, oldest first."""
    found = database.execute(
        "SELECT * FROM credits WHERE cart = ? AND trip_id = ? ORDER BY number", (cart, trip_id)
    )
    return found.fetchall()


def credit(
    database: sqlite3.Connection, trip: trips.Trip, line_id: str, quantity: int, reason: str
) -> Credit:
    """Give back pieces of a line, inside the caller's transaction: its share of the receipt that
    was paid, discounts and tax counted. Raises ContractError."""
    paid = database.execute(PAID, (trip.cart, trip.trip_id)).fetchone()
    if paid is None:
        raise ContractError(f"trip {trip.trip_id} is not paid; take the goods out of the cart")
    given = credits_of(database, trip.cart, trip.trip_id)
    already = sum(row["quantity"] for row in given if row["line_id"] == line_id)
    receipt = json.decode(paid["receipt"], type=Receipt)
    try:
        back = refund(receipt, line_id, quantity, already)
    except RefundError as error:
        raise ContractError(str(error)) from error
    number = database.execute(
        "INSERT INTO credits (cart, trip_id, line_id, quantity, net_minor, tax_minor, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (trip.cart, trip.trip_id, line_id, quantity, back.net_minor, back.tax_minor, reason),
    ).lastrowid
    assert number is not None, "an inserted row has a number"
    return Credit(trip.trip_id, number, line_id, quantity, back.amount_minor)


def untold(database: sqlite3.Connection, after: int) -> list[tuple[str, Credit]]:
    """The credits after a number whose trip is still on its cart, each with its cart."""
    return [
        (
            row["cart"],
            Credit(
                row["trip_id"],
                row["number"],
                row["line_id"],
                row["quantity"],
                row["net_minor"] + row["tax_minor"],
            ),
        )
        for row in database.execute(OPEN_CREDITS)
        if row["number"] > after
    ]
