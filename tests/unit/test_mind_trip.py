"""Pairing, checkout, payment, and what never happens whatever the senses say."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core import mind
from cart.core.basket import fold
from cart.core.catalog import Product
from cart.core.effects import OfferPairing, RequestPayment, TellEyes
from cart.core.events import (
    CatalogAdopted,
    CheckoutCancelled,
    LineOpened,
    PaymentRequested,
    PaymentSettled,
    QuestionAsked,
    TripBound,
    TripClosed,
    TripOpened,
)
from cart.core.observations import (
    Booted,
    CatalogArrived,
    LinkChanged,
    LoadChanged,
    Paired,
    PaymentAnswered,
    Place,
    Tick,
    Touch,
)
from tests.unit.mind_world import BANANAS, CATALOG, MASSES_MG, PASTA, RICE, TOMATOES, Hands


def test_pairing_opens_the_shoppers_trip() -> None:
    """The nonce on the screen, and only that one, opens the trip, once."""
    hands = Hands()
    assert hands.say(Paired(hands.now_ms, "other", "trip-9", "mallory")) == []
    (fact,) = hands.say(Paired(hands.now_ms, "nonce-0001", "trip-1", "ana", member=True))
    assert isinstance(fact, TripOpened)
    assert hands.say(Paired(hands.now_ms, "nonce-0001", "trip-2", "bob")) == []
    assert (hands.state.basket.trip_id, hands.state.basket.member) == ("trip-1", True)


def test_a_guest_trip_can_be_bound_later() -> None:
    """Goods first, phone later: the lines stay."""
    hands = Hands()
    hands.put(TOMATOES)
    (fact,) = hands.say(Paired(hands.now_ms, "nonce-0001", "trip-1", "ana"))
    assert isinstance(fact, TripBound)
    assert hands.skus == [TOMATOES]


def test_what_was_put_in_tells_the_aisle_whose_deals_are_shown() -> None:
    """No sense of place: the planogram knows where tomatoes stand."""
    hands = Hands()
    assert snapshot(hands.state, 1, 0).aisle == ""
    hands.put(TOMATOES)
    shown = snapshot(hands.state, 2, 0)
    assert shown.aisle == "Everything"
    assert [deal.deal_id for deal in shown.deals] == ["tomatoes-2"]


def test_the_eyes_hear_what_stands_in_the_aisle() -> None:
    """By the planogram and by a product's own row, as the deals of the aisle go too."""
    soap = Product("soap", "Soap", 99, aisle="1")
    catalog = replace(CATALOG, products=(*CATALOG.products, soap))
    hands = Hands(catalog=catalog)
    turn = mind.step(hands.state, Place(hands.now_ms, "1"))
    (told,) = [effect for effect in turn.effects if isinstance(effect, TellEyes)]
    assert set(told.skus) == {*CATALOG.aisles[0].skus, "soap"}
    assert told.gtins == tuple(gtin for row in CATALOG.products for gtin in row.gtins)


def test_the_nonce_is_offered_again_while_it_is_on_the_screen() -> None:
    """Offers live 30 s in the store, so they are repeated every ten."""
    state = Hands().state
    offers = []
    for t_ms in range(1_100, 25_000, 100):
        turn = mind.step(state, Tick(t_ms))
        state = turn.state
        offers += [effect for effect in turn.effects if isinstance(effect, OfferPairing)]
    assert len(offers) == 2


def test_open_lines_block_payment_not_shopping() -> None:
    """Pay with a yellow line asks about it instead."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.load(777_000)
    hands.wait(2_000)
    hands.touch("later")
    hands.touch("pay_start")
    assert hands.state.basket.phase == "shopping"
    assert hands.state.question is not None
    assert "checkout_needs_answers" in hands.told()


def test_paying_settles_when_the_store_says_the_same_sum() -> None:
    """The request names the sum on the screen; the settled answer closes the trip."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    trip_id = hands.state.basket.trip_id
    answer = PaymentAnswered(hands.now_ms, trip_id, 1, "settled", 129, "R-1")
    (fact,) = hands.say(answer)
    assert isinstance(fact, PaymentSettled)
    assert hands.say(answer) == []
    (closed,) = hands.touch("done")
    assert isinstance(closed, TripClosed)
    assert hands.state.basket.phase == "idle"


