"""The counter: who gets a cart, and what a trip costs. Both are safe to ask again.

A code on a screen opens one trip, once. A sum is taken only if the store adds up the same, once a
trip. The payment itself is simulated: whoever asks for the right sum has paid. It must never sign
for a code that no cart shows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import Connection, Row, delete, insert, select, update

from cart.contract.decoding import decoder_of
from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import (
    CODE_LIFETIME_MS,
    Outcome,
    PairClaim,
    PairGrant,
    PayAnswer,
    PayRequest,
)
from cart.core.receipt import Receipt
from cart.core.refunds import Difference, differences
from store import carried, chain, coupons, limits, members, moving, trips, verified
from store.keys import Signer
from store.ledger import stored_seq
from store.tables import grants, offers, payments

log = logging.getLogger(__name__)


def offer(database: Connection, cart: str, nonce: str, now_utc_ms: int) -> None:
    """Remember the code on a cart's screen; those before it are worth nothing now."""
    database.execute(delete(offers).where(offers.c.cart == cart))
    database.execute(insert(offers).values(cart=cart, nonce=nonce, utc_ms=now_utc_ms))


def claim(database: Connection, signer: Signer, asked: PairClaim, now_utc_ms: int) -> PairGrant:
    """Give the cart to the shopper who saw its code. Raises ContractError.

    The same shopper may ask again, in case the first answer was lost: it is the same grant, until
    the trip has begun. It lives longer only while the cart still shows the code.
    """
    given = database.execute(select(grants).where(grants.c.nonce == asked.nonce)).first()
    if given is None:
        given = _new_trip(database, asked, now_utc_ms)
    elif (given.cart, given.shopper) != (asked.cart, asked.shopper) or trips.find(
        database, given.trip_id, given.cart
    ):
        raise ContractError("PairClaim: this code was used; scan the one on the screen now")
    if now_utc_ms > given.expires_utc_ms:
        given = _prolonged(database, asked, now_utc_ms)
    until = given.expires_utc_ms
    grant = PairGrant(asked.nonce, given.trip_id, asked.shopper, given.member, until, "")
    grant = replace(grant, used=trips.used_of(given) or {})
    return _signed(database, signer, asked.cart, grant)


def moved(database: Connection, signer: Signer, now_utc_ms: int) -> Iterator[tuple[str, PairGrant]]:
    """What a person moved to a cart that has not taken it yet, for the code on its screen now."""
    for to in moving.arriving(database, now_utc_ms):
        same = (grants.c.nonce == to.nonce, grants.c.trip_id != to.to_trip)
        if database.execute(select(grants).where(*same)).first() is not None:
            continue  # somebody else has this code; the cart shows another one soon
        before = trips.find(database, to.from_trip, to.from_cart)
        member = database.scalar(select(grants.c.member).where(grants.c.trip_id == to.from_trip))
        shopper = (before and before.shopper) or ""
        database.execute(delete(grants).where(grants.c.trip_id == to.to_trip))
        expires_utc_ms = now_utc_ms + CODE_LIFETIME_MS
        grant = PairGrant(to.nonce, to.to_trip, shopper, bool(member), expires_utc_ms, "")
        if shopper:
            used = limits.used_by(database, shopper, to.to_cart, now_utc_ms)
            grant = replace(grant, used=used)
        try:
            signed = _signed(database, signer, to.to_cart, grant)
        except ContractError as error:  # its cart has told the trip anew since, otherwise
            log.warning("not moved to %s: %s", to.to_cart, error)
            continue
        kept = {"cart": to.to_cart, "trip_id": to.to_trip, "shopper": shopper}
        until = {"member": bool(member), "expires_utc_ms": expires_utc_ms}
        new = insert(grants).values(nonce=to.nonce, **kept, **until)
        database.execute(new.values(used=json.encode(grant.used)))
        yield to.to_cart, signed


def _signed(database: Connection, signer: Signer, cart: str, grant: PairGrant) -> PairGrant:
    """With what the trip brings along."""
    brought = moving.carried_to(database, grant.trip_id)
    whole = replace(grant, carried=Raw(brought or b"null"))
    return replace(whole, signature=signer.sign(grant_text(cart, whole)))


def _check_shown(database: Connection, asked: PairClaim, now_utc_ms: int) -> None:
    if moving.shown_at(database, asked.cart, now_utc_ms) != asked.nonce:
        raise ContractError(f"PairClaim: {asked.cart} shows no such code; scan it again")


def _prolonged(database: Connection, asked: PairClaim, now_utc_ms: int) -> Row[Any]:
    """The row of a grant that had ended: with what is used by now, maybe at another cart."""
    _check_shown(database, asked, now_utc_ms)
    used = limits.used_by(database, asked.shopper, asked.cart, now_utc_ms)
    anew = {"expires_utc_ms": now_utc_ms + CODE_LIFETIME_MS, "used": json.encode(used)}
    same = update(grants).where(grants.c.nonce == asked.nonce)
    return database.execute(same.values(**anew).returning(grants)).one()


