"""What the screen says about deals: those of an aisle, and those a receipt already has.

It must never promise a price: what a deal saves in a basket only the receipt knows.
"""

from __future__ import annotations

from cart.core.catalog import CatalogIndex
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.member_price import MemberPrice
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.offers import Deal
from cart.core.pricing.percent_off import PercentOff
from cart.core.receipt import Modifier, Receipt
from cart.core.units import PARTS_PER_MILLION, divide_half_up
from cart.core.value import Value


class DealFigures(Value):
    """A deal's price and what the same goods cost without it; None where its goods differ in
    price. For a group of pieces both are for the group. `image` is its first product's."""

    price_minor: int | None
    was_minor: int | None
    image: str | None = None


def deals_of_aisle(index: CatalogIndex, aisle: str) -> tuple[AnyDeal, ...]:
    """The deals on anything that stands in this aisle, in the catalog's order."""
    standing = index.skus_by_aisle.get(aisle, frozenset())
    return tuple(deal for deal in index.catalog.deals if _stands(deal, standing, index))


def _stands(deal: Deal, standing: frozenset[str], index: CatalogIndex) -> bool:
    if standing.intersection(deal.skus):
        return True
    if not (deal.categories or deal.everything):
        return False
    return any(deal.covers(sku, index.by_sku[sku].category) for sku in sorted(standing))


def deals_applied(receipt: Receipt) -> tuple[Modifier, ...]:
    """What each deal takes off the whole receipt, in the order the deals first appear."""
    amounts_minor: dict[tuple[str, str], int] = {}
    for line in receipt.lines:
        for row in line.modifiers:
            key = (row.deal_id, row.title)
            amounts_minor[key] = amounts_minor.get(key, 0) + row.amount_minor
    return tuple(
        Modifier(deal_id=deal_id, title=title, amount_minor=amount_minor)
        for (deal_id, title), amount_minor in amounts_minor.items()
    )


def figures_of(deal: Deal, index: CatalogIndex) -> DealFigures:
    """The figures of a deal's tile on the screen."""
    products = [index.by_sku[sku] for sku in deal.skus if sku in index.by_sku]
    image = next((product.image for product in products if product.image), None)
    prices_minor = {product.price_minor for product in products}
    if len(prices_minor) != 1:
        return DealFigures(price_minor=None, was_minor=None, image=image)
    price_minor, was_minor = _price_and_was(deal, prices_minor.pop())
    return DealFigures(price_minor=price_minor, was_minor=was_minor, image=image)


def _price_and_was(deal: Deal, unit_minor: int) -> tuple[int | None, int | None]:
    match deal:
        case NForPrice():
            return deal.price_minor, unit_minor * deal.quantity
        case BuyXGetY():
            return unit_minor * deal.buy, unit_minor * (deal.buy + deal.free)
        case PercentOff():
            return unit_minor - divide_half_up(
                unit_minor * deal.share, PARTS_PER_MILLION
            ), unit_minor
        case MemberPrice():
            return deal.price_minor, unit_minor
        case _:
            return None, None