def test_a_payment_is_asked_again_with_the_same_attempt() -> None:
    """Lost answers don't become second payments; a declined one gets a new attempt."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    asked = []
    for _ in range(90):
        hands.now_ms += 100
        turn = mind.step(hands.state, Tick(hands.now_ms))
        hands.state = turn.state
        asked += [effect for effect in turn.effects if isinstance(effect, RequestPayment)]
    assert len(asked) == 3
    assert {effect.attempt for effect in asked} == {1}
    trip_id = hands.state.basket.trip_id
    hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "declined", reason="card"))
    hands.touch("pay_confirm")
    assert hands.state.basket.attempt == 2


def test_a_different_sum_by_the_store_settles_nothing() -> None:
    """A mismatch goes back to the checkout."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    trip_id = hands.state.basket.trip_id
    hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "settled", 130, "R-1"))
    assert hands.state.basket.phase == "checkout"
    assert "payment_mismatch" in hands.told()


def test_a_good_put_in_at_the_checkout_shows_the_sum_anew() -> None:
    """What is shown is what is charged."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    facts = hands.put(PASTA)
    assert isinstance(facts[0], CheckoutCancelled)
    assert hands.state.basket.phase == "shopping"
    assert hands.skus == [TOMATOES, PASTA]


def test_a_catalog_waits_for_the_end_of_a_payment() -> None:
    """The sum paid is the sum shown, and the store adds up with the catalog that made it."""
    hands = Hands()
    hands.put(TOMATOES, 2)
    hands.touch("pay_start")
    assert hands.say(CatalogArrived(hands.now_ms, replace(CATALOG, version=2, deals=()))) == []
    hands.touch("pay_confirm")
    assert hands.state.basket.requested_minor == 200
    trip_id = hands.state.basket.trip_id
    (settled,) = hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "settled", 200, "R-1"))
    assert isinstance(settled, PaymentSettled)
    assert [type(fact) for fact in hands.touch("done")] == [TripClosed, CatalogAdopted]
    assert hands.state.basket.catalog_version == 2


def test_a_code_that_the_new_catalog_lacks_is_forgotten() -> None:
    """A good taken from sale between its code and its load is a question, not a crash."""
    hands = Hands()
    hands.scan(TOMATOES)
    kept = tuple(row for row in CATALOG.products if row.sku != TOMATOES)
    shorter = replace(CATALOG, version=2, products=kept, deals=(), aisles=())
    hands.say(CatalogArrived(hands.now_ms, shorter))
    hands.load(458_000)
    hands.wait(2_000)
    assert hands.skus == []
    assert len(hands.state.basket.open_lines) == 1


def test_nothing_is_paid_while_a_good_is_still_unexplained() -> None:
    """What lies in the cart but not yet on the receipt stays in this trip."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.load(777_000)
    assert hands.touch("pay_confirm") == []
    hands.wait(2_000)
    assert "checkout_changed" in hands.told()
    hands.wait(2_000)
    assert hands.state.basket.phase == "shopping"
    assert len(hands.state.basket.open_lines) == 1


def test_offline_the_shopper_can_go_on_shopping_instead() -> None:
    """A request that never left the cart is the cart's to take back; one that left is not."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.say(LinkChanged(hands.now_ms, online=False))
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    (fact,) = hands.touch("keep_shopping")
    assert isinstance(fact, CheckoutCancelled)
    hands.say(LinkChanged(hands.now_ms, online=True))
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.say(LinkChanged(hands.now_ms, online=False))
    assert hands.touch("keep_shopping") == []
    assert hands.state.basket.phase == "paying"


def test_offline_the_payment_waits_and_says_so() -> None:
    """No link at the checkout: a notice, and the request goes out once the link is back."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.say(LinkChanged(hands.now_ms, online=False))
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    assert "payment_waits_for_link" in hands.told()
    turn = mind.step(hands.state, LinkChanged(hands.now_ms, online=True))
    assert any(isinstance(effect, RequestPayment) for effect in turn.effects)


def test_a_touch_is_done_once() -> None:
    """The same intent arriving twice pays once."""
    hands = Hands()
    hands.put(TOMATOES)
    touch = Touch(hands.now_ms, "same", "pay_start")
    assert len(hands.say(touch)) == 1
    assert hands.say(touch) == []


def test_an_empty_basket_can_leave() -> None:
    """Nothing bought: a zero receipt, no card needed but the store's word."""
    hands = Hands()
    hands.touch("start")
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    trip_id = hands.state.basket.trip_id
    hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "settled", 0, "R-0"))
    assert hands.state.basket.phase == "paid"


