"""Random dense baskets: few goods, many offers that compete for them. All from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from cart.core.pricing.basket_amount_off import BasketAmountOff
from cart.core.pricing.bundle import Bundle, Part
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.field import Good
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.order import Item, Offers, Order
from cart.core.pricing.percent_off import PercentOff

# Goods of a basket with their price, dear ones first.
Shelf = Sequence[tuple[str, int]]
Maker = Callable[[str, Shelf, Random], AnyDeal]


def order_of(seed: int, units: int, offers: int, *, taxed: bool = False) -> Order:
    """A basket of `units` pieces, 1 to 4 of a product, and `offers` on 2 to 8 products each."""
    random = Random(seed)
    items: list[Item] = []
    while (missing := units - sum(item.quantity for item in items)) > 0:
        quantity = min(missing, random.choice((1, 1, 2, 2, 3, 4)))
        items.append(
            _item(f"g{len(items)}", random.randint(50, 999), quantity, random, taxed=taxed)
        )
    shelf = sorted(((item.good.sku, item.good.price_minor) for item in items), key=_dear)
    deals = tuple(deal_of(f"d{n}", shelf, random) for n in range(offers))
    return Order(items=tuple(items), offers=Offers(deals))


def few_goods_of(seed: int, units: int, offers: int, goods: int, *, taxed: bool = False) -> Order:
    """Many pieces of a few products, and offers on 2 to 8 of them."""
    random = Random(seed)
    items = [
        _item(f"g{n}", random.randint(50, 999), units // goods, random, taxed=taxed)
        for n in range(goods)
    ]
    shelf = sorted(((item.good.sku, item.good.price_minor) for item in items), key=_dear)
    deals = tuple(deal_of(f"d{n}", shelf, random) for n in range(offers))
    return Order(items=tuple(items), offers=Offers(deals))


def _dear(good: tuple[str, int]) -> tuple[int, str]:
    return -good[1], good[0]


def _item(sku: str, price_minor: int, quantity: int, random: Random, *, taxed: bool) -> Item:
    rate_ppm = random.choice((0, 82_500)) if taxed else 0
    return Item(
        line_id=sku,
        good=Good(sku, price_minor, unit_price_minor=price_minor),
        quantity=quantity,
        price_minor=price_minor * quantity,
        rate_ppm=rate_ppm,
        category=str(rate_ppm),
    )


def deal_of(deal_id: str, shelf: Shelf, random: Random) -> AnyDeal:
    """A random offer on some of these goods."""
    some = sorted(random.sample(shelf, min(len(shelf), random.randint(2, 8))), key=_dear)
    return random.choice(MAKERS)(deal_id, some, random)


def _skus(goods: Shelf) -> tuple[str, ...]:
    return tuple(sku for sku, _ in goods)


def _n_for_price(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    quantity = random.randint(2, 5)
    mean_minor = sum(price for _, price in goods) // len(goods)
    price_minor = mean_minor * quantity * random.randint(60, 90) // 100
    return NForPrice(deal_id=deal_id, skus=_skus(goods), quantity=quantity, price_minor=price_minor)


def _cheapest_free(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    return CheapestFree(deal_id=deal_id, skus=_skus(goods), quantity=random.randint(2, 4))


def _half_price(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    share_ppm = random.choice((500_000, 250_000))
    return BuyXGetY(deal_id=deal_id, skus=_skus(goods), buy=1, free=1, share_ppm=share_ppm)


def _buy_x_get_y(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    half = max(1, len(goods) // 2)
    return BuyXGetY(
        deal_id=deal_id,
        skus=_skus(goods[:half]),
        get_skus=_skus(goods[half:] or goods[:1]),
        buy=random.randint(1, 2),
        free=1,
        share_ppm=random.choice((500_000, 1_000_000)),
        get_item="any",
    )


def _bundle(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    parts = goods[:3]
    amount_minor = max(1, sum(price for _, price in parts) * random.randint(10, 30) // 100)
    return Bundle(
        deal_id=deal_id,
        parts=tuple(Part(skus=(sku,)) for sku, _ in parts),
        amount_minor=amount_minor,
    )


def _percent_off(deal_id: str, goods: Shelf, random: Random) -> AnyDeal:
    percent = random.choice((5, 10, 15, 20))
    return PercentOff(deal_id=deal_id, skus=_skus(goods), percent=percent)


MAKERS: tuple[Maker, ...] = (
    _n_for_price,
    _cheapest_free,
    _half_price,
    _buy_x_get_y,
    _bundle,
    _percent_off,
)


def with_spend_offer(order: Order, amount_minor: int, min_spend_minor: int) -> Order:
    """The same with an amount off the basket from a threshold on."""
    spend = BasketAmountOff(
        deal_id="spend", everything=True, amount_minor=amount_minor, min_spend_minor=min_spend_minor
    )
    return order._replace(offers=Offers((*order.offers.deals, spend)))