def _new_trip(database: Connection, asked: PairClaim, now_utc_ms: int) -> Row[Any]:
    """The row of a grant for a trip that begins, or comes from another cart."""
    _check_shown(database, asked, now_utc_ms)
    trip_id = moving.new_id()
    who = {"cart": asked.cart, "shopper": asked.shopper}
    terms = {
        "member": members.is_member(database, asked.shopper),
        "expires_utc_ms": now_utc_ms + CODE_LIFETIME_MS,
    }
    if asked.move:
        before = moving.of_shopper(database, asked.shopper, asked.cart)
        if before is None:
            raise ContractError("PairClaim: no trip of this shopper goes on at another cart")
        upto_seq = stored_seq(database, before.cart, before.epoch)
        moving.move(database, before, asked.cart, trip_id, upto_seq)
    # After the move: a trip that comes here keeps what it might use.
    used = limits.used_by(database, asked.shopper, asked.cart, now_utc_ms)
    # Last: what was refused has used up no code.
    new = insert(grants).values(nonce=asked.nonce, trip_id=trip_id, **who, **terms)
    return database.execute(new.values(used=json.encode(used)).returning(grants)).one()


def pay(
    database: Connection, cart: str, asked: PayRequest, now_utc_ms: int = 0
) -> PayAnswer | None:
    """Take a trip's sum, or say why not; None while rows it rests on are still to come."""
    paid = database.execute(
        select(payments).where(payments.c.cart == cart, payments.c.trip_id == asked.trip_id)
    ).first()
    if paid is not None:
        return _paid_before(paid, asked)
    if stored_seq(database, cart, asked.epoch) < asked.upto_seq:
        return None
    trip = trips.find(database, asked.trip_id, cart)
    if trip is None or trip.epoch != asked.epoch:
        return _answer(asked, "mismatch", 0, f"no trip {asked.trip_id} of {cart}")
    return _take(database, trip, asked, now_utc_ms)


def _take(database: Connection, trip: trips.Trip, asked: PayRequest, now_utc_ms: int) -> PayAnswer:
    """Take the sum if it is what the trip costs by the store's own books, too."""
    # All that is stored by now counts: a cart that has asked puts nothing on the receipt any more.
    upto_seq = trip.last_seq or stored_seq(database, trip.cart, trip.epoch)
    try:
        priced = trips.priced(database, trip, upto_seq)
        by_books = verified.receipt_by_the_books(database, trip, upto_seq)
    except ContractError as error:
        return _answer(asked, "mismatch", 0, str(error))
    refusal = _refusal(database, trip, upto_seq, now_utc_ms)
    if by_books.total_minor < 0:
        refusal = refusal or "a cart pays no money out; ask the staff"
    if refusal:
        return _answer(asked, "declined", by_books.total_minor, refusal)
    wrong = differences(priced.receipt, by_books)
    if wrong or by_books.total_minor != asked.total_minor:
        return _mismatch(asked, by_books, wrong)
    return _settle(database, trip, replace(asked, upto_seq=upto_seq), priced)


def _refusal(database: Connection, trip: trips.Trip, upto_seq: int, now_utc_ms: int) -> str:
    """Why a trip is not to be paid at this cart, or not yet; "" if it may be."""
    elsewhere = moving.moved_to(database, trip.cart, trip.trip_id)
    if elsewhere:
        return f"this trip has moved to {elsewhere}"
    if carried.difference(database, trip.cart, trip.trip_id) is not None:
        return "this trip began with other goods than it brought; ask the staff"
    return trips.called_back(database, trip, upto_seq, now_utc_ms)


def _mismatch(asked: PayRequest, by_books: Receipt, wrong: Sequence[Difference]) -> PayAnswer:
    """With the store's own receipt, and the first place where the cart's journal says otherwise."""
    reason = f"the store adds up {by_books.total_minor}, the cart {asked.total_minor}"
    for place in wrong[:1]:
        name = " ".join(filter(None, ("line " * bool(place.line_id) + place.line_id, place.field)))
        reason += f"; {name}: {place.store or 'none'} by the store's books, not {place.cart}"
    answer = _answer(asked, "mismatch", by_books.total_minor, reason)
    return replace(answer, receipt=by_books)


def _settle(
    database: Connection,
    trip: trips.Trip,
    asked: PayRequest,
    priced: trips.PricedTrip,
) -> PayAnswer:
    receipt = priced.receipt
    missing = coupons.not_reserved(database, trip, receipt, priced.coupons)
    if missing:
        return _answer(asked, "declined", receipt.total_minor, f"{missing} is not reserved")
    coupons.use_up(database, receipt, priced.coupons)
    paid = {"attempt": asked.attempt, "total_minor": receipt.total_minor}
    number = database.execute(
        insert(payments)
        .values(cart=trip.cart, trip_id=asked.trip_id, receipt=json.encode(receipt), **paid)
        .returning(payments.c.number)
    ).scalar_one()
    chain.add(database, trip, number, asked.upto_seq)
    settled = _answer(asked, "settled", receipt.total_minor)
    return replace(settled, receipt_id=trips.receipt_id(number), receipt=receipt)


def _paid_before(paid: Row[Any], asked: PayRequest) -> PayAnswer:
    if paid.total_minor != asked.total_minor:
        return _answer(asked, "declined", paid.total_minor, "this trip is paid already")
    receipt = decoder_of(Receipt).decode(paid.receipt)
    settled = _answer(asked, "settled", paid.total_minor)
    return replace(settled, receipt_id=trips.receipt_id(paid.number), receipt=receipt)


def _answer(asked: PayRequest, outcome: Outcome, total_minor: int, reason: str = "") -> PayAnswer:
    return PayAnswer(asked.trip_id, asked.attempt, outcome, total_minor, reason=reason)
