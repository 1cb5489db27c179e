"""Sums that differ, and money that comes back: facts of the trip, never a silent change."""

from __future__ import annotations

from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.events import LineCredited, PaymentDeclined, PaymentSettled, ReceiptDisputed
from cart.core.observations import CreditCame, PaymentAnswered
from cart.core.refunds import Difference
from tests.unit.mind_world import PASTA, TOMATOES, Hands


def at_the_counter() -> Hands:
    """Pasta and tomatoes, 2.78 in all, asked to be paid."""
    hands = Hands()
    hands.put(PASTA)
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    assert hands.state.basket.phase == "paying"
    return hands


def test_where_the_sums_differ_is_stated() -> None:
    """The store's own receipt has the pasta at 1.00: line and total, with both figures."""
    hands = at_the_counter()
    own = hands.state.receipt
    assert own is not None
    pasta = replace(own.lines[0], price_minor=100, net_minor=100)
    other = replace(own, lines=(pasta, *own.lines[1:]), total_minor=229)
    trip_id = hands.state.basket.trip_id
    answer = PaymentAnswered(hands.now_ms, trip_id, 1, "mismatch", 229, receipt=other)
    disputed, declined = hands.say(answer)
    assert isinstance(declined, PaymentDeclined)
    assert isinstance(disputed, ReceiptDisputed)
    assert disputed.differences == (
        Difference("L1", "price_minor", "149", "100"),
        Difference("L1", "net_minor", "149", "100"),
        Difference("", "total_minor", "278", "229"),
    )
    assert hands.total_minor == 278
    assert hands.state.basket.phase == "checkout"


def test_money_that_comes_back_is_seen_once() -> None:
    """A credit of this trip is a fact and on the screen; told twice, or of another trip, it is
    none; what was paid stays what it was."""
    hands = at_the_counter()
    trip_id = hands.state.basket.trip_id
    (settled,) = hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "settled", 278, "R1"))
    assert isinstance(settled, PaymentSettled)
    credit = CreditCame(hands.now_ms, trip_id, 7, "L1", 1, 149)
    assert hands.say(credit) == [LineCredited(hands.now_ms, 7, "L1", 1, 149)]
    assert hands.say(credit) == []
    assert hands.say(replace(credit, number=8, trip_id="another")) == []
    shown = snapshot(hands.state, 1, 0)
    assert (shown.route, shown.credited_minor, shown.total_minor) == ("receipt", 149, 278)
    assert hands.told()[-1] == "line_credited"
    again = Hands(journal=tuple(hands.events))
    assert again.say(credit) == []
    again.touch("done")
    assert again.state.basket.credits == ()
