"""Coupons and bottle vouchers that are shown to the cart: taken, reserved at the store, or refused.

Each piece of paper counts once. What only the store can judge waits for it, also without a link. It
must never change the sum of a payment that runs, nor say what a coupon is worth: the receipt does.
"""

from __future__ import annotations

from cart.core import codes, coupons, trip
from cart.core.effects import ReserveCoupon
from cart.core.events import CodeEvidence, CouponRefused, CouponReserved, CouponTaken
from cart.core.observations import CouponAnswered, ScanSeen
from cart.core.state import Draft
from cart.core.terms import Held

ASK_AGAIN_MS = 3_000
OPEN_PHASES = ("shopping", "checkout")


def shown(draft: Draft, scan: ScanSeen, paper: coupons.Paper) -> None:
    """Take a coupon, or say why not."""
    index = draft.state.catalog
    assert index is not None, "a coupon without a catalog"
    if not scan.proven or draft.basket.phase not in ("idle", *OPEN_PHASES):
        return
    fault = coupons.fault(paper, index, draft.state.local_time)
    if not fault and any(held.coupon_id == paper.key for held in draft.basket.terms.coupons):
        fault = "coupon_known"
    if fault:
        draft.tell(fault)
        return
    if draft.basket.phase == "idle":
        trip.open_guest_trip(draft)
    waits = not isinstance(paper, codes.CouponCode)
    code = CodeEvidence(scan.text, scan.symbology, scan.source, scan.sensed_ms)
    draft.fact(CouponTaken(draft.now_ms, paper.key, code, waits))
    _tell(draft, draft.basket.terms.coupons[-1])


def keep_asking(draft: Draft) -> None:
    """Ask the store about what waits for it, one by one, until it has answered."""
    state = draft.state
    waiting = [held for held in state.basket.terms.coupons if held.waits]
    asked_ms = state.coupon_asked_ms
    due = asked_ms is None or draft.now_ms - asked_ms >= ASK_AGAIN_MS
    if waiting and due and state.online and state.basket.phase in OPEN_PHASES:
        draft.do(ReserveCoupon(state.basket.trip_id, waiting[0].coupon_id))
        draft.note(coupon_asked_ms=draft.now_ms)


def answered(draft: Draft, answer: CouponAnswered) -> None:
    """From here on the coupon counts, or it is out; the sum of a running payment stays."""
    basket = draft.basket
    if answer.trip_id != basket.trip_id or basket.phase not in OPEN_PHASES:
        return
    for held in basket.terms.coupons:
        if held.coupon_id != answer.coupon_id or not held.waits:
            continue
        draft.note(coupon_asked_ms=None)
        if answer.outcome == "reserved":
            draft.fact(CouponReserved(draft.now_ms, held.coupon_id))
            _tell(draft, draft.basket.terms.coupons[basket.terms.coupons.index(held)])
        else:
            draft.fact(CouponRefused(draft.now_ms, held.coupon_id, answer.outcome))
            draft.tell(f"coupon_{answer.outcome}")


def _tell(draft: Draft, held: Held) -> None:
    """What the coupon does now, or what it still needs."""
    index, basket = draft.state.catalog, draft.basket
    assert index is not None, "a coupon without a catalog"
    offer = coupons.offer_of(held, basket.lines, index, basket.terms.opened_at)
    voucher = isinstance(coupons.paper_of(held, index), codes.VoucherCode)
    if held.waits:
        draft.tell("coupon_waits_for_store")
    elif offer is None and not voucher:
        draft.tell("coupon_waits_for_goods")
    else:
        draft.tell("coupon_taken", title=coupons.title_of(held, index))
