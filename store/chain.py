"""The chain of receipts: each paid receipt names the one before it and the journal it stands on.

A link is made once, in the transaction of the payment. Later anybody can add the receipt up again
and see that it is still the one that was paid. It must never make a link anew.
"""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from cart.contract.store import FIRST_HASH, chain_hash
from cart.receipts.paper import sha256_of
from store import archive, trips
from store.paper import paper_of
from store.tables import chain, payments

VERIFIED = "verified"
NOT_KEPT = "as it was paid; the rows of its journal are no longer kept"
RIGHT = {"", VERIFIED, NOT_KEPT}  # "": not paid yet


def add(database: Connection, trip: trips.Trip, number: int, upto_seq: int) -> None:
    """Link the receipt of a payment that was just taken, in its transaction."""
    last = archive.rows(database, trip.cart, trip.epoch, upto_seq, upto_seq)
    link = {
        "upto_seq": upto_seq,
        "journal_sha256": last[0].hash if last else "",
        "before_sha256": _sha256_before(database, number),
    }
    database.execute(insert(chain).values(number=number, sha256="", **link))
    sha256 = sha256_of(paper_of(database, trip, ""))
    database.execute(update(chain).where(chain.c.number == number).values(sha256=sha256))


def check(database: Connection, trip: trips.Trip) -> str:
    """One of `RIGHT`, or what is wrong."""
    link = database.execute(
        select(chain)
        .join(payments, payments.c.number == chain.c.number)
        .where(payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id)
    ).first()
    if link is None:
        return ""
    if link.before_sha256 != _sha256_before(database, link.number):
        return "the receipt before it is another one than when this was paid"
    if link.sha256 != sha256_of(paper_of(database, trip, "")):
        return "added up again it is not the receipt that was paid"
    if not archive.rows(database, trip.cart, trip.epoch, trip.first_seq, trip.first_seq):
        return NOT_KEPT
    return _journal_trouble(database, trip, link.journal_sha256) or VERIFIED


def _sha256_before(database: Connection, number: int) -> str:
    before = select(chain.c.sha256).where(chain.c.number < number).order_by(chain.c.number.desc())
    return database.scalar(before.limit(1)) or ""


def _journal_trouble(database: Connection, trip: trips.Trip, journal_sha256: str) -> str:
    """What is wrong with the rows from before the trip to the one the receipt hangs on.

    The row before the trip too: its hash is what the trip's first row follows from."""
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq - 1, last_seq)
    last_hash = FIRST_HASH if trip.first_seq == 1 else None
    for row in rows:
        if last_hash is not None and chain_hash(last_hash, bytes(row.event)) != row.hash:
            return f"row {row.seq} of the journal does not follow from the one before"
        last_hash = row.hash
        if last_hash == journal_sha256:
            return ""
    return "the row of the journal that it hangs on is gone"
