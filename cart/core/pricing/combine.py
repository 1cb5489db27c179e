"""Which offers a basket gets, where deals compete for the same units.

Each unit takes part in at most one deal. The offer that is worth most to the shopper (tax counted)
is taken first; ties go to the deal that stands first in the catalog. Taking the best first can
miss the best whole, so among deals that compete for the same goods every choice of deals is tried
this way and the best one kept: one more deal then never makes a basket dearer, but for the
rounding of tax. Where more than `DEALS_TRIED_MAX` deals compete, only all of them together are
tried and that is not promised. In no case is this an exact search of all combinations: there can
be a better one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from cart.core.catalog import BuyXGetY, Deal, MemberPrice, NForPrice, PercentOff
from cart.core.pricing import buy_x_get_y, member_price, n_for_price, percent_off
from cart.core.pricing.offers import Offer, Unit

DEALS_TRIED_MAX = 5

# A promotion kind: offers of one deal on the units it may use (dearest first), no unit twice.
Kind = Callable[[Any, Sequence[Unit]], list[Offer]]
KINDS: Mapping[type[Deal], Kind] = {
    NForPrice: n_for_price.offers,
    PercentOff: percent_off.offers,
    BuyXGetY: buy_x_get_y.offers,
    MemberPrice: member_price.offers,
}

Taken = tuple[tuple[Deal, Offer], ...]


def best_offers(deals: Sequence[Deal], units: Sequence[Unit]) -> Taken:
    """Choose the offers for these units out of deals that all apply to this shopper."""
    return tuple(
        pair
        for rivals in _rivals(deals, units)
        for pair in max((_best_first(choice, units) for choice in _choices(rivals)), key=_worth)
    )


def _rivals(deals: Sequence[Deal], units: Sequence[Unit]) -> list[list[Deal]]:
    """Part the deals into groups that share no goods of this basket."""
    present = frozenset(unit.sku for unit in units)
    parts: list[tuple[frozenset[str], list[Deal]]] = []
    for deal in deals:
        skus, members = present.intersection(deal.skus), [deal]
        if not skus:
            continue
        touching = [part for part in parts if part[0] & skus]
        for part in touching:
            parts.remove(part)
        members = [member for part in touching for member in part[1]] + members
        parts.append((skus.union(*(part[0] for part in touching)), members))
    return [sorted(members, key=deals.index) for _, members in parts]


def _choices(rivals: Sequence[Deal]) -> Iterator[Sequence[Deal]]:
    """All of them first, so that a smaller choice must be better to win."""
    yield rivals
    if len(rivals) <= DEALS_TRIED_MAX:
        for size in range(len(rivals) - 1, 0, -1):
            yield from combinations(rivals, size)


def _best_first(deals: Sequence[Deal], units: Sequence[Unit]) -> Taken:
    """Take the best offer, again and again, until no deal has one left."""
    free = {unit.number: unit for unit in units}
    waiting = [_offers(deal, free) for deal in deals]
    taken: list[tuple[Deal, Offer]] = []
    while any(waiting):
        # The first of equals wins: the order of the deals in the catalog breaks ties.
        at = max(
            (number for number, offers in enumerate(waiting) if offers),
            key=lambda number: waiting[number][0].worth(),
        )
        offer = waiting[at][0]
        if all(unit.number in free for unit in offer.units):
            taken.append((deals[at], waiting[at].pop(0)))
            for unit in offer.units:
                del free[unit.number]
        else:
            waiting[at] = _offers(deals[at], free)
    return tuple(taken)


def _offers(deal: Deal, free: Mapping[int, Unit]) -> list[Offer]:
    """The deal's offers on the free units that save something, best first."""
    usable = [unit for unit in free.values() if unit.sku in deal.skus]
    offers = [offer for offer in KINDS[type(deal)](deal, usable) if offer.worth() > 0]
    return sorted(offers, key=Offer.worth, reverse=True)


def _worth(taken: Taken) -> int:
    return sum(offer.worth() for _, offer in taken)
