"""A trip's receipt as bytes for people and machines: paper, printer, page, e-receipt.

It must never add up; the sums are those of `store.trips`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import json
from sqlalchemy import Connection

from cart.receipts.en16931 import as_terms
from cart.receipts.escpos import as_escpos
from cart.receipts.page import as_html
from cart.receipts.paper import Paper, as_json, tenders
from cart.receipts.text import as_text
from store import archive, trips

FORMATS: Mapping[str, Callable[[Paper], bytes]] = {
    "json": as_json,
    "text": lambda paper: as_text(paper).encode(),
    "escpos": as_escpos,
    "html": lambda paper: as_html(paper).encode(),
    "en16931": lambda paper: json.encode(as_terms(paper)),
}


def paper_of(database: Connection, trip: trips.Trip, store_name: str) -> Paper:
    """The receipt with its head: it hangs on the last row of the journal that it folds.

    Raises ContractError. Its time is that of the checkout; "" where the cart knew none."""
    priced = trips.priced(database, trip)
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq, last_seq)
    paid = tenders(priced.receipt) if priced.receipt_id else {}
    return Paper(
        receipt=priced.receipt,
        receipt_id=priced.receipt_id or trip.trip_id,
        store_name=store_name,
        issued=priced.receipt.sold_at.replace("T", " "),
        journal_sha256=rows[-1].hash if rows else "",
        tenders=paid,
    )
