"""The ways in which a basket's offers may be combined as wholes.

A way says which prices of units hold, which offers on items and on the basket take part, and in
what order coupons are shown. The offers on items of a way are still a choice of uses. It must never
weigh one way against another: it tells what is legal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations, product

from cart.core.pricing.coupon import Coupon
from cart.core.pricing.forced import forced, is_alone, is_top, is_unit_price
from cart.core.pricing.kinds import ITEM_KINDS
from cart.core.pricing.offers import MAKER, Deal
from cart.core.pricing.order import Order, Way


def widest(order: Order) -> Iterator[Way]:
    """Every way that no other has more offers than: one offer of each exclusive group, an exclusive
    offer on the basket alone or none, but nothing that a binding one rules out. Stackable prices
    may also stay out, as wholes, since what costs less may be worth more elsewhere."""
    deals = order.offers.deals
    usable = [n for n in order.offers.ranks if order.shopper.uses_left(deals[n])]
    must = forced(order, usable)
    groups: dict[str, list[int]] = {deals[n].exclusive_group: [n] for n in must}
    taken = frozenset(groups)
    for n in usable:
        if deals[n].exclusive_group not in taken:
            groups.setdefault(deals[n].exclusive_group, []).append(n)
    groups.pop("", None)
    prices = [n for n in usable if is_unit_price(deals[n]) and _is_here(order, deals[n])]
    free = [n for n in prices if not deals[n].binding and _disturbs(order, usable)]
    for off in _subsets(free):
        for kept in product(*groups.values()):
            chosen = [n for n in usable if not deals[n].exclusive_group or n in kept]
            yield from _apart(order, [n for n in chosen if n not in off], prices, must)


def everything(order: Order) -> Way:
    """More than any way may have: all usable offers at once."""
    deals = order.offers.deals
    usable = [n for n in order.offers.ranks if order.shopper.uses_left(deals[n])]
    return Way(
        tuple([deals[n] for n in usable if is_unit_price(deals[n])]),
        tuple([n for n in usable if type(deals[n]) in ITEM_KINDS and not is_top(deals[n])
               and not is_unit_price(deals[n])]),
        tuple([deals[n] for n in usable if is_top(deals[n])]),
        tuple([deal for n in usable if isinstance(deal := deals[n], Coupon)]),
    )  # fmt: skip


def _subsets(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(len(numbers) + 1):
        yield from combinations(numbers, size)


def _is_here(order: Order, deal: Deal) -> bool:
    return any(deal.covers(item.good.sku, item.good.category) for item in order.items)


def _disturbs(order: Order, usable: Sequence[int]) -> bool:
    """Whether a lower price may ever cost more in the end: where something is measured on sums, a
    saving is shared between rates of tax, or the maker pays it, so that its tax stays."""
    deals = [order.offers.deals[n] for n in usable]
    sums = any(is_top(deal) or isinstance(deal, Coupon) for deal in deals)
    spends = any(type(deal) in ITEM_KINDS and hasattr(deal, "min_spend_minor") for deal in deals)
    rates = frozenset([item.rate_ppm for item in order.items])
    makers = any(deal.funder == MAKER for deal in deals) and any(rates)
    return sums or spends or makers or len(rates) > 1


def _apart(
    order: Order, chosen: Sequence[int], prices: Sequence[int], must: Sequence[int]
) -> Iterator[Way]:
    """All of these together, and each exclusive offer on the basket alone."""
    deals = order.offers.deals
    first = tuple([deals[n] for n in chosen if n in prices])
    tops = [deals[n] for n in chosen if is_top(deals[n])]
    alone = [deal for deal in tops if is_alone(deal)]
    held = [deals[n] for n in must if not is_unit_price(deals[n])]
    if any(is_alone(deal) for deal in held):
        yield from [Way(first, (), (deal,), ()) for deal in held]
        return
    yield Way(
        first,
        tuple([n for n in chosen if type(deals[n]) in ITEM_KINDS and not is_top(deals[n])
               and not is_unit_price(deals[n])]),
        tuple([deal for deal in tops if deal not in alone]),
        tuple([deal for n in chosen if isinstance(deal := deals[n], Coupon)]),
    )  # fmt: skip
    if not held:
        yield from [Way(first, (), (deal,), ()) for deal in alone]


def narrower(way: Way) -> Iterator[Way]:
    """The same offers on items with fewer offers on the basket, and coupons in every order or left
    out, the store's before the makers'; binding ones stay. The whole of it first."""
    tops = [n for n, deal in enumerate(way.tops) if not deal.binding]
    stores = [deal for deal in way.coupons if deal.funder == "store"]
    makers = [deal for deal in way.coupons if deal.funder != "store"]
    for off in _subsets(tops):
        kept = tuple([deal for n, deal in enumerate(way.tops) if n not in off])
        for first in _orders(stores):
            for last in _orders(makers):
                yield way._replace(tops=kept, coupons=(*first, *last))


def _orders(coupons: Sequence[Coupon]) -> Iterator[tuple[Coupon, ...]]:
    """Every order of all of them, then of all but one, and so on."""
    for size in range(len(coupons), -1, -1):
        for some in permutations(coupons, size):
            if all(deal in some for deal in coupons if deal.binding):
                yield some
