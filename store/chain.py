"""The chain of receipts: each paid receipt names the one before it and the journal it stands on.

A link is made once, in the transaction of the payment. Later anybody can add the receipt up again
and see that it is still the one that was paid. It must never make a link anew.
"""

from __future__ import annotations

import sqlite3

from cart.contract.store import FIRST_HASH, chain_hash
from cart.receipts.paper import sha256_of
from store import trips
from store.paper import paper_of

LINK = """SELECT chain.* FROM chain JOIN payments USING (number)
    WHERE cart = ? AND trip_id = ?"""
LAST_BEFORE = "SELECT sha256 FROM chain WHERE number < ? ORDER BY number DESC LIMIT 1"
# The row before the trip too: its hash is what the trip's first row follows from.
ROWS = """SELECT seq, event, hash FROM events WHERE cart = ? AND epoch = ? AND seq BETWEEN ? AND ?
    ORDER BY seq"""
VERIFIED = "verified"


def add(database: sqlite3.Connection, trip: trips.Trip, number: int, upto_seq: int) -> None:
    """Link the receipt of a payment that was just taken, in its transaction."""
    last = database.execute(ROWS, (trip.cart, trip.epoch, upto_seq, upto_seq)).fetchone()
    before = database.execute(LAST_BEFORE, (number,)).fetchone()
    link = ("" if last is None else last["hash"], "" if before is None else before["sha256"])
    database.execute("INSERT INTO chain VALUES (?, ?, ?, ?, '')", (number, upto_seq, *link))
    sha256 = sha256_of(paper_of(database, trip, ""))
    database.execute("UPDATE chain SET sha256 = ? WHERE number = ?", (sha256, number))


def check(database: sqlite3.Connection, trip: trips.Trip) -> str:
    """`VERIFIED`, or what is wrong; "" for a trip that is not paid."""
    link = database.execute(LINK, (trip.cart, trip.trip_id)).fetchone()
    if link is None:
        return ""
    before = database.execute(LAST_BEFORE, (link["number"],)).fetchone()
    if link["before_sha256"] != ("" if before is None else before["sha256"]):
        return "the receipt before it is another one than when this was paid"
    if link["sha256"] != sha256_of(paper_of(database, trip, "")):
        return "added up again it is not the receipt that was paid"
    return _journal_trouble(database, trip, link["journal_sha256"]) or VERIFIED


def _journal_trouble(database: sqlite3.Connection, trip: trips.Trip, journal_sha256: str) -> str:
    """What is wrong with the rows from before the trip to the one the receipt hangs on."""
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = database.execute(ROWS, (trip.cart, trip.epoch, trip.first_seq - 1, last_seq)).fetchall()
    last_hash = FIRST_HASH if trip.first_seq == 1 else None
    for row in rows:
        if last_hash is not None and chain_hash(last_hash, bytes(row["event"])) != row["hash"]:
            return f"row {row['seq']} of the journal does not follow from the one before"
        last_hash = row["hash"]
        if last_hash == journal_sha256:
            return ""
    return "the row of the journal that it hangs on is gone"
