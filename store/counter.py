"""The counter: who gets a cart, and what a trip costs. Both are safe to ask again.

A code on a screen opens one trip, once. A sum is taken only if the store adds up the same, once a
trip. The payment itself is simulated: whoever asks for the right sum has paid. It must never sign
for a code that no cart shows.
"""

from __future__ import annotations

import secrets
import sqlite3

from msgspec import json
from msgspec.structs import replace

from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import Outcome, PairClaim, PairGrant, PayAnswer, PayRequest
from cart.core.receipt import Receipt
from store import chain, trips
from store.keys import Signer
from store.ledger import stored_seq

GRANT_MS = 30_000


def offer(database: sqlite3.Connection, cart: str, nonce: str) -> None:
    """Remember the code on a cart's screen; those before it are worth nothing now."""
    database.execute("INSERT OR REPLACE INTO offers VALUES (?, ?)", (cart, nonce))


def claim(
    database: sqlite3.Connection, signer: Signer, asked: PairClaim, now_utc_ms: int
) -> PairGrant:
    """Give the cart to the shopper who saw its code. Raises ContractError.

    The same shopper may ask again, in case the first answer was lost: it is the same trip.
    """
    given = database.execute("SELECT * FROM grants WHERE nonce = ?", (asked.nonce,)).fetchone()
    if given is None:
        trip_id = _new_trip(database, asked)
        member = asked.member
    elif (given["cart"], given["shopper"]) == (asked.cart, asked.shopper):
        trip_id, member = given["trip_id"], bool(given["member"])
    else:
        raise ContractError("PairClaim: this code was used; scan the one on the screen now")
    grant = PairGrant(
        nonce=asked.nonce,
        trip_id=trip_id,
        shopper=asked.shopper,
        member=member,
        expires_utc_ms=now_utc_ms + GRANT_MS,
        signature="",
    )
    return replace(grant, signature=signer.sign(grant_text(asked.cart, grant)))


def _new_trip(database: sqlite3.Connection, asked: PairClaim) -> str:
    shown = database.execute("SELECT nonce FROM offers WHERE cart = ?", (asked.cart,)).fetchone()
    if shown is None or shown["nonce"] != asked.nonce:
        raise ContractError(f"PairClaim: {asked.cart} shows no such code; scan it again")
    trip_id = f"trip-{secrets.token_hex(8)}"
    database.execute(
        "INSERT INTO grants VALUES (?, ?, ?, ?, ?)",
        (asked.nonce, asked.cart, asked.shopper, asked.member, trip_id),
    )
    return trip_id


def pay(database: sqlite3.Connection, cart: str, asked: PayRequest) -> PayAnswer | None:
    """Take a trip's sum, or say why not; None while rows it rests on are still to come."""
    paid = database.execute(
        "SELECT * FROM payments WHERE cart = ? AND trip_id = ?", (cart, asked.trip_id)
    ).fetchone()
    if paid is not None:
        return _paid_before(paid, asked)
    if stored_seq(database, cart, asked.epoch) < asked.upto_seq:
        return None
    trip = trips.find(database, asked.trip_id, cart)
    if trip is None:
        return _answer(asked, "mismatch", 0, f"no trip {asked.trip_id} of {cart}")
    try:
        receipt = trips.priced(database, trip, asked.upto_seq).receipt
    except ContractError as error:
        return _answer(asked, "mismatch", 0, str(error))
    if receipt.total_minor != asked.total_minor:
        reason = f"the store adds up {receipt.total_minor}, the cart {asked.total_minor}"
        return replace(_answer(asked, "mismatch", receipt.total_minor, reason), receipt=receipt)
    return _settle(database, trip, asked, receipt)


def _settle(
    database: sqlite3.Connection, trip: trips.Trip, asked: PayRequest, receipt: Receipt
) -> PayAnswer:
    number = database.execute(
        "INSERT INTO payments (cart, trip_id, attempt, total_minor, receipt)"
        " VALUES (?, ?, ?, ?, ?)",
        (trip.cart, asked.trip_id, asked.attempt, receipt.total_minor, json.encode(receipt)),
    ).lastrowid
    assert number is not None, "an inserted row has a number"
    chain.add(database, trip, number, asked.upto_seq)
    settled = _answer(asked, "settled", receipt.total_minor)
    return replace(settled, receipt_id=trips.receipt_id(number), receipt=receipt)


def _paid_before(paid: sqlite3.Row, asked: PayRequest) -> PayAnswer:
    if paid["total_minor"] != asked.total_minor:
        return _answer(asked, "declined", paid["total_minor"], "this trip is paid already")
    receipt = json.decode(paid["receipt"], type=Receipt)
    settled = _answer(asked, "settled", paid["total_minor"])
    return replace(settled, receipt_id=trips.receipt_id(paid["number"]), receipt=receipt)


def _answer(asked: PayRequest, outcome: Outcome, total_minor: int, reason: str = "") -> PayAnswer:
    return PayAnswer(asked.trip_id, asked.attempt, outcome, total_minor, reason=reason)
