"""From "pay and finish" to the receipt: what must hold, what is asked of the store, what it says.

The sum paid is the sum shown. A payment is asked again until it is answered, always with the same
trip and attempt, so it can't be taken twice.
"""

from __future__ import annotations

from cart.core import handover, restrictions, trip
from cart.core.effects import MakePairCode, RequestPayment
from cart.core.events import (
    CheckoutCancelled,
    CheckoutStarted,
    LineCredited,
    PaymentDeclined,
    PaymentRequested,
    PaymentSettled,
    ReceiptDisputed,
    TripClosed,
)
from cart.core.observations import CreditCame, PaymentAnswered
from cart.core.refunds import differences
from cart.core.settings import period_ms
from cart.core.state import Draft, State, receipt_for

ASK_AGAIN_MS = 3_000
DIFFERENCES_MAX = (
    20  # those of the sums come last, but where many lines differ a person looks anyway
)


def start(draft: Draft) -> None:
    """To the checkout, unless a yellow line or a load step is still open, or something must not be
    sold now: then say which."""
    if draft.basket.phase != "shopping":
        return
    if draft.basket.open_lines:
        draft.note(question=draft.basket.open_lines[0].line_id)
        draft.tell("checkout_needs_answers")
        return
    if draft.state.pending.steps or draft.state.catalog is None:
        draft.tell("checkout_needs_answers")
        return
    if restrictions.hold_back(draft):
        return
    handover.drop_what_stayed(draft)
    draft.note(question=None, weighed=None)
    draft.fact(CheckoutStarted(draft.now_ms))
    trip.note_time(draft)


def can_go_back(state: State) -> bool:
    """Back from the checkout; from paying only as long as the request never left the cart (no
    Wi-Fi): once the store may have it, only the store's answer ends it."""
    phase = state.basket.phase
    return phase == "checkout" or (phase == "paying" and not state.pay_sent)


def keep_shopping(draft: Draft) -> None:
    """Go on shopping instead of paying, where that is still the cart's to decide."""
    if can_go_back(draft.state):
        draft.note(pay_wanted=False)
        draft.fact(CheckoutCancelled(draft.now_ms, "shopper"))


def confirm(draft: Draft) -> None:
    """Ask the store to take exactly the sum on the screen, unless something just went in or out."""
    receipt = receipt_for(draft.state)
    if draft.basket.phase != "checkout" or receipt is None:
        return
    if draft.state.moving or draft.state.pending.steps:
        draft.note(pay_wanted=True)  # a tap may shake the cart: pay once the load rests unchanged
        return
    if restrictions.hold_back(draft):  # the hour has passed, or a recall has come
        draft.fact(CheckoutCancelled(draft.now_ms, "restricted"))
        return
    attempt = draft.basket.attempt + 1
    trip_id = draft.basket.trip_id
    draft.fact(PaymentRequested(draft.now_ms, trip_id, attempt, receipt.total_minor))
    draft.note(pay_asked_ms=None, pay_sent=False)


def keep_asking(draft: Draft) -> None:
    """Ask again until the store answers; thank for a while, then make room for the next."""
    _confirm_when_at_rest(draft)
    state = draft.state
    if (
        state.basket.phase == "paying"
        and state.online
        and _passed(draft, state.pay_asked_ms, ASK_AGAIN_MS)
    ):
        _ask(draft)
    if state.basket.phase == "paid" and state.paid_ms is None:
        draft.note(paid_ms=draft.now_ms)  # after a restart the thanks begin anew
    elif state.basket.phase == "paid" and _passed(
        draft, state.paid_ms, period_ms(draft, "thanks_s")
    ):
        done(draft)


def _confirm_when_at_rest(draft: Draft) -> None:
    state = draft.state
    if not state.pay_wanted or (state.moving and state.basket.phase == "checkout"):
        return
    if not state.pending.steps:
        draft.note(pay_wanted=False)
        confirm(draft)  # does nothing where an explained step has led back to shopping


def _passed(draft: Draft, since_ms: int | None, period_ms: int) -> bool:
    return since_ms is None or draft.now_ms - since_ms >= period_ms


def _ask(draft: Draft) -> None:
    basket = draft.basket
    assert basket.requested_minor is not None, "paying without a requested sum"
    draft.do(RequestPayment(basket.trip_id, basket.attempt, basket.requested_minor))
    draft.note(pay_asked_ms=draft.now_ms, pay_sent=True)


def payment_answered(draft: Draft, answer: PaymentAnswered) -> None:
    """Settle, or go back to the checkout with a reason. Answers to other attempts say nothing."""
    basket = draft.basket
    if basket.phase != "paying" or (answer.trip_id, answer.attempt) != (
        basket.trip_id,
        basket.attempt,
    ):
        return
    if answer.outcome == "settled" and answer.total_minor == basket.requested_minor:
        draft.fact(
            PaymentSettled(draft.now_ms, basket.attempt, answer.receipt_id, answer.total_minor)
        )
        draft.note(paid_ms=draft.now_ms)
        draft.tell("paid")
        return
    _dispute(draft, answer)
    reason = answer.reason or answer.outcome
    draft.fact(PaymentDeclined(draft.now_ms, basket.attempt, reason))
    draft.tell("payment_declined" if answer.outcome == "declined" else "payment_mismatch")


def _dispute(draft: Draft, answer: PaymentAnswered) -> None:
    """State where the two receipts differ, if the store has told its own."""
    own, other = receipt_for(draft.state), answer.receipt
    found = () if own is None or other is None else differences(own, other)
    if found:
        draft.fact(ReceiptDisputed(draft.now_ms, answer.attempt, found[:DIFFERENCES_MAX]))


def credit_came(draft: Draft, credit: CreditCame) -> None:
    """Note what the store gave back on the trip that is still here, once."""
    known = any(item.number == credit.number for item in draft.basket.credits)
    if known or credit.trip_id != draft.basket.trip_id:
        return
    told = (credit.number, credit.line_id, credit.quantity, credit.amount_minor)
    draft.fact(LineCredited(draft.now_ms, *told))
    draft.tell("line_credited", amount_minor=str(credit.amount_minor))


def done(draft: Draft) -> None:
    """The shopper leaves: close the trip and show a fresh welcome."""
    if draft.basket.phase != "paid":
        return
    draft.fact(TripClosed(draft.now_ms, draft.basket.trip_id, draft.basket.paid_minor))
    draft.note(paid_ms=None, pair_nonce="", offered_ms=None, question=None, weighed=None, told=())
    draft.do(MakePairCode())


def load_moved(draft: Draft) -> None:
    """Something was put in or taken out after the sum was shown: show it anew before paying."""
    if draft.basket.phase == "checkout":
        draft.fact(CheckoutCancelled(draft.now_ms, "load_changed"))
        draft.tell("checkout_changed")
