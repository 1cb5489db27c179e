"""What an offer says about how often, of what and beside what holds for every kind of it."""

from __future__ import annotations

from typing import Any

import pytest

from cart.core.pricing.certificate import certificate_of
from cart.core.pricing.checker import check
from cart.core.pricing.order import Priced
from cart.core.pricing.pricing import price
from cart.core.pricing.scenario import scenario_of

Row = dict[str, Any]


def priced(items: list[Row], promotions: list[Row], **more: object) -> Priced:
    """An answer; its certificate, honest, is accepted."""
    row = {"items": items, "promotions": promotions, "customer": {"member": True}, **more}
    order = scenario_of(row).order
    found = price(order)
    assert check(row, certificate_of(row, order, found)) == ((), 0)
    return found


def offer(type_: str, **words: object) -> Row:
    """One offer."""
    return {"id": "P", "type": type_, **words}


THREE = [{"line": "a", "unit_price": 500, "qty": 3}]
SINGLES: list[Row] = [
    {"type": "amount_off_each", "amount": 100},
    {"type": "percent_off", "percent": 20},
    {"type": "member_price", "price": 400},
    {"type": "markdown", "price": 400},
]


@pytest.mark.parametrize("single", SINGLES, ids=lambda row: row["type"])
@pytest.mark.parametrize("limit", [{"max_units": 2}, {"max_applications": 2},
                                   {"max_per_shopper": 2}])  # fmt: skip
def test_a_limit_holds_for_a_stackable_offer_too(single: Row, limit: Row) -> None:
    """Of three pieces only two cost less, and both count as used."""
    found = priced(THREE, [{"id": "P", **single, **limit, "stack": "stackable"}])
    assert (found.discount_minor, found.applied) == (200, {"P": 2})


def test_groups_and_the_order_of_units_hold_for_a_stackable_offer_too() -> None:
    """Only whole groups cost less, and of dear and cheap pieces those that it says."""
    goods = [{"line": "a", "unit_price": 500, "qty": 3}, {"line": "b", "unit_price": 300, "qty": 2}]
    pairs = offer("percent_off", percent=10, group_size=2, stack="stackable", max_units=3)
    assert priced(goods, [{**pairs, "pick": "cheapest"}]).discount_minor == 60
    assert priced(goods, [{**pairs, "pick": "dearest"}]).discount_minor == 100
    assert priced(goods, [pairs]).discount_minor == 100


def test_every_use_of_an_offer_counts() -> None:
    """What a limit a shopper is counted by: uses of offers on the basket and of told pieces too."""
    repeats = offer("amount_off", lines=["a"], amount=50, min_qty=1, max_per_shopper=2)
    assert priced(THREE, [repeats]).applied == {"P": 2}
    cheapest = offer("cheapest_free", group="all", min_spend=700)
    assert priced(THREE, [cheapest]).applied == {"P": 2}


PAIR = {"buy": ["a"], "buy_qty": 1, "get": ["b"], "get_qty": 1, "get_item": "cheapest_of_pair"}


@pytest.mark.parametrize(("counts", "off_minor"),
                         [((0, 2), 0), ((2, 0), 0), ((1, 1), 200), ((2, 3), 400)])  # fmt: skip
def test_the_cheapest_of_a_pair_needs_both(counts: tuple[int, int], off_minor: int) -> None:
    """Nothing is free beside goods that were not bought."""
    goods = [{"line": line, "unit_price": minor, "qty": qty}
             for line, minor, qty in zip("ab", (200, 300), counts, strict=True)]  # fmt: skip
    assert priced(goods, [offer("buy_x_get_y", **PAIR)]).discount_minor == off_minor


def test_what_is_excluded_is_not_got_either() -> None:
    """`exclude` holds for the goods that would be free."""
    goods = [{"line": "a", "unit_price": 200}, {"line": "b", "unit_price": 300}]
    words = {**PAIR, "get_item": "any", "exclude": ["b"]}
    assert priced(goods, [offer("buy_x_get_y", **words)]).discount_minor == 0


HALF = {"id": "half", "type": "basket_percent_off", "percent": 50, "stack": "exclusive"}
BOUND = {"id": "bound", "type": "n_for_price", "line": "a", "n": 3, "price": 1400, "binding": True}


def test_a_binding_offer_rules_out_what_may_not_stand_beside_it() -> None:
    """Neither an exclusive offer on the basket nor another of its group takes its place; an
    exclusive one that is binding stands alone."""
    assert priced(THREE, [BOUND, HALF]).total_minor == 1_400
    group = {"exclusive_group": "g"}
    rival = {"id": "rival", "type": "percent_off", "line": "a", "percent": 50, **group}
    assert priced(THREE, [{**BOUND, **group}, rival]).total_minor == 1_400
    forced = {**HALF, "percent": 5, "binding": True}
    assert priced(THREE, [{**BOUND, "price": 1000, "binding": False}, forced]).total_minor == 1_425


def test_a_binding_offer_that_does_not_apply_rules_nothing_out() -> None:
    """With two pieces there are no three for a price."""
    two = [{"line": "a", "unit_price": 500, "qty": 2}]
    assert priced(two, [BOUND, HALF]).total_minor == 500
    missed = {"id": "missed", "type": "basket_amount_off", "amount": 10, "min_spend": 9_000,
              "binding": True}  # fmt: skip
    assert priced(two, [missed, HALF]).total_minor == 500


def test_of_equal_prices_the_told_unit_is_the_one_that_saves_most() -> None:
    """An offer more, on goods of that price, raises nothing: the taxed piece stays the free one."""
    goods = [{"line": "a", "unit_price": 300}, {"line": "b", "unit_price": 300, "tax_bp": 100},
             {"line": "c", "unit_price": 300, "qty": 2}]  # fmt: skip
    spend = offer("cheapest_free", lines=["a", "b", "c"], min_spend=1_074)
    each = {"id": "each", "type": "amount_off_each", "lines": ["b", "c"], "amount": 18}
    assert priced(goods, [spend]).total_minor == priced(goods, [spend, each]).total_minor == 900
