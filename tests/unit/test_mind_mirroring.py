"""When the mind tells the store its whole basket."""

from __future__ import annotations

from cart.core.effects import Effect, RequestPayment, TellBasket
from cart.core.observations import BasketViewed, LinkChanged
from tests.unit.mind_world import RICE, TOMATOES, Hands


def told(effects: list[Effect]) -> list[TellBasket]:
    """The baskets among effects."""
    return [effect for effect in effects if isinstance(effect, TellBasket)]


def shopping() -> Hands:
    """A trip with one tin in it, of which the store was told when it began."""
    hands = Hands()
    hands.touch("start")
    hands.scan(TOMATOES)
    hands.load(458_000)
    hands.wait(5_000)
    assert len(told(hands.effects)) == 1
    return hands


def test_a_changed_basket_is_told_once_a_minute() -> None:
    """Never oftener, and not at all while nothing changes."""
    hands = shopping()
    hands.wait(120_000)
    baskets = told(hands.effects)
    assert len(baskets) == 2
    assert baskets[-1].basket == hands.state.basket


def test_the_basket_is_told_before_the_sum_is_asked() -> None:
    """What the store adds up by was compared first."""
    hands = shopping()
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.wait(1_000)
    kinds = [type(effect) for effect in hands.effects]
    assert kinds.index(RequestPayment) > max(
        place for place, kind in enumerate(kinds) if kind is TellBasket
    )
    assert [basket.basket.phase for basket in told(hands.effects)] == [
        "shopping",
        "checkout",
        "paying",
    ]


def test_a_store_that_holds_something_else_is_told_at_once() -> None:
    """Its view is compared; one that agrees, or is of another trip, is left."""
    hands = shopping()
    hands.effects.clear()
    trip_id = hands.state.basket.trip_id
    hands.say(BasketViewed(hands.now_ms, trip_id, 1, 129))
    hands.say(BasketViewed(hands.now_ms, "another", 9, 9))
    assert told(hands.effects) == []
    hands.say(BasketViewed(hands.now_ms, trip_id, 2, 129))
    assert len(told(hands.effects)) == 1


def test_nothing_is_told_offline() -> None:
    """The link would only lose it; back online it is told once."""
    hands = shopping()
    hands.say(LinkChanged(hands.now_ms, online=False))
    hands.effects.clear()
    hands.scan(RICE)
    hands.load(512_000)
    hands.wait(120_000)
    assert told(hands.effects) == []
    hands.say(LinkChanged(hands.now_ms, online=True))
    assert len(told(hands.effects)) == 1
