"""What a careful shopper and a careful store look at: what is cheaper, a budget, what may be sold.

Pure questions with plain answers. It must never be paid to answer otherwise: nothing sponsored is
known here.
"""

from __future__ import annotations

from typing import Literal

from cart.core.catalog import CatalogIndex, Product
from cart.core.pricing.offers import Window
from cart.core.value import Value

WARNINGS_PERCENT = (100, 80)
Refusal = Literal["age", "hours", "recalled", "expired"]


class Refused(Value):
    """Why something must not be sold; `reason` is the store's own word, if it has one."""

    why: Refusal
    reason: str = ""


def cheaper_equal(product: Product, index: CatalogIndex) -> Product | None:
    """The product of the same category and measure whose unit price is lowest, if it is lower."""
    own = product.unit_price
    best = None if own is None else index.cheapest.get((product.category, own.unit))
    least = None if best is None else best.unit_price
    if own is None or least is None or least.price_minor >= own.price_minor:
        return None
    return best


def budget_warning(total_minor: int, budget_minor: int) -> int | None:
    """100 or 80 when so many percent of the budget are reached, else None."""
    for percent in WARNINGS_PERCENT:
        if budget_minor > 0 and total_minor * 100 >= budget_minor * percent:
            return percent
    return None


def refused(
    index: CatalogIndex,
    product: Product,
    *,
    age_years: int | None = None,
    now: str = "",
    lot: str = "",
    expires: str = "",
) -> Refused | None:
    """Why a product may not be sold now. `now` is the store's local time, `expires` a date as
    "YYYY-MM-DD", on which it may still be sold. An age that is not known is not enough; nobody is
    asked about it at an hour when it is not sold anyway."""
    for recall in index.catalog.recalls:
        if recall.sku == product.sku and (not recall.lots or lot in recall.lots):
            return Refused("recalled", recall.reason)
    if expires and now and expires < now[:10]:
        return Refused("expired")
    if product.hours is not None and not (now and Window(hours=product.hours).holds(now)):
        return Refused("hours")
    if product.minimum_age_years > (age_years or 0):
        return Refused("age")
    return None
