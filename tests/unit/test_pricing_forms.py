"""The forms that offers take for the search: bounds that hold, and offers that need not be looked
at."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.choice import components_of
from cart.core.pricing.component import chosen, compiled
from cart.core.pricing.field import Good
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.order import Item, Offers, Order
from cart.core.pricing.outdone import lasting
from cart.core.pricing.pricing import price
from rig.money.baskets import few_goods_of, order_of

GOODS = (("a", 900, 3), ("b", 700, 3), ("c", 500, 3), ("d", 300, 3))
THREE_FOR_TWO = CheapestFree(deal_id="three", skus=("a", "b", "c"), quantity=3)
TWO_FOR_ONE = CheapestFree(deal_id="two", skus=("a", "b", "c", "d"), quantity=2)
HALF = BuyXGetY(deal_id="half", skus=("b", "c"), buy=1, free=1, share_ppm=500_000)
GET_CHEAP = BuyXGetY(
    deal_id="get", skus=("a", "b"), get_skus=("c", "d"), buy=1, free=1, get_item="any"
)
GET_DEAR = replace(GET_CHEAP, skus=("c", "d"), get_skus=("a", "b"))
THREE_TEN = NForPrice(deal_id="ten", skus=("a", "b", "c"), quantity=3, price_minor=1_000)
THREE_NINE = NForPrice(deal_id="nine", skus=("a", "b", "c", "d"), quantity=3, price_minor=900)
TWO_NINE = replace(THREE_NINE, deal_id="pair", quantity=2)


def order_with(*deals: AnyDeal, rates_ppm: tuple[int, ...] = (0,)) -> Order:
    """Three pieces of each of four goods, with these offers."""
    items = tuple(
        Item(sku, Good(sku, minor), count, minor * count, rates_ppm[n % len(rates_ppm)])
        for n, (sku, minor, count) in enumerate(GOODS)
    )
    return Order(
        items, Offers(tuple(replace(deal, deal_id=f"{n}") for n, deal in enumerate(deals)))
    )


def kept(order: Order) -> list[int]:
    """The offers of its only component that are looked at."""
    (component,) = components_of(order)
    problem = compiled(component).problem
    return [component.contenders[n].rank for n in lasting(problem.shapes, problem.caps)]


@pytest.mark.parametrize("rates_ppm", [(0,), (0, 82_500)])
@pytest.mark.parametrize(
    ("deals", "lasting_ones"),
    [
        ((TWO_FOR_ONE, TWO_FOR_ONE), [0]),
        ((HALF, TWO_FOR_ONE), [1]),
        ((TWO_FOR_ONE, THREE_FOR_TWO), [0]),
        ((THREE_FOR_TWO, TWO_FOR_ONE), [0, 1]),  # of equal worth the first is named
        ((TWO_FOR_ONE, GET_CHEAP), [0]),
        ((TWO_FOR_ONE, GET_DEAR), [0, 1]),
        ((THREE_NINE, THREE_TEN), [0]),
        ((THREE_NINE, TWO_NINE), [0, 1]),
        ((HALF, replace(TWO_FOR_ONE, max_applications=1)), [0, 1]),
        ((THREE_TEN, replace(THREE_NINE, max_applications=3)), [0, 1]),
    ],
)
def test_what_another_offer_always_outdoes_is_left_out(
    deals: tuple[AnyDeal, ...], lasting_ones: list[int], rates_ppm: tuple[int, ...]
) -> None:
    """The same units for no less, as often as there are units; where that is not so it stays."""
    order = order_with(*deals, rates_ppm=rates_ppm)
    assert kept(order) == lasting_ones
    alone = [price(order_with(deal, rates_ppm=rates_ppm)).total_minor for deal in deals]
    assert price(order).total_minor <= min(alone)


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_is_better_than_the_bound_of_its_offer(seed: int) -> None:
    """At any values, few units or many, one tax rate or two: all plans are within `best`."""
    random = Random(seed)
    taxed = bool(seed % 2)
    order = (order_of(seed, 9, 3, taxed=taxed), few_goods_of(seed, 30, 3, 3, taxed=taxed))[
        seed % 4 > 1
    ]
    for component in components_of(order):
        problem = compiled(component).problem
        values = [random.randint(0, 400) * chosen(component).worth // 3_000 for _ in problem.caps]
        for shape in problem.shapes:
            top, _ = shape.best(values, problem.caps)
            assert top >= 0
            assert all(plan.value <= top for plan in shape.plans(values, problem.caps, top // 2))


@pytest.mark.parametrize("seed", range(3))
def test_many_offers_on_few_goods_leave_a_small_gap(seed: int) -> None:
    """Sixty offers on eight goods: within a cart's work the answer is at most a tenth off."""
    found = price(few_goods_of(seed, 80, 60, 8)._replace(steps_max=100_000))
    assert found.gap_minor * 10 < found.total_minor
