"""What the mind asks of the store, as the messages that say it.

It must never wait for an answer: what the mind still needs it asks again.
"""

from __future__ import annotations

from cart.contract.fleet import CommandState
from cart.contract.store import CouponRequest, PairOffer, PayRequest
from cart.core.effects import OfferPairing, ReportCommand, RequestPayment, ReserveCoupon
from cart.core.value import Value

Question = OfferPairing | RequestPayment | ReserveCoupon | ReportCommand


def message_of(asked: Question, epoch: int, last_seq: int) -> tuple[str, Value]:
    """Its channel and its message; a payment counts the journal's rows up to `last_seq`."""
    match asked:
        case OfferPairing(nonce=nonce):
            return "pair_offer", PairOffer(nonce)
        case ReserveCoupon(trip_id=trip_id, coupon_id=coupon_id):
            return "coupon_request", CouponRequest(trip_id, coupon_id)
        case RequestPayment(trip_id=trip_id, attempt=attempt, total_minor=total_minor):
            return "pay_request", PayRequest(trip_id, attempt, total_minor, epoch, last_seq)
        case ReportCommand(cmd_id=cmd_id, status=status, detail=detail):
            return "command_state", CommandState(cmd_id, status, detail)
