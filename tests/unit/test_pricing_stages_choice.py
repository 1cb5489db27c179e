"""What comes on top of what is a choice too: coupons' order, and offers that shut others out."""

from __future__ import annotations

from typing import Any

import pytest

from cart.core.basket import Line
from cart.core.catalog import Catalog, CatalogIndex, Product, TaxRate
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.pricing import price
from cart.core.pricing.scenario import scenario_of
from cart.core.refunds import refund


def coupon(name: str, lines: str, amount: int, issuer: str = "manufacturer") -> dict[str, Any]:
    """A coupon on some lines."""
    return {"id": name, "type": "coupon", "lines": [*lines], "issuer": issuer, "amount": amount}


def on_basket(name: str, **words: object) -> dict[str, Any]:
    """An amount off the basket."""
    return {"id": name, "type": "basket_amount_off", **words}


EXCLUSIVE = {"stack": "exclusive"}
A = {"line": "a", "unit_price": 300}
B = {"line": "b", "unit_price": 200}
CASES = {
    "the larger of two coupons": ([A], [coupon("x", "a", 50), coupon("y", "a", 106)], 194),
    "the narrow coupon first": ([A, B], [coupon("x", "ab", 150), coupon("y", "a", 150)], 200),
    "the piece that is taxed most": (
        [A | {"unit_price": 500}, B | {"unit_price": 500, "tax_bp": 1000}],
        [coupon("x", "ab", 300, "store")],
        720,
    ),
    "alone on the basket beside one that does not apply": (
        [A],
        [on_basket("x", amount=60, **EXCLUSIVE), on_basket("y", amount=9, min_spend=1_000)],
        240,
    ),
    "an exclusive offer on items left out for one on the basket": (
        [A],
        [
            {"id": "x", "type": "amount_off_each", "lines": ["a"], "amount": 36, **EXCLUSIVE},
            on_basket("y", amount=200),
        ],
        100,
    ),
    "an exclusive sticker left out for a coupon": (
        [A],
        [{"id": "x", "type": "markdown", "lines": ["a"], "price": 290, **EXCLUSIVE},
         coupon("y", "a", 100)],
        200,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("turned", [False, True])
def test_the_cheapest_way_is_found(name: str, turned: bool) -> None:
    """Whatever was shown first, the shopper pays the least that is legal, and it is proved."""
    items, offers, total_minor = CASES[name]
    told = {"id": name, "items": items, "promotions": offers[::-1] if turned else offers}
    found = price(scenario_of(told).order)
    assert (found.total_minor, found.gap_minor) == (total_minor, 0)


def test_lines_never_give_back_more_tax_than_was_paid() -> None:
    """Ten lines of six cents with six cents of tax in all give back six cents of tax."""
    catalog = Catalog(
        1, "USD", (Product("p", "P", 6, tax_category="s"),), tax_rates=(TaxRate("s", 100_000),)
    )
    lines = [Line(f"L{n}", "p", "P", 1, 6, 6) for n in range(10)]
    receipt = receipt_of(lines, CatalogIndex(catalog), member=False)
    assert sum(refund(receipt, line.line_id, 1).amount_minor for line in lines) == 66
