"""Every promotion kind there is: a table. A new kind is a file and a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cart.core.pricing import (
    amount_off_each,
    basket_amount_off,
    basket_percent_off,
    bundle,
    buy_x_get_y,
    cheapest_free,
    member_price,
    n_for_price,
    percent_off,
    tiered_spend,
    weight_price,
)
from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.basket_amount_off import AmountOff, BasketAmountOff
from cart.core.pricing.basket_percent_off import BasketPercentOff
from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.field import Field
from cart.core.pricing.member_price import Markdown, MemberPrice
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.offers import Deal
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.spend import Spend
from cart.core.pricing.tiered_spend import TieredSpend
from cart.core.pricing.uses import Compiled, Each
from cart.core.pricing.weight_price import WeightPrice

AnyDeal = (
    NForPrice
    | PercentOff
    | AmountOffEach
    | BuyXGetY
    | CheapestFree
    | Bundle
    | MemberPrice
    | Markdown
    | WeightPrice
    | BasketPercentOff
    | BasketAmountOff
    | AmountOff
    | TieredSpend
    | Coupon
)

# An offer on items: its form for the search, on the units it covers.
ITEM_KINDS: Mapping[type[Deal], Callable[[Any, Field], Iterator[Compiled | Each]]] = {
    NForPrice: n_for_price.compiled,
    PercentOff: percent_off.compiled,
    AmountOffEach: amount_off_each.compiled,
    BuyXGetY: buy_x_get_y.compiled,
    CheapestFree: cheapest_free.compiled,
    Bundle: bundle.compiled,
    MemberPrice: member_price.compiled,
    Markdown: member_price.compiled,
    WeightPrice: weight_price.compiled,
}

# An offer on the basket: what it takes off the goods it covers, together.
BASKET_KINDS: Mapping[type[Deal], Callable[[Any, Spend], int]] = {
    BasketPercentOff: basket_percent_off.discount_minor,
    BasketAmountOff: basket_amount_off.discount_minor,
    AmountOff: basket_amount_off.discount_minor,
    TieredSpend: tiered_spend.discount_minor,
}

# The prices of units come first, so that other offers see them.
PRICE_KINDS: tuple[type[Deal], ...] = (MemberPrice, Markdown, WeightPrice)
# What may come on top of other offers on the same units, unit by unit.
TOP_KINDS: tuple[type[Deal], ...] = (PercentOff, AmountOffEach)


# What makes groups of units, which no other offer on items may have too.
GROUP_KINDS: tuple[type[Deal], ...] = (NForPrice, BuyXGetY, CheapestFree, Bundle)
