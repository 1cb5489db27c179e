"""How a trip's terms follow from the facts: coupons, fees, the time, food benefits.

A part of the fold of the journal. It must never look at a line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from cart.core.events import (
    BenefitsChosen,
    CouponRefused,
    CouponReserved,
    CouponTaken,
    FeeChosen,
    TimeNoted,
)
from cart.core.terms import FeeTaken, Held, Terms


def _time_noted(terms: Terms, event: TimeNoted) -> Terms:
    opened_at = terms.opened_at or event.local_time
    return replace(terms, opened_at=opened_at, sold_at=event.local_time)


def _coupon_taken(terms: Terms, event: CouponTaken) -> Terms:
    held = Held(event.coupon_id, event.code.text, event.code.symbology, event.waits)
    return replace(terms, coupons=(*terms.coupons, held))


def _coupon_reserved(terms: Terms, event: CouponReserved) -> Terms:
    coupons = tuple(
        replace(held, waits=False) if held.coupon_id == event.coupon_id else held
        for held in terms.coupons
    )
    return replace(terms, coupons=coupons)


def _coupon_refused(terms: Terms, event: CouponRefused) -> Terms:
    kept = tuple(held for held in terms.coupons if held.coupon_id != event.coupon_id)
    return replace(terms, coupons=kept)


def _fee_chosen(terms: Terms, event: FeeChosen) -> Terms:
    fee = FeeTaken(
        event.fee_id, event.title, event.quantity, event.amount_minor, event.rate_ppm, event.snap
    )
    others = tuple(kept for kept in terms.fees if kept.fee_id != event.fee_id)
    return replace(terms, fees=(*others, fee) if event.quantity else others)


def _benefits_chosen(terms: Terms, event: BenefitsChosen) -> Terms:
    return replace(terms, benefits=event.wanted)


TERMS: dict[type, Callable[[Terms, Any], Terms]] = {
    TimeNoted: _time_noted,
    CouponTaken: _coupon_taken,
    CouponReserved: _coupon_reserved,
    CouponRefused: _coupon_refused,
    FeeChosen: _fee_chosen,
    BenefitsChosen: _benefits_chosen,
}
