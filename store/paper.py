"""A trip's receipt as bytes for people and machines: paper, printer, page, e-receipt.

It must never add up; the sums are those of `store.trips`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import json
from sqlalchemy import Connection, select

from cart.receipts.en16931 import as_terms
from cart.receipts.escpos import as_escpos
from cart.receipts.page import as_html
from cart.receipts.paper import Paper, as_json, tenders
from cart.receipts.text import as_text
from store import archive, disputes, trips
from store.tables import chain, payments

FORMATS: Mapping[str, Callable[[Paper], bytes]] = {
    "json": as_json,
    "text": lambda paper: as_text(paper).encode(),
    "escpos": as_escpos,
    "html": lambda paper: as_html(paper).encode(),
    "en16931": lambda paper: json.encode(as_terms(paper)),
}


def paper_of(database: Connection, trip: trips.Trip, store_name: str) -> Paper:
    """The receipt with its head: it hangs on the row of the journal that it was paid by, and before
    that on the newest; and on the receipt paid before it.

    Raises ContractError. Its time is that of the checkout; "" where the cart knew none."""
    link = database.execute(
        select(chain.c.upto_seq, chain.c.journal_sha256, chain.c.before_sha256)
        .join(payments, payments.c.number == chain.c.number)
        .where(payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id)
    ).first()
    priced = trips.priced(database, trip, link.upto_seq if link else trips.SEQ_MAX)
    names = {line.line_id: line.name for line in priced.receipt.lines}
    given = [
        (f"{row.quantity} x {names[row.line_id]}", disputes.amount_minor(row))
        for row in disputes.credits_of(database, trip.cart, trip.trip_id)
    ]
    return Paper(
        receipt=priced.receipt,
        receipt_id=priced.receipt_id or trip.trip_id,
        store_name=store_name,
        issued=priced.receipt.sold_at.replace("T", " "),
        journal_sha256=link.journal_sha256 if link else _newest_hash(database, trip),
        before_sha256=link.before_sha256 if link else "",
        tenders=tenders(priced.receipt) if priced.receipt_id else {},
        credits=tuple(given),
    )


def _newest_hash(database: Connection, trip: trips.Trip) -> str:
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq, last_seq)
    return rows[-1].hash if rows else ""
