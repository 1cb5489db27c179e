"""The chain of receipts: each paid receipt names the one before it and the journal it stands on.

A link is made once, in the transaction of the payment. Later anybody can add the receipt up again
and see that it is still the one that was paid. What is given back is a chain of its own, and each
chain has a head, so that a newest link that went is noticed. The store signs the head after each
receipt: who can rewrite every table but has not its key can't make another chain. It must never
make a link anew, nor sign what follows a head that it did not sign.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection, Row, insert, select, update

from cart.contract.lines import decode
from cart.contract.signing import chain_text
from cart.contract.store import FIRST_HASH, chain_hash
from cart.core.events import PaymentSettled
from cart.core.receipt import Receipt
from cart.core.refunds import differences, figures_lacking
from cart.receipts.paper import sha256_of, tenders
from store import archive, trips
from store.keys import Signer
from store.paper import paper_of
from store.tables import chain, heads, line_credits, payments

VERIFIED = "verified"
NOT_KEPT = "as it was paid; the rows of its journal are no longer kept"
NOT_CHAINED = "paid before receipts were chained"
OLDER = "verified, as far as an older version recorded it"
RIGHT = {"", VERIFIED, OLDER, NOT_KEPT, NOT_CHAINED}  # "": not paid yet
# Whether a signature under a text is the store's.
Signed = Callable[[bytes, str], bool]

RECEIPTS, CREDITS = "receipts", "credits"
# What a credit's link is made of, in this order, behind the link before it.
CREDIT = ("cart", "trip_id", "line_id", "quantity", "net_minor", "tax_minor", "deposit_minor",
          "snap_minor", "reason", "number")  # fmt: skip


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
    _move_head(database, RECEIPTS, number, sha256)


def add_credit(database: Connection, number: int) -> None:
    """Link what was just given back, in its transaction."""
    *_, sha256 = _credit_links(database)
    linked = update(line_credits).where(line_credits.c.number == number)
    database.execute(linked.values(sha256=sha256))
    _move_head(database, CREDITS, number, sha256)


def seal(database: Connection, signer: Signer) -> None:
    """Sign the head of the receipts as it is now."""
    head = _head(database)
    if head is not None:
        signature = signer.sign(_head_text(head))
        database.execute(update(heads).where(heads.c.chain == RECEIPTS).values(signature=signature))


def is_sealed(database: Connection, signed: Signed) -> bool:
    """Whether the store signed the head of the receipts."""
    head = _head(database)
    return head is not None and signed(_head_text(head), head.signature)


def is_new(database: Connection) -> bool:
    """Whether no head was signed yet: there is none, or it is of an older version."""
    head = _head(database)
    return head is None or not head.signature


def _head(database: Connection) -> Row[Any] | None:
    return database.execute(select(heads).where(heads.c.chain == RECEIPTS)).first()


def _head_text(head: Row[Any]) -> bytes:
    return chain_text(head.chain, head.first_number, head.number, head.sha256)


def check(database: Connection, trip: trips.Trip, signed: Signed | None = None) -> str:
    """One of `RIGHT`, or what is wrong."""
    paid = database.execute(
        select(payments).where(payments.c.cart == trip.cart, payments.c.trip_id == trip.trip_id)
    ).first()
    found = (
        _other_payment(database, trip, 0 if paid is None else paid.number)
        or ("" if paid is None else _of_payment(database, trip, paid))
    )  # fmt: skip
    if found not in RIGHT:
        return found
    chained = paid is not None and found != NOT_CHAINED
    if signed is not None and chained and not is_sealed(database, signed):
        return "the newest link of the chain of receipts bears no signature of the store"
    return _cut_short(database) or found


def _of_payment(database: Connection, trip: trips.Trip, paid: Row[Any]) -> str:
    link = database.execute(select(chain).where(chain.c.number == paid.number)).first()
    if link is None:
        head = database.execute(select(heads).where(heads.c.chain == RECEIPTS)).first()
        chained = head is not None and paid.number >= head.first_number
        return "its link of the chain is gone" if chained else NOT_CHAINED
    trouble = _payment_trouble(database, trip, paid, link)
    if trouble or archive.rows(database, trip.cart, trip.epoch, trip.first_seq, trip.first_seq):
        found = trouble or _of_journal(database, trip, link.journal_sha256)
        older = figures_lacking(json.decode(bytes(paid.receipt)))
        return OLDER if found == VERIFIED and older else found
    return NOT_KEPT


def _payment_trouble(database: Connection, trip: trips.Trip, paid: Row[Any], link: Row[Any]) -> str:
    """What is wrong with what was paid: its row, its link, or what the journal adds up to."""
    if link.before_sha256 != _sha256_before(database, link.number):
        return "the receipt before it is another one than when this was paid"
    again = paper_of(database, trip, "")
    kept = bytes(paid.receipt)
    receipt = decode(Receipt, kept, "a stored receipt")
    as_paid = replace(again, receipt=receipt, tenders=tenders(receipt))
    if link.sha256 != sha256_of(as_paid, kept) or paid.total_minor != receipt.total_minor:
        return "the receipt of the payment was changed since"
    lacking = figures_lacking(json.decode(kept))
    if any(item.field not in lacking for item in differences(again.receipt, receipt)):
        return "added up again it is not the receipt that was paid"
    return ""


def _cut_short(database: Connection) -> str:
    """Whether a chain does not end where its head says, or what was given back was changed."""
    given = list(_credit_links(database))
    kept = list(database.scalars(select(line_credits.c.sha256).order_by(line_credits.c.number)))
    if given != kept:
        return "what was given back was changed since"
    newest = select(chain.c.sha256).order_by(chain.c.number.desc()).limit(1)
    ends = {RECEIPTS: database.scalar(newest), CREDITS: kept[-1] if kept else None}
    for name, end in ends.items():
        if database.scalar(select(heads.c.sha256).where(heads.c.chain == name)) != end:
            return f"the newest link of the chain of {name} is gone"
    return ""


def _other_payment(database: Connection, trip: trips.Trip, number: int) -> str:
    """Whether the cart's journal knows of another payment than the store does."""
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq, last_seq)
    settled = [row for row in rows if row.kind == "payment_settled"]
    said = [
        decode(PaymentSettled, bytes(row.event), "a stored event").receipt_id for row in settled
    ]
    if said and said[-1] != (trips.receipt_id(number) if number else ""):
        return f"the cart's journal says that it was paid as {said[-1]}"
    return ""


