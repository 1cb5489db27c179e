"""Nudges that are honest: one piece more that makes the whole cheaper or costs nothing.

The receipt itself is asked, so what is said is what will be paid. It must never suggest what makes
the shopper pay more.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.kinds import AnyDeal
from cart.core.value import Value

CANDIDATES_MAX = 40


class Nudge(Value):
    """Add one of `sku`, and the whole costs `saves_minor` less than now (0: the piece is free)."""

    sku: str
    deal_id: str
    saves_minor: int


def almost(lines: Sequence[Line], index: CatalogIndex, member: bool) -> Nudge | None:
    """The piece that saves most, of the deals that touch the basket; None if none really saves."""
    before = receipt_of(lines, index, member)
    best: Nudge | None = None
    for deal_id, product in _candidates(lines, index):
        after = receipt_of([*lines, _one(product)], index, member)
        saves_minor = before.total_minor - after.total_minor
        if (
            saves_minor >= 0
            and product.price_minor
            and (best is None or saves_minor > best.saves_minor)
        ):
            best = Nudge(product.sku, deal_id, saves_minor)
    return best


def _candidates(lines: Sequence[Line], index: CatalogIndex) -> list[tuple[str, Product]]:
    """Pieces that a deal on something in the basket names, in the catalog's order of deals."""
    present = frozenset(line.sku for line in lines)
    found: dict[str, str] = {}
    for deal in index.catalog.deals:
        named = _named(deal)
        if present.intersection(named):
            for sku in named:
                found.setdefault(sku, deal.deal_id)
    products = [(deal_id, index.by_sku[sku]) for sku, deal_id in found.items()]
    return [row for row in products if row[1].sold_by == "each"][:CANDIDATES_MAX]


def _named(deal: AnyDeal) -> tuple[str, ...]:
    parts = deal.parts if isinstance(deal, Bundle) else ()
    got = deal.get_skus if isinstance(deal, BuyXGetY) else ()
    return (*deal.skus, *got, *(sku for part in parts for sku in part.skus))


def _one(product: Product) -> Line:
    return Line("added", product.sku, product.name, 1, product.price_minor, product.price_minor)
