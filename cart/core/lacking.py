"""What a basket still lacks for the next use of a deal that asks for pieces: how many of what.

It must never say whether that is worth it: the receipt is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, NamedTuple

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.basket_amount_off import AmountOff, BasketAmountOff
from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.offers import Deal
from cart.core.pricing.percent_off import PercentOff


class Want(NamedTuple):
    """`needed` pieces of these goods for each use; everything where neither is named."""

    skus: tuple[str, ...]
    categories: tuple[str, ...]
    needed: int
    except_skus: tuple[str, ...] = ()

    def fits(self, product: Product) -> bool:
        """Whether a product is one of them."""
        named = product.sku in self.skus or product.category in self.categories
        return (named or not (self.skus or self.categories)) and (
            product.sku not in self.except_skus
        )

    def goods(self, index: CatalogIndex) -> Iterator[Product]:
        """Them, the cheapest first."""
        if not (self.skus or self.categories):
            found: Iterator[Product] = iter(index.by_price)
        else:
            named = sorted((index.by_sku[sku] for sku in self.skus), key=_price)
            of = [index.by_price_of_category.get(name, ()) for name in self.categories]
            found = merge(named, *of, key=_price)
        return (product for product in found if product.sku not in self.except_skus)


def _price(product: Product) -> tuple[int, str]:
    return product.price_minor, product.sku


def _of(deal: Deal, count: int | None) -> list[Want]:
    return [Want(deal.skus, deal.categories, count or 1, deal.except_skus)]


def _of_pair(deal: BuyXGetY) -> list[Want]:
    if not deal.get_skus or frozenset(deal.get_skus) == frozenset(deal.skus):
        return _of(deal, deal.buy + deal.free)
    return [*_of(deal, deal.buy), Want(deal.get_skus, (), deal.free)]


# The goods of one use, by the kind of a deal; of those that are missing here one more piece is
# all that may help.
WANTS: Mapping[type[Deal], Callable[[Any], list[Want]]] = {
    NForPrice: lambda deal: _of(deal, deal.quantity),
    CheapestFree: lambda deal: _of(deal, deal.quantity),
    PercentOff: lambda deal: _of(deal, deal.group_size),
    AmountOffEach: lambda deal: _of(deal, deal.group_size),
    BasketAmountOff: lambda deal: _of(deal, deal.min_quantity),
    AmountOff: lambda deal: _of(deal, deal.min_quantity),
    Coupon: lambda deal: _of(deal, deal.min_quantity),
    BuyXGetY: _of_pair,
    Bundle: lambda deal: [
        Want(part.skus, part.categories, part.count, deal.except_skus) for part in deal.parts
    ],
}


def lacking(
    deal: AnyDeal, lines: Sequence[Line], index: CatalogIndex
) -> tuple[tuple[Want, int], ...]:
    """What the next use of a deal needs, and how many pieces of it are not there yet. A piece that
    two wants could use is counted for the first that lacks it."""
    pieces = [
        index.by_sku[line.sku]
        for line in lines
        if line.sku in index.by_sku
        for _ in range(line.quantity)
    ]
    wants = WANTS.get(type(deal), lambda deal: _of(deal, 1))(deal)
    while True:
        left, missing = list(pieces), []
        for want in wants:
            found = [piece for piece in left if want.fits(piece)][: want.needed]
            for piece in found:
                left.remove(piece)
            missing.append((want, want.needed - len(found)))
        if any(count for _, count in missing):
            return tuple((want, count) for want, count in missing if count)
        pieces = left