def _credit_links(database: Connection) -> Iterator[str]:
    """The links of the credits as they follow from their rows, oldest first."""
    columns = [line_credits.c[name] for name in CREDIT]
    before = ""
    for row in database.execute(select(*columns).order_by(line_credits.c.number)):
        before = hashlib.sha256(json.encode([before, *row])).hexdigest()
        yield before


def _move_head(database: Connection, name: str, number: int, sha256: str) -> None:
    moved = {"number": number, "sha256": sha256}
    if not database.execute(update(heads).where(heads.c.chain == name).values(**moved)).rowcount:
        database.execute(insert(heads).values(chain=name, first_number=number, **moved))


def _sha256_before(database: Connection, number: int) -> str:
    before = select(chain.c.sha256).where(chain.c.number < number).order_by(chain.c.number.desc())
    return database.scalar(before.limit(1)) or ""


def _of_journal(database: Connection, trip: trips.Trip, journal_sha256: str) -> str:
    """`VERIFIED`, or what is wrong with the rows from before the trip to the one it hangs on.

    The row before the trip too: its hash is what the trip's first row follows from."""
    last_seq = trips.SEQ_MAX if trip.last_seq is None else trip.last_seq
    rows = archive.rows(database, trip.cart, trip.epoch, trip.first_seq - 1, last_seq)
    last_hash = FIRST_HASH if trip.first_seq == 1 else None
    for row in rows:
        if last_hash is not None and chain_hash(last_hash, bytes(row.event)) != row.hash:
            return f"row {row.seq} of the journal does not follow from the one before"
        last_hash = row.hash
        if last_hash == journal_sha256:
            return VERIFIED
    return "the row of the journal that it hangs on is gone"