ACTIONS = st.one_of(
    st.tuples(st.just("scan"), st.sampled_from([TOMATOES, PASTA, RICE, "junk", "\x00" * 40])),
    st.tuples(st.just("sight"), st.sampled_from([TOMATOES, BANANAS, "stranger", ""])),
    st.tuples(st.just("load"), st.integers(-1_500_000, 1_500_000)),
    st.tuples(st.just("wait"), st.integers(0, 4_000)),
    st.tuples(
        st.just("touch"),
        st.sampled_from(["start", "later", "pay_start", "pay_confirm", "keep_shopping", "done"]),
    ),
    st.tuples(st.just("answer"), st.sampled_from([TOMATOES, BANANAS, "own", "none", "L1", "?"])),
    st.tuples(st.just("pay"), st.sampled_from(["settled", "declined", "mismatch"])),
)


def _act(hands: Hands, name: str, value: object) -> None:
    basket = hands.state.basket
    if name == "answer":
        target = next((line.line_id for line in basket.open_lines), "L1")
        hands.touch("answer", target, str(value))
    elif name == "pay":
        total_minor = basket.requested_minor or 0
        answer = msgspec.convert(
            {
                "t_ms": hands.now_ms,
                "trip_id": basket.trip_id,
                "attempt": basket.attempt,
                "outcome": value,
                "total_minor": total_minor,
                "receipt_id": "R",
                "kind": "payment_answered",
            },
            PaymentAnswered,
        )
        hands.say(answer)
    else:
        getattr(hands, name)(value)


@settings(max_examples=150, deadline=None)
@given(st.lists(ACTIONS, max_size=25))
def test_whatever_happens_the_journal_is_the_basket(actions: list[tuple[str, object]]) -> None:
    """No order of events breaks it: the fold of the facts is the state, the total adds up, and
    every line on the receipt has evidence."""
    hands = Hands()
    for name, value in actions:
        _act(hands, name, value)
        assert fold(hands.events) == hands.state.basket
        snapshot(hands.state, 1, hands.now_ms)
        for line in hands.state.basket.lines:
            assert line.evidence.code or line.evidence.after_mg is not None
    again = mind.initial()
    for observation in hands.observations:
        again = mind.step(again, observation).state
    assert again == hands.state


def test_a_tap_that_shakes_the_cart_pays_once_the_load_rests() -> None:
    """Confirmed while the load moves: the request goes out when it rests unchanged."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.now_ms += 100
    hands.say(LoadChanged(hands.now_ms, hands.now_ms, hands.load_mg, hands.load_mg, state="moving"))
    assert hands.touch("pay_confirm") == []
    facts = hands.load(0)
    assert [type(fact) for fact in facts] == [PaymentRequested]


def test_a_restart_between_trips_asks_nobody_about_an_emptied_cart() -> None:
    """Paid, unloaded without a fact, restarted: whatever rests in the cart is the new rest."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.say(PaymentAnswered(hands.now_ms, hands.state.basket.trip_id, 1, "settled", 129, "R"))
    hands.touch("done")
    again = Hands(journal=tuple(hands.events))
    again.load_mg = 30_000
    again.load(0)
    assert again.wait(3_000) == []


@pytest.mark.parametrize("left_mg", [0, MASSES_MG[TOMATOES]])
def test_a_restart_in_a_trip_without_lines_counts_from_the_load_it_began_with(left_mg: int) -> None:
    """The shopper before has emptied the cart without a fact: only what came since is asked about.

    `left_mg` came while nobody watched."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.say(PaymentAnswered(hands.now_ms, hands.state.basket.trip_id, 1, "settled", 129, "R"))
    hands.load(-MASSES_MG[TOMATOES])
    hands.touch("done")
    hands.say(Paired(hands.now_ms, hands.state.pair_nonce, "trip-ann", "ann"))
    again = Hands(journal=tuple(hands.events))
    again.load_mg = left_mg
    again.load(0)
    asked = [type(fact) for fact in again.wait(3_000)]
    assert asked == ([LineOpened, QuestionAsked] if left_mg else [])
    assert again.state.basket.trip_id == "trip-ann"


def test_a_lost_disk_names_no_trip_twice() -> None:
    """A guest's trip of a cart that counts from 1 again has another id than the first one had."""
    ids = set()
    for boot_id in ("0a0a0a0a", "0b0b0b0b"):
        state = mind.step(mind.initial(), Booted(0, "cart-1", 1, (), boot_id)).state
        ids.add(mind.step(state, Touch(1, "t-1", "start")).state.basket.trip_id)
    assert ids == {"cart-1-1-1-0a0a0a0a", "cart-1-1-1-0b0b0b0b"}
