"""What a person of the store has to settle, and the money that goes back.

Dispute items are facts of the carts' journals: lines that a shopper contests, sums that two engines
do not agree about; and where a cart's word is not the store's (`store.doubts`). A credit gives back
a line's allocated share of a paid receipt, piece by piece; it is a row beside the payment. It must
never change a receipt or a journal row.
"""

from __future__ import annotations

from typing import Any

from msgspec import json
from sqlalchemy import Connection, Row, and_, func, insert, select

from cart.contract.decoding import decoder_of
from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import Credit
from cart.core.events import (
    Event,
    LineContested,
    PaymentRequested,
    PaymentSettled,
    ReceiptDisputed,
    TripBound,
    TripOpened,
)
from cart.core.receipt import Receipt
from cart.core.refunds import RefundError, differences, figures_lacking, refund
from store import archive, chain, doubts, trips
from store.tables import line_credits, payments
from store.tables import trips as trip_rows

KINDS = (
    "line_contested", "receipt_disputed", "payment_requested", "payment_settled", "trip_opened",
    "trip_bound",
)  # fmt: skip
Item = dict[str, Any]


def rows(database: Connection) -> list[Item]:
    """One row a dispute item, oldest first; `credited_minor` is what its line has got back. Then
    come those that no fact raises; see `store.doubts`."""
    said: list[doubts.Doubt] = []
    asked: dict[tuple[str, str], int] = {}
    settled: dict[tuple[str, str], str] = {}
    named: list[tuple[str, TripOpened | TripBound]] = []
    for cart, epoch, row in archive.of_kinds(database, KINDS):
        event: Event = decode_json(Event, bytes(row.event), "a stored event")
        if isinstance(event, PaymentRequested):
            asked[cart, event.trip_id] = event.total_minor
        elif isinstance(event, PaymentSettled):
            settled[cart, _trip_at(database, cart, epoch, row.seq)] = event.receipt_id
        elif isinstance(event, TripOpened | TripBound):
            named.append((cart, event))
        else:
            said += _items(cart, _trip_at(database, cart, epoch, row.seq), event)
    said += doubts.of_names(database, named)
    places = {each[:4] for each in said}  # what a cart has stated itself is said once
    said += [each for each in doubts.of_sums(database, asked) if each[:4] not in places]
    said += [*doubts.of_receipts(database, settled)]
    said += [*doubts.of_moves(database), *doubts.of_payments(database)]
    return [
        each._asdict()
        | {"credited_minor": _credited_minor(database, each.cart, each.trip_id, each.line_id)}
        for each in said
    ]


def _items(cart: str, trip_id: str, event: Event) -> list[doubts.Doubt]:
    match event:
        case LineContested(line_id=line_id, reason=reason):
            return [doubts.Doubt(cart, trip_id, line_id, str(reason), "", "")]
        case ReceiptDisputed(differences=differences):
            return [
                doubts.Doubt(cart, trip_id, item.line_id, item.field, item.cart, item.store)
                for item in differences
            ]
        case _:
            return []


def _trip_at(database: Connection, cart: str, epoch: int, seq: int) -> str:
    """The trip that a journal row is of."""
    found = database.scalar(
        select(trip_rows.c.trip_id).where(
            trip_rows.c.cart == cart,
            trip_rows.c.epoch == epoch,
            trip_rows.c.first_seq <= seq,
            func.coalesce(trip_rows.c.last_seq, trips.SEQ_MAX) >= seq,
        )
    )
    return found or ""


def _credited_minor(database: Connection, cart: str, trip_id: str, line_id: str) -> int:
    given = credits_of(database, cart, trip_id)
    return sum(amount_minor(row) for row in given if row.line_id == line_id)


def credits_of(database: Connection, cart: str, trip_id: str) -> list[Row[Any]]:
    """What was given back on a trip, oldest first."""
    given = (line_credits.c.cart == cart, line_credits.c.trip_id == trip_id)
    return list(
        database.execute(select(line_credits).where(*given).order_by(line_credits.c.number)).all()
    )


def credit(
    database: Connection, trip: trips.Trip, line_id: str, quantity: int, reason: str
) -> Credit:
    """Give back pieces of a line, inside the caller's transaction: its share of the receipt that
    was paid, discounts and tax counted. Raises ContractError."""
    paid = database.scalar(
        select(payments.c.receipt).where(
            payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id
        )
    )
    if paid is None:
        raise ContractError(f"trip {trip.trip_id} is not paid; take the goods out of the cart")
    given = credits_of(database, trip.cart, trip.trip_id)
    already = sum(row.quantity for row in given if row.line_id == line_id)
    try:
        back = refund(_with_shares(database, trip, bytes(paid)), line_id, quantity, already)
    except RefundError as error:
        raise ContractError(str(error)) from error
    amounts = {
        "net_minor": back.net_minor,
        "tax_minor": back.tax_minor,
        "deposit_minor": back.deposit_minor,
        "snap_minor": back.snap_minor,
        "reason": reason,
    }
    number = database.execute(
        insert(line_credits)
        .values(cart=trip.cart, trip_id=trip.trip_id, line_id=line_id, quantity=quantity, **amounts)
        .returning(line_credits.c.number)
    ).scalar_one()
    chain.add_credit(database, number)
    return Credit(trip.trip_id, number, line_id, quantity, back.amount_minor, back.snap_minor)


def _with_shares(database: Connection, trip: trips.Trip, kept: bytes) -> Receipt:
    """The receipt that was paid. Where an older version wrote no tax or deposit of its lines, it is
    added up again. Raises ContractError."""
    receipt = decoder_of(Receipt).decode(kept)
    lacking = figures_lacking(json.decode(kept))
    if not lacking:
        return receipt
    again = trips.priced(database, trip).receipt
    if figures_lacking(json.decode(json.encode(again))) or any(
        item.field not in lacking for item in differences(again, receipt)
    ):
        raise ContractError(
            f"trip {trip.trip_id} was paid under an older version that kept no shares of its lines;"
            " give the money back at the counter"
        )
    return again


def amount_minor(given: Row[Any]) -> int:
    """All that a row of `credits` gave back."""
    return int(given.net_minor + given.tax_minor + given.deposit_minor)


def untold(database: Connection, after: int) -> list[tuple[str, Credit]]:
    """The credits after a number whose trip is still on its cart, each with its cart."""
    of_trip = and_(
        trip_rows.c.cart == line_credits.c.cart, trip_rows.c.trip_id == line_credits.c.trip_id
    )
    found = database.execute(
        select(line_credits)
        .join(trip_rows, of_trip)
        .where(trip_rows.c.last_seq.is_(None), line_credits.c.number > after)
        .order_by(line_credits.c.number)
    ).all()
    return [(row.cart, _told(row)) for row in found]


def _told(given: Row[Any]) -> Credit:
    parts = (given.trip_id, given.number, given.line_id, given.quantity)
    return Credit(*parts, amount_minor(given), given.snap_minor)
