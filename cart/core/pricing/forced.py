"""Binding offers that rule others out: one of an exclusive group, or an exclusive one.

A binding offer always takes part, so where it takes something off, what may not stand beside it
stays out, even if that costs the shopper more. One that does not apply rules nothing out. It must
never choose between uses.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.coupon import Coupon
from cart.core.pricing.field import Component, Contender, UnitClass
from cart.core.pricing.kinds import BASKET_KINDS, PRICE_KINDS, TOP_KINDS
from cart.core.pricing.legal import USES, Looks, Reader, TooManyError, is_ladder, ladder
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order
from cart.core.pricing.singles import unlimited
from cart.core.pricing.stages import apply_coupons, apply_prices, apply_tops
from cart.core.pricing.tally import Tally

# So many groups of units are looked at, all offers together, for a use that takes something off:
# those of dear units first, which are the likely ones. Of each offer at least a few are.
LOOKS_MAX = 4_000
LEAST = 20


def is_top(deal: Deal) -> bool:
    """Whether an offer comes after those on items: on the basket, or on top of them."""
    single = type(deal) in TOP_KINDS or (type(deal) in PRICE_KINDS and not unlimited(deal))
    return type(deal) in BASKET_KINDS or (deal.stack == "stackable" and single)


def is_unit_price(deal: Deal) -> bool:
    """Whether an offer is a price that every other offer sees: of all units, without a limit."""
    return deal.stack == "stackable" and type(deal) in PRICE_KINDS and unlimited(deal)


def is_alone(deal: Deal) -> bool:
    """Whether an offer on the basket lets no other beside it."""
    return is_top(deal) and deal.stack == "exclusive"


def forced(order: Order, usable: Sequence[int]) -> tuple[int, ...]:
    """The binding offers that apply, those first that ties go to; of two that rule each other out
    the first."""
    deals = order.offers.deals
    kept: list[int] = []
    if any(is_alone(deals[n]) or deals[n].exclusive_group for n in usable):
        asked = sum([deals[n].binding for n in usable])
        looks = max(LEAST, LOOKS_MAX // max(1, asked))
        for n in usable:
            beside = not any(_clash(deals[n], deals[other]) for other in kept)
            if deals[n].binding and beside and _applies(order, deals[n], looks):
                kept.append(n)
    return tuple(kept)


def _clash(one: Deal, other: Deal) -> bool:
    if one.exclusive_group and one.exclusive_group == other.exclusive_group:
        return True
    pair = ((one, other), (other, one))
    return any(is_alone(deal) and not is_unit_price(beside) for deal, beside in pair)


def _applies(order: Order, deal: Deal, looks: int) -> bool:
    """Whether an offer by itself takes anything off, as far as so many looks show."""
    tally = Tally(order.items)
    if isinstance(deal, Coupon):
        apply_coupons(order, tally, [deal])
    elif is_top(deal):
        apply_tops(order, tally, [deal])
    elif is_unit_price(deal):
        apply_prices(order, tally, [deal])
    else:
        return _saves(order, deal, looks)
    return bool(tally.applied)


def _saves(order: Order, deal: Deal, looks: int) -> bool:
    """Whether a use of an offer on items takes anything off."""
    classes = tuple([UnitClass(item.good, item.quantity, 1, 1) for item in order.items])
    goods = [item.good for item in order.items]
    on = tuple([n for n, good in enumerate(goods) if deal.touches(good.sku, good.category)])
    offer = Contender(deal, on, order.shopper.uses_left(deal), 0)
    case = Component(classes, (offer,), order.rounding)
    reader = Reader(case, offer, Looks(looks), dear_first=True)
    uses = ladder(reader) if is_ladder(deal) else USES[type(deal)](reader)
    try:
        return any(any(off_minor for _, off_minor in use) for use in uses)
    except TooManyError:
        return False
