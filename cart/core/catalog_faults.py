"""What makes the rows of a catalog unusable, though each may have the right shape.

It must never change a row, nor guess what it was to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from biip.checksums import gs1_standard_check_digit

from cart.core.coding.iso import currency_digits
from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.offers import Deal
from cart.core.value import Value

if TYPE_CHECKING:
    from cart.core.catalog import Catalog, CodeLayout, Product


class Fault(Value):
    """What is wrong in one row of a table of a catalog; rows are counted from 0."""

    table: str
    number: int
    column: str
    wrong: str


def currency_fault(catalog: Catalog) -> str:
    """What is wrong with the currency of a catalog, or ""."""
    digits = currency_digits(catalog.currency)
    if digits is None:
        return f"currency: {catalog.currency} is no money of ISO 4217; write one such as USD"
    if digits != catalog.currency_digits:
        told = catalog.currency_digits
        return f"currency_digits: {catalog.currency} has {digits}, not {told}; write {digits}"
    return ""


def faults(catalog: Catalog) -> Iterator[Fault]:
    """Say what makes rows unusable, though each may have the right shape."""
    products = catalog.products
    rows = list(enumerate(products))
    yield from _twice("products", "sku", ((n, row.sku) for n, row in rows))
    yield from _twice("products", "gtin", ((n, gtin) for n, row in rows for gtin in row.gtins))
    yield from _twice("products", "plu", ((n, row.plu.lstrip("0")) for n, row in rows if row.plu))
    yield from _twice("deals", "deal_id", enumerate(row.deal_id for row in catalog.deals))
    yield from _twice("aisles", "aisle", enumerate(row.aisle for row in catalog.aisles))
    yield from _twice("tax_rates", "category", enumerate(row.category for row in catalog.tax_rates))
    yield from _twice("fees", "fee_id", enumerate(fee.fee_id for fee in catalog.fees))
    yield from _twice(
        "code_layouts", "prefix", enumerate(row.prefix for row in catalog.code_layouts)
    )
    yield from _wrong_check_digits(products)
    known = frozenset(product.sku for product in products)
    yield from _unknown_skus("deals", enumerate(map(named_skus, catalog.deals)), known)
    yield from _unknown_skus("aisles", enumerate(aisle.skus for aisle in catalog.aisles), known)
    yield from _unknown_skus("recalls", enumerate((row.sku,) for row in catalog.recalls), known)
    offers = enumerate(row.coupon.skus for row in catalog.positive_offers)
    yield from _unknown_skus("positive_offers", offers, known)
    yield from _exclusive_coupons("deals", enumerate(catalog.deals))
    vouchers = enumerate(row.coupon for row in catalog.positive_offers)
    yield from _exclusive_coupons("positive_offers", vouchers)
    yield from _missing_rates(catalog)
    yield from _misfit_layouts(catalog.code_layouts)


def _twice(table: str, field: str, keys: Iterable[tuple[int, str]]) -> Iterator[Fault]:
    first: dict[str, int] = {}
    for number, key in keys:
        if key in first:
            wrong = f"the {field} {key!r} stands in {table}[{first[key]}] too"
            yield Fault(table, number, "gtins" if field == "gtin" else field, wrong)
        first.setdefault(key, number)


def _wrong_check_digits(products: Iterable[Product]) -> Iterator[Fault]:
    for number, product in enumerate(products):
        for gtin in product.gtins:
            right = gs1_standard_check_digit(gtin[:-1])
            if int(gtin[-1]) != right:
                wrong = (
                    f"the gtin {gtin} of {product.sku!r} has a wrong check digit, it should end"
                    f" in {right}"
                )
                yield Fault("products", number, "gtins", wrong)


def _unknown_skus(
    table: str, rows: Iterable[tuple[int, tuple[str, ...]]], known: frozenset[str]
) -> Iterator[Fault]:
    column = "sku" if table == "recalls" else "skus"
    for number, skus in rows:
        for sku in skus:
            if sku not in known:
                yield Fault(table, number, column, f"no product has the sku {sku!r}")


def named_skus(deal: AnyDeal) -> tuple[str, ...]:
    """The products that a deal names, for whatever it needs them."""
    parts = deal.parts if isinstance(deal, Bundle) else ()
    got = deal.get_skus if isinstance(deal, BuyXGetY) else ()
    return (*deal.skus, *got, *(sku for part in parts for sku in part.skus))


def _exclusive_coupons(table: str, rows: Iterable[tuple[int, Deal]]) -> Iterator[Fault]:
    for number, deal in rows:
        if isinstance(deal, Coupon) and deal.stack == "exclusive":
            wrong = "a coupon comes on top of other offers; use a bundle, or an exclusive_group"
            yield Fault(table, number, "stack", wrong)


def _missing_rates(catalog: Catalog) -> Iterator[Fault]:
    given = frozenset(rate.category for rate in catalog.tax_rates)
    for number, product in enumerate(catalog.products if given else ()):
        if product.tax_category not in given:
            wrong = f"tax_rates has no rate for {product.tax_category!r}"
            yield Fault("products", number, "tax_category", wrong)
    for number, fee in enumerate(catalog.fees):
        if fee.tax_category and fee.tax_category not in given:
            wrong = f"tax_rates has no rate for {fee.tax_category!r}"
            yield Fault("fees", number, "tax_category", wrong)


def _misfit_layouts(layouts: Iterable[CodeLayout]) -> Iterator[Fault]:
    for number, layout in enumerate(layouts):
        if not any(layout_fits(layout, digits) for digits in (12, 13)):
            wrong = (
                "prefix, item_digits, value_digits and a check digit"
                " must add up to 13 (12 for a UPC-A), or to one less where a value of 4 or 5"
                " digits has its own check digit"
            )
            yield Fault("code_layouts", number, "prefix", wrong)


def value_check_digits(layout: CodeLayout, digits: int) -> int:
    """How many digits a layout leaves over for the check of its value, in a code this long."""
    return digits - 1 - len(layout.prefix) - layout.item_digits - layout.value_digits


def layout_fits(layout: CodeLayout, digits: int) -> bool:
    """Whether a layout can read a code of so many digits. GS1 has value checks for 4 and 5."""
    left = value_check_digits(layout, digits)
    return left == 0 or (left == 1 and layout.value_digits in {4, 5})
