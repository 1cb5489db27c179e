"""Tax by category, on what the shopper pays after deals, rounded half up once a category.

Rates are the store's data; nothing here knows what is taxed where.
"""

from __future__ import annotations

from collections.abc import Iterable

from cart.core.catalog import CatalogIndex
from cart.core.receipt import ReceiptLine, TaxLine
from cart.core.units import PARTS_PER_MILLION, divide_half_up


def taxes_of(lines: Iterable[ReceiptLine], index: CatalogIndex) -> tuple[TaxLine, ...]:
    """One row a category that is in the basket and has a rate, in the catalog's order."""
    base_minor: dict[str, int] = {}
    for line in lines:
        category = index.tax_category(line.sku)
        base_minor[category] = base_minor.get(category, 0) + line.net_minor
    return tuple(
        TaxLine(
            category=category,
            rate_ppm=rate_ppm,
            base_minor=base_minor[category],
            tax_minor=_tax_minor(
                base_minor[category], rate_ppm, inside=index.catalog.prices_include_tax
            ),
        )
        for category, rate_ppm in index.rate_ppm_by_category.items()
        if category in base_minor
    )


def _tax_minor(base_minor: int, rate_ppm: int, *, inside: bool) -> int:
    """The tax that comes on top of `base_minor`, or the part of it that is tax."""
    return divide_half_up(base_minor * rate_ppm, PARTS_PER_MILLION + (rate_ppm if inside else 0))
