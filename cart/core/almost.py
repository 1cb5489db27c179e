"""Nudges that are honest: a few pieces more that make the whole cheaper or cost nothing.

The receipt itself is asked, so what is said is what will be paid. It is asked for a few changes a
tick, because a shopper waits for the cart, never for its advice. It must never suggest what makes
the shopper pay more, nor what may not be sold to everybody.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.catalog_faults import named_skus
from cart.core.lacking import Want, lacking
from cart.core.pricing.basket_amount_off import BasketAmountOff
from cart.core.pricing.basket_percent_off import BasketPercentOff
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.tiered_spend import TieredSpend
from cart.core.prudence import refused
from cart.core.receipt import Receipt
from cart.core.value import Value

CHANGES_MAX = 40
CHANGES_A_TICK = 2
PIECES_MAX = 3  # what a shopper may be asked to fetch for a threshold
FETCHED_MAX = 6  # and for a group, all its goods together

Pricing = Callable[[tuple[Line, ...]], Receipt]


class Pieces(Value):
    """So many pieces of a product."""

    sku: str
    quantity: int = 1


class Nudge(Value):
    """Add these pieces: the whole costs `saves_minor` less than now (0: they are free)."""

    pieces: tuple[Pieces, ...]
    deal_id: str
    saves_minor: int = 0

    @property
    def count(self) -> int:
        """How many pieces in all."""
        return sum([part.quantity for part in self.pieces])


class Search(Value):
    """Where a search stands: changes still to be tried, and the best so far."""

    waiting: tuple[Nudge, ...]
    best: Nudge | None = None


def begin(lines: Sequence[Line], receipt: Receipt, index: CatalogIndex) -> Search:
    """What might unlock a deal that is on something in the basket, in the catalog's order."""
    found: dict[tuple[Pieces, ...], Nudge] = {}
    for change in _changes(lines, receipt, index):
        found.setdefault(change.pieces, change)
        if len(found) == CHANGES_MAX:
            break
    return Search(tuple(found.values()))


def go_on(
    search: Search, lines: tuple[Line, ...], receipt: Receipt, index: CatalogIndex, pricing: Pricing
) -> Search:
    """Ask the receipt about the next few changes; the one that saves most is kept."""
    best = search.best
    for change in search.waiting[:CHANGES_A_TICK]:
        after = pricing((*lines, *_added(change, index)))
        saves_minor = receipt.total_minor - after.total_minor
        told = replace(change, saves_minor=saves_minor)
        if saves_minor >= 0 and (best is None or _rank(told) > _rank(best)):
            best = told
    return Search(search.waiting[CHANGES_A_TICK:], best)


def _changes(lines: Sequence[Line], receipt: Receipt, index: CatalogIndex) -> Iterator[Nudge]:
    present = {line.sku: index.by_sku[line.sku] for line in lines if line.sku in index.by_sku}
    touching = {n for good in present.values() for n in index.offers.on(good.sku, good.category)}
    for number in sorted(touching):
        deal = index.catalog.deals[number]
        missing_minor = _missing_minor(deal, receipt, index)
        if missing_minor:
            yield from _cheapest(deal, missing_minor, index)
            continue
        lacks = lacking(deal, lines, index)
        yield from _whole(deal, lacks, index)
        covered = (good.sku for good in present.values() if deal.covers(good.sku, good.category))
        wanted = lacks[0][1] if len(lacks) == 1 else 1
        for sku in dict.fromkeys([*named_skus(deal), *covered]):
            if _offered(index.by_sku[sku], index):
                for quantity in sorted({1, min(wanted, FETCHED_MAX)}, reverse=True):
                    yield Nudge((Pieces(sku, quantity),), deal.deal_id)


def _whole(
    deal: AnyDeal, lacks: Sequence[tuple[Want, int]], index: CatalogIndex
) -> Iterator[Nudge]:
    """The cheapest of all that the next use of a deal lacks."""
    found: dict[str, int] = {}
    for want, count in lacks:
        offered = (product for product in want.goods(index) if _offered(product, index))
        product = next(offered, None)
        if product is None:
            return
        found[product.sku] = found.get(product.sku, 0) + count
    if found and sum(found.values()) <= FETCHED_MAX:
        pieces = tuple([Pieces(sku, count) for sku, count in found.items()])
        yield Nudge(pieces, deal.deal_id)


def _rank(change: Nudge) -> tuple[int, int]:
    """What saves most, and of those that save the same what is least to fetch."""
    return change.saves_minor, -change.count


def _missing_minor(deal: AnyDeal, receipt: Receipt, index: CatalogIndex) -> int:
    """What the goods of a deal still cost too little for its next threshold; 0 without one."""
    spent_minor = sum(
        line.net_minor
        for line in receipt.lines
        if line.sku in index.by_sku and deal.covers(line.sku, index.by_sku[line.sku].category)
    )
    above = [step for step in _thresholds_minor(deal) if step > spent_minor]
    return min(above) - spent_minor if above else 0


def _thresholds_minor(deal: AnyDeal) -> tuple[int, ...]:
    match deal:
        case TieredSpend():
            return tuple(tier.min_spend_minor for tier in deal.tiers)
        case BasketAmountOff() | BasketPercentOff() | CheapestFree():
            return (deal.min_spend_minor or 0,)
        case _:
            return ()


def _cheapest(deal: AnyDeal, missing_minor: int, index: CatalogIndex) -> Iterator[Nudge]:
    """The pieces that reach a threshold for the least money: one, two or three of a product."""
    found: list[tuple[int, int, str]] = []
    for quantity in range(1, PIECES_MAX + 1):
        start = bisect_left(index.by_price, -(-missing_minor // quantity), key=_price_minor)
        for product in islice(index.by_price, start, None):
            if deal.covers(product.sku, product.category) and _offered(product, index):
                found.append((product.price_minor * quantity, quantity, product.sku))
                break
    if found:
        _, quantity, sku = min(found)
        yield Nudge((Pieces(sku, quantity),), deal.deal_id)


def _price_minor(product: Product) -> int:
    return product.price_minor


def _offered(product: Product, index: CatalogIndex) -> bool:
    """Whether it may be suggested: it comes in pieces, costs something, and anybody may buy it."""
    counted = product.sold_by == "each" and product.price_minor > 0
    return counted and refused(index, product) is None


def _added(change: Nudge, index: CatalogIndex) -> Iterator[Line]:
    for number, part in enumerate(change.pieces):
        product = index.by_sku[part.sku]
        prices = (product.price_minor, product.price_minor * part.quantity)
        yield Line(f"added-{number}", product.sku, product.name, part.quantity, *prices)
