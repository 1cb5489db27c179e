"""What a careful shopper and a careful store look at: unit prices, a budget, what may be sold.

Pure questions with plain answers. It must never be paid to answer otherwise: nothing sponsored is
known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cart.core.catalog import CatalogIndex, Product
from cart.core.pricing.offers import Window
from cart.core.units import divide_half_up
from cart.core.value import Value

# What unit prices are told for: a kilogram, a litre, a piece.
UNITS = {"g": (1_000, "kg"), "ml": (1_000, "l"), "piece": (1, "piece")}
WARNINGS_PERCENT = (100, 80)
Refusal = Literal["age", "hours", "recalled", "expired"]


class UnitPrice(Value):
    """What a kilogram, a litre or a piece costs."""

    price_minor: int
    unit: str


class Refused(Value):
    """Why something must not be sold; `reason` is the store's own word, if it has one."""

    why: Refusal
    reason: str = ""


def unit_price(product: Product) -> UnitPrice | None:
    """The price for the unit of measure; None where the content is not known."""
    if product.sold_by == "mass":
        return UnitPrice(product.price_minor, "kg")
    if product.content is None:
        return None
    amount, unit = UNITS[product.content_unit]
    return UnitPrice(divide_half_up(product.price_minor * amount, product.content), unit)


def cheaper_equal(product: Product, others: Iterable[Product]) -> Product | None:
    """The product of the same category and measure whose unit price is lowest, if it is lower."""
    own = unit_price(product)
    if own is None or not product.category:
        return None
    best: tuple[int, str, Product] | None = None
    for other in others:
        price = unit_price(other) if other.category == product.category else None
        if price is not None and price.unit == own.unit and price.price_minor < own.price_minor:
            row = (price.price_minor, other.sku, other)
            best = row if best is None or row[:2] < best[:2] else best
    return None if best is None else best[2]


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
