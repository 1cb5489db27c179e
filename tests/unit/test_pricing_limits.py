"""What an offer says about how often, of what and beside what holds for every kind of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cart.core.pricing.certificate import certificate_of
from cart.core.pricing.checker import check
from cart.core.pricing.order import Priced
from cart.core.pricing.pricing import price
from cart.core.pricing.scenario import scenario_of
from cart.core.pricing.vocabulary import ScenarioError

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


LINES = [f"l{n}" for n in range(20)]
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


def test_an_exclusive_coupon_shares_its_goods_with_no_offer() -> None:
    """Nor with another coupon: what saves more stands alone."""
    coupon = {"id": "C", "type": "coupon", "line": "a", "amount": 30, "stack": "exclusive"}
    each = offer("percent_off", line="a", percent=10)
    assert priced([{"line": "a", "unit_price": 500}], [coupon, each]).total_minor == 450
    assert priced([{"line": "a", "unit_price": 500, "qty": 2}], [
        {**coupon, "amount": 60, "count": 1}, each]).total_minor == 890  # fmt: skip


INCOMPLETE: list[Row] = [
    {"type": "percent_off"},
    {"type": "cheapest_free"},
    {"type": "cheapest_free", "n": 2, "free": 2},
    {"type": "bundle", "need": {"a": 1}},
    {"type": "bundle", "need": {"a": 1}, "price": 5, "amount": 10},
    {"type": "coupon", "line": "a"},
    {"type": "coupon", "line": "a", "amount": 5, "percent": 50},
    {"type": "markdown", "line": "a"},
    {"type": "weight_price", "line": "a"},
    {"type": "tiered_spend", "tiers": [{"min_spend": 5}]},
    {"type": "percent_off", "percent": 5, "window": {"hours": ["25:00", "26:00"]}},
    {"type": "percent_off", "percent": 5, "window": {"starts": "2026-13-45T00:00"}},
    {"type": "percent_off", "percent": 5,
     "window": {"starts": "2026-02-01T00:00", "ends": "2026-01-01T00:00"}},
]  # fmt: skip


@pytest.mark.parametrize("told", INCOMPLETE, ids=str)
def test_an_offer_that_says_too_little_or_too_much_is_refused(told: Row) -> None:
    """Neither is it free goods, nor an offer that nobody ever gets."""
    with pytest.raises(ScenarioError, match=r"promotions\[0\]"):
        scenario_of({"items": THREE, "promotions": [{"id": "P", **told}]})


def test_a_check_that_does_not_agree_is_told() -> None:
    """`ext` changes no price; a tender that nobody knows is named too."""
    weighed = {"line": "a", "unit_price": 59, "net_weight": "2.37", "unit": "lb"}
    row = {"items": [{**weighed, "ext": 141}], "tender_order": ["SNAP"]}
    assert scenario_of(row).differs == ("items[0].ext: 141 is told, 140 is right",)
    assert scenario_of(row).unknown == ("tender_order.SNAP",)
    assert scenario_of({"items": [{**weighed, "ext": 140}]}).differs == ()


def test_an_offer_on_nothing_here_is_checked_too() -> None:
    """A basket whose goods no offer on items touches has a certificate as well."""
    nothing = offer("n_for_price", lines=["a"], n=2, price=72, exclude=["a"])
    spend = {"id": "tiers", "type": "tiered_spend", "issuer": "manufacturer",
             "tiers": [{"min_spend": 470, "percent": "33.3333"}]}  # fmt: skip
    coupon = {"id": "C", "type": "coupon", "line": "a", "issuer": "manufacturer", "percent": 100}
    goods = [{"line": "a", "unit_price": 300, "qty": 3, "tax_bp": 825}]
    assert priced(goods, [coupon, spend, nothing]).discount_minor == 500


ANY: list[Row] = [
    {"type": "n_for_price", "n": 10, "price": 500},
    {"type": "bundle", "price": 200, "choose": [{"lines": LINES, "qty": 4}] * 2},
    {"type": "buy_x_get_y", "buy": LINES[:10], "buy_qty": 3, "get": LINES[10:], "get_qty": 3,
     "percent": 50, "get_item": "cheapest_of_pair"},
]  # fmt: skip


@pytest.mark.parametrize("told", ANY, ids=lambda row: row["type"])
@pytest.mark.parametrize("rates", [1, 2])
def test_any_of_many_goods_takes_bounded_work(told: Row, rates: int) -> None:
    """Sixty pieces with billions of groups: a cart's work gives a fair answer, and the gap."""
    goods = [{"line": line, "unit_price": 100 + 7 * n, "qty": 3, "tax_bp": n % rates * 700}
             for n, line in enumerate(LINES)]  # fmt: skip
    order = scenario_of({"items": goods, "promotions": [{"id": "P", **told}]}).order
    began = time.process_time()
    found = price(order._replace(steps_max=100_000))
    assert time.process_time() - began < 5
    assert found.discount_minor > 0
    assert found.gap_minor < found.total_minor


def test_a_thousand_coupons_take_bounded_work() -> None:
    """Each takes the next units that are free; there are no more uses than units."""
    coupons = [{"id": f"C{n}", "type": "coupon", "amount": 1, "count": 1_000} for n in range(1_000)]
    goods = [{"line": "a", "unit_price": 100, "qty": 1_000}]
    order = scenario_of({"items": goods, "promotions": coupons}).order
    began = time.process_time()
    assert price(order._replace(steps_max=100_000)).discount_minor == 1_000
    assert time.process_time() - began < 5


def test_what_an_exclusive_offer_closes_a_limited_one_goes_on_from() -> None:
    """The cheapest piece that is left is a dear one then, even if the closed one cost nothing."""
    goods = [{"line": "a", "unit_price": 641, "qty": 2}, {"line": "b", "unit_price": 0},
             {"line": "c", "unit_price": 2}]  # fmt: skip
    alone = {"id": "alone", "type": "amount_off_each", "lines": ["b", "c"], "amount": 108,
             "stack": "exclusive"}  # fmt: skip
    each = offer("amount_off_each", lines=["a", "b"], amount=124, stack="stackable",
                 max_applications=1, pick="cheapest")  # fmt: skip
    assert priced(goods, [each]).discount_minor == 0
    assert priced(goods, [alone, each]).discount_minor == 126


def test_a_price_that_the_maker_pays_stays_out_where_its_tax_costs_more() -> None:
    """Three for 42 by the store bear tax on 42; at the maker's price they bear it on 900."""
    goods = [{"line": "a", "unit_price": 300, "qty": 3, "tax_bp": 800}]
    maker = {"id": "M", "type": "markdown", "line": "a", "price": 14, "stack": "stackable",
             "issuer": "manufacturer"}  # fmt: skip
    three = offer("n_for_price", line="a", n=3, price=42)
    assert priced(goods, [maker, three]).total_minor == 42 + 3


def test_of_equal_prices_in_a_group_the_shopper_has_the_best_free() -> None:
    """Not the one that a coupon is for: it would be worth nothing then."""
    goods = [{"line": "a", "unit_price": 300, "qty": 3}, {"line": "b", "unit_price": 300}]
    coupon = {"id": "C", "type": "coupon", "line": "b", "amount": 136}
    four = offer("cheapest_free", lines=["a", "b"], n=4)
    assert priced(goods, [coupon, four]).discount_minor == 436
