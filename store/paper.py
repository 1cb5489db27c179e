"""A trip's receipt as bytes for people and machines: paper, printer, page, e-receipt.

It must never add up; the sums are those of `store.trips`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from msgspec import json

from cart.receipts.en16931 import as_terms
from cart.receipts.escpos import as_escpos
from cart.receipts.page import as_html
from cart.receipts.paper import Paper, as_json
from cart.receipts.text import as_text
from store import disputes, trips

LINK = """SELECT upto_seq, journal_sha256, before_sha256 FROM payments JOIN chain USING (number)
    WHERE cart = ? AND trip_id = ?"""
LAST_HASH = """SELECT hash FROM events WHERE cart = ? AND epoch = ? AND seq BETWEEN ? AND ?
    ORDER BY seq DESC LIMIT 1"""

FORMATS: Mapping[str, Callable[[Paper], bytes]] = {
    "json": as_json,
    "text": lambda paper: as_text(paper).encode(),
    "escpos": as_escpos,
    "html": lambda paper: as_html(paper).encode(),
    "en16931": lambda paper: json.encode(as_terms(paper)),
}


def paper_of(database: sqlite3.Connection, trip: trips.Trip, store_name: str) -> Paper:
    """The receipt with its head: it hangs on the row of the journal that it was paid by, and before
    that on the newest; and on the receipt paid before it.

    Raises ContractError. The store's database knows no time of sale, so none is told."""
    link = database.execute(LINK, (trip.cart, trip.trip_id)).fetchone()
    priced = trips.priced(database, trip, link["upto_seq"] if link else trips.SEQ_MAX)
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    row = database.execute(LAST_HASH, (trip.cart, trip.epoch, trip.first_seq, last_seq)).fetchone()
    names = {line.line_id: line.name for line in priced.receipt.lines}
    given = [
        (f"{row['quantity']} x {names[row['line_id']]}", row["net_minor"] + row["tax_minor"])
        for row in disputes.credits_of(database, trip.cart, trip.trip_id)
    ]
    paid = {"card": priced.receipt.total_minor} if priced.receipt_id else {}
    return Paper(
        receipt=priced.receipt,
        receipt_id=priced.receipt_id or trip.trip_id,
        store_name=store_name,
        issued="",
        journal_sha256=link["journal_sha256"] if link else row["hash"] if row else "",
        before_sha256=link["before_sha256"] if link else "",
        tenders=paid,
        credits=tuple(given),
    )
