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
A: dict[str, Any] = {"line": "a", "unit_price": 300}
B: dict[str, Any] = {"line": "b", "unit_price": 200}
CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], int]] = {
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
    "a smaller offer on items beside an amount that is worth all of one": (
        [A, B],
        [on_basket("x", amount=300, lines=["a"]),
         {"id": "y", "type": "percent_off", "lines": ["a"], "percent": 50},
         {"id": "z", "type": "n_for_price", "lines": ["a", "b"], "n": 2, "price": 450}],
        180,
    ),
    "a threshold of shelf prices that an exclusive offer's goods do not count for": (
        [A | {"unit_price": 600}, B | {"unit_price": 500}],
        [{"id": "x", "type": "amount_off_each", "lines": ["b"], "amount": 60, **EXCLUSIVE},
         on_basket("y", amount=100, min_spend=1_000, threshold_basis="before_offers")],
        1000,
    ),
    "a sticker left out for a threshold": (
        [A | {"unit_price": 520}],
        [{"id": "x", "type": "markdown", "line": "a", "price": 490, "stack": "stackable"},
         on_basket("y", amount=100, min_spend=500)],
        420,
    ),
    "an offer on one unit and another on its equal": (
        [A | {"unit_price": 313, "qty": 2}],
        [{"id": "x", "type": "percent_off", "lines": ["a"], "percent": 15},
         {"id": "y", "type": "amount_off_each", "lines": ["a"], "amount": 64},
         {"id": "z", "type": "tiered_spend",
          "tiers": [{"min_spend": 500, "amount": 50}, {"min_spend": 900, "percent": 10}]}],
        465,
    ),
    "goods of one price that an offer takes for different parts": (
        [A, A | {"line": "b", "qty": 2}],
        [{"id": "x", "type": "buy_x_get_y", "buy": ["b"], "buy_qty": 1, "get": ["a"], "get_qty": 1,
          "percent": 100}, {"id": "y", "type": "percent_off", "lines": ["a", "b"], "percent": 10}],
        570,
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


def test_a_binding_price_is_taken_even_so() -> None:
    """What the store binds is no choice, even where the shopper would pay less without it."""
    sticker = {"id": "x", "type": "markdown", "line": "a", "price": 490, "stack": "stackable"}
    told = {
        "items": [A | {"unit_price": 520}],
        "promotions": [sticker | {"binding": True}, on_basket("y", amount=100, min_spend=500)],
    }
    assert price(scenario_of(told).order).total_minor == 490


def test_a_short_food_balance_pays_for_what_is_taxed_most() -> None:
    """An offer on the untaxed of two eligible goods is worth more than one on the taxed, once the
    balance pays for the taxed one anyhow."""
    items = [{"line": "a", "unit_price": 500, "snap": True, "tax_bp": 2000},
             {"line": "b", "unit_price": 500, "snap": True}]  # fmt: skip
    offers = [
        {"id": "x", "type": "amount_off_each", "lines": ["a"], "amount": 100,
         "exclusive_group": "g"},
        {"id": "y", "type": "amount_off_each", "lines": ["b"], "amount": 105,
         "exclusive_group": "g"},
    ]  # fmt: skip
    told = {"items": items, "promotions": offers, "tender_order": ["snap", "other"]}
    found = price(scenario_of(told | {"balances": {"snap": 500}}).order)
    assert (found.total_minor, found.gap_minor, found.tax_minor) == (895, 0, 0)
    short = price(scenario_of(told | {"balances": {"snap": 100}}).order)
    assert (short.total_minor, short.gap_minor) == (500 - 100 + 500 + 60, 0)


def test_lines_never_give_back_more_tax_than_was_paid() -> None:
    """Ten lines of six cents with six cents of tax in all give back six cents of tax."""
    catalog = Catalog(
        1, "USD", (Product("p", "P", 6, tax_category="s"),), tax_rates=(TaxRate("s", 100_000),)
    )
    lines = [Line(f"L{n}", "p", "P", 1, 6, 6) for n in range(10)]
    receipt = receipt_of(lines, CatalogIndex(catalog), member=False)
    assert sum(refund(receipt, line.line_id, 1).amount_minor for line in lines) == 66
