"""A trip that moves to another cart: nothing is charged twice, what stayed behind not at all."""

from __future__ import annotations

from msgspec.structs import replace

from cart.core.basket import fold
from cart.core.events import ItemAdded, LinesWeighed, TripHandedOver
from cart.core.observations import CommandArrived, PairCodeMade, Paired
from cart.core.weights import Weight
from tests.unit.mind_world import BANANAS, PASTA, RICE, TOMATOES, Hands


def old_cart() -> Hands:
    """Two tins, pasta and a kilogram of bananas."""
    hands = Hands()
    hands.touch("start")
    hands.put(TOMATOES, 2)
    hands.wait(2_000)
    hands.put(PASTA)
    hands.wait(2_000)
    hands.sight(BANANAS)
    hands.load(1_000_000)
    hands.wait(10_000)
    hands.touch("budget", choice="5000")
    assert hands.skus == [TOMATOES, PASTA, BANANAS]
    assert hands.total_minor == 200 + 149 + 149
    return hands


def new_cart(old: Hands) -> Hands:
    """Another cart, after its code was scanned."""
    hands = Hands()
    carried = old.state.basket
    hands.say(Paired(hands.now_ms, "nonce-0001", "trip-2", "ann", member=False, carried=carried))
    return hands


def test_the_trip_is_there_before_its_goods() -> None:
    """Lines, prices and budget are what they were; a restart changes nothing."""
    hands = new_cart(old_cart())
    assert hands.skus == [TOMATOES, PASTA, BANANAS]
    assert hands.total_minor == 498
    assert hands.state.basket.budget_minor == 5_000
    assert fold(hands.events) == hands.state.basket
    assert {line.evidence.decided_by for line in hands.state.basket.lines} == {"carried"}


def test_a_guest_stays_a_guest() -> None:
    """A guest's trip comes over without a shopper, an app may still take it over; another guest's
    trip that goes on here is left alone."""
    carried, hands = old_cart().state.basket, Hands()
    came = Paired(hands.now_ms, "nonce-0001", "trip-2", "", member=False, carried=carried)
    hands.say(came)
    basket = hands.state.basket
    assert (basket.trip_id, basket.shopper, len(basket.lines)) == ("trip-2", None, 3)
    assert fold(hands.events) == basket
    hands.say(PairCodeMade(hands.now_ms, "nonce-0002"))
    hands.say(Paired(hands.now_ms, "nonce-0002", "trip-3", "ann"))
    assert (hands.state.basket.shopper, len(hands.state.basket.lines)) == ("ann", 3)
    busy = Hands()
    busy.touch("start")
    before = busy.state.basket
    busy.say(came)
    assert busy.state.basket == before


def test_goods_that_come_over_are_not_charged_again() -> None:
    """In any order, shown to the camera or not, two in one hand; what is new is charged."""
    hands = new_cart(old_cart())
    hands.sight(BANANAS)
    hands.load(1_000_000)
    hands.wait(3_000)
    hands.put(PASTA)
    hands.wait(3_000)
    hands.load(2 * 458_000)
    hands.wait(3_000)
    assert hands.total_minor == 498
    assert len([event for event in hands.events if isinstance(event, LinesWeighed)]) == 3
    hands.put(RICE)
    hands.wait(3_000)
    assert hands.total_minor == 498 + 219
    hands.put(PASTA)
    hands.wait(3_000)
    assert hands.total_minor == 498 + 219 + 149


def test_something_new_is_never_taken_for_what_is_awaited() -> None:
    """A code for another good speaks before the mass."""
    hands = new_cart(old_cart())
    hands.put(RICE)  # five grams more than the pasta that is still to come
    hands.wait(3_000)
    added = [event for event in hands.events if isinstance(event, ItemAdded)]
    assert added[-1].sku == RICE
    assert hands.total_minor == 498 + 219


def test_what_stayed_behind_is_not_charged() -> None:
    """Before paying it leaves the receipt, and the shopper is told."""
    hands = new_cart(old_cart())
    hands.put(PASTA)
    hands.wait(3_000)
    hands.touch("pay_start")
    assert hands.skus == [PASTA]
    assert hands.total_minor == 149
    assert "stayed_behind" in hands.told()


def test_the_old_cart_forgets_the_trip() -> None:
    """Also while it waits for a payment; a trip that was paid stays, another one too."""
    for touches in ((), ("pay_start",), ("pay_start", "pay_confirm")):
        old = old_cart()
        for touch in touches:
            old.touch(touch)  # type: ignore[arg-type]  # each is an action
        trip_id = old.state.basket.trip_id
        old.say(CommandArrived(old.now_ms, "c-0", "release", {"trip_id": "another"}))
        assert old.state.basket.trip_id == trip_id
        old.say(CommandArrived(old.now_ms, "c-1", "release", {"trip_id": trip_id}))
        assert TripHandedOver(old.now_ms, trip_id) in old.events
        assert (old.state.basket.phase, old.state.basket.lines) == ("idle", ())
    paid = old_cart()
    paid.state = replace(paid.state, basket=replace(paid.state.basket, phase="paid"))
    trip_id = paid.state.basket.trip_id
    paid.say(CommandArrived(paid.now_ms, "c-1", "release", {"trip_id": trip_id}))
    assert paid.state.basket.machine.orders[-1].status == "failed"


def test_a_weight_by_the_pound_comes_over_as_it_was_told() -> None:
    """The label's own digits and the unit of its price: the line costs the same by the same sum."""
    carried = old_cart().state.basket
    weight = Weight("1.25", "lb")
    *others, loose = carried.lines
    pound = replace(loose, mass_mg=566_990, weighing=None, weight=weight, price_unit="lb")
    hands = Hands()
    came = replace(carried, lines=(*others, pound))
    hands.say(Paired(hands.now_ms, "nonce-0001", "trip-2", "ann", member=False, carried=came))
    line = hands.state.basket.lines[-1]
    assert (line.weight, line.price_unit) == (weight, "lb")
