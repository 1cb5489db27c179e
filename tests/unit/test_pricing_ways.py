"""What comes on top of offers on items is searched too: against all legal ways, one by one."""

from __future__ import annotations

import os
from itertools import combinations
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from cart.core.pricing.bill import bill_of
from cart.core.pricing.certificate import Certificate, certificate_of, digest_of
from cart.core.pricing.checker import check
from cart.core.pricing.choice import choose
from cart.core.pricing.closing import Closing
from cart.core.pricing.effort import Effort
from cart.core.pricing.order import Order, Priced
from cart.core.pricing.pricing import price
from cart.core.pricing.scenario import scenario_of
from cart.core.pricing.stages import apply_coupons, apply_prices, apply_tops, apply_uses
from cart.core.pricing.tally import Tally
from cart.core.pricing.ways import narrower, widest
from rig.money.scenarios import scenario_row

# `make storm` asks for many; the suite for a few.
SCENARIOS = int(os.environ.get("DASHCART_SCENARIOS", "150"))
EVERY = -(1 << 200)


def priced(row: dict[str, Any]) -> Priced:
    """A scenario's answer."""
    return price(scenario_of(row).order)


def cheapest(order: Order) -> int:
    """The least total of all legal ways and all legal uses in them: each is priced."""
    totals = []
    for way in widest(order):
        start = Tally(order.items)
        apply_prices(order, start, way.prices)
        choice = choose(order, start, way, Effort(1))
        closing = Closing(choice.case, choice.case_values, EVERY, 1 << 40)
        closing.open()
        for uses in closing.sets():
            after = start.copy()
            apply_uses(after, choice.placed(uses))
            for narrow in narrower(way):
                tally = after.copy()
                apply_tops(order, tally, narrow.tops)
                apply_coupons(order, tally, narrow.coupons)
                totals.append(bill_of(order, tally).total_minor)
    return min(totals)


@pytest.mark.parametrize("seed", range(SCENARIOS // 5))
def test_no_legal_way_is_cheaper(seed: int) -> None:
    """With two offers of any kind and stacking every way is priced: the answer is the cheapest."""
    order = scenario_of(scenario_row(Random(seed), offers_max=2)).order
    found = price(order)
    assert (found.total_minor, found.gap_minor) == (cheapest(order), 0)


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_no_offer_less_is_cheaper(seed: int) -> None:
    """Whatever offers are left out, the shopper pays no less; where it is not proved, the gap says
    so. Discounts add up, and the order of the lines changes nothing."""
    row = scenario_row(Random(1_000_000 + seed))
    found = priced(row)
    least = found.total_minor - found.gap_minor
    offers = row["promotions"]
    for size in range(len(offers)):
        for some in combinations(offers, size):
            assert priced({**row, "promotions": [*some]}).total_minor >= least
    assert priced({**row, "items": row["items"][::-1]}).total_minor == found.total_minor
    assert found.discount_minor == sum(part.amount_minor for part in found.rows)
    assert found.total_minor >= 0
    assert all(part.amount_minor > 0 for part in found.rows)


def certified(row: dict[str, Any]) -> Certificate:
    """The certificate of a scenario's answer."""
    order = scenario_of(row).order
    return certificate_of(row, order, price(order))


@pytest.mark.parametrize("seed", range(SCENARIOS // 5))
def test_the_checker_follows_every_way(seed: int) -> None:
    """Certificates of every kind of offer and stacking are proved without the search."""
    row = scenario_row(Random(2_000_000 + seed))
    certificate = certified(row)
    verdict = check(row, certificate)
    assert verdict.faults == ()
    assert verdict.gap_minor <= certificate.gap


ALL_STAGES: dict[str, Any] = {
    "id": "all",
    "items": [
        {"line": "a", "unit_price": 500, "qty": 3, "tax_bp": 800},
        {"line": "b", "unit_price": 300, "qty": 2},
    ],
    "promotions": [
        {"id": "sticker", "type": "markdown", "line": "b", "price": 280, "stack": "stackable"},
        {"id": "pair", "type": "n_for_price", "lines": ["a"], "n": 2, "price": 900},
        {"id": "spend", "type": "basket_amount_off", "amount": 100, "min_spend": 1500},
        {"id": "maker", "type": "coupon", "lines": ["b"], "issuer": "manufacturer", "amount": 50},
    ],
    "fees": [{"id": "bag", "amount": 10}],
}  # fmt: skip


def falsified(certificate: Certificate) -> list[Certificate]:
    """Every sum, row and application altered or left out, one at a time."""
    row, tax, way = certificate.rows[0], certificate.taxes[-1], certificate.ways[0]
    use = certificate.uses[0]
    (line, off), *others = use.units
    changes: list[dict[str, Any]] = [
        *({name: getattr(certificate, name) + more} for more in (-1, 1)
          for name in ("total", "gap", "tax", "deposit", "fees", "snap")),
        {"rows": (replace(row, amount=row.amount + 1), *certificate.rows[1:])},
        {"rows": (replace(row, funder="nobody"), *certificate.rows[1:])},
        {"rows": certificate.rows[1:]},
        {"taxes": (*certificate.taxes[:-1], replace(tax, tax=tax.tax - 1))},
        {"uses": (replace(use, units=((line, off + 1), *others)), *certificate.uses[1:])},
        *({name: ()} for name in ("prices", "uses", "on_basket", "coupons", "rows", "taxes",
                                  "ways")),
        {"coupons": (*certificate.coupons, *certificate.coupons)},
        {"ways": (replace(way, least=way.least + 1), *certificate.ways[1:])},
        {"ways": (replace(way, values=way.values[1:]), *certificate.ways[1:])},
        {"ways": (replace(way, values=(-1, *way.values[1:])), *certificate.ways[1:])},
    ]  # fmt: skip
    return [replace(certificate, **change) for change in changes]


def test_nothing_of_a_certificate_may_be_altered() -> None:
    """Neither as it is, nor by somebody who seals it again."""
    certificate = certified(ALL_STAGES)
    assert check(ALL_STAGES, certificate) == ((), 0)
    assert {*certificate.prices, *certificate.on_basket, *certificate.coupons} == {
        "sticker", "spend", "maker"}  # fmt: skip
    for false in falsified(certificate):
        assert check(ALL_STAGES, false).faults == ("digest: the certificate was altered",)
        sealed = replace(false, digest=digest_of(false))
        assert check(ALL_STAGES, sealed).faults


@pytest.mark.parametrize("place", ["items", "promotions", "fees"])
def test_a_certificate_is_of_one_scenario(place: str) -> None:
    """One word more or less anywhere is another scenario."""
    other = {**ALL_STAGES, place: [*ALL_STAGES[place][:-1]]}
    assert check(other, certified(ALL_STAGES)).faults
    told = certified(ALL_STAGES)
    forged = replace(told, scenario=certified(other).scenario)
    assert check(other, replace(forged, digest=digest_of(forged))).faults


# Doing nothing is listed whatever it loses; what lay between it and the listed plans was denied.
FREE_OF_TWO = {
    "id": "between", "customer": {"member": True},
    "items": [{"line": "a", "unit_price": 420, "qty": 2},
              {"line": "b", "unit_price": 51, "qty": 3}],
    "promotions": [
        {"id": "pair", "type": "buy_x_get_y", "buy_qty": 1, "get_qty": 1},
        {"id": "price", "type": "member_price", "line": "b", "price": 80, "max_applications": 2},
    ],
}  # fmt: skip


def test_without_work_the_gap_is_honest() -> None:
    """What ran out of work is legal, and no way is cheaper than its gap says."""
    seeds = range(3_000_000, 3_000_000 + SCENARIOS // 5)
    for row in (FREE_OF_TWO, *(scenario_row(Random(seed)) for seed in seeds)):
        order = scenario_of(row).order
        best, hurried = price(order), price(order._replace(steps_max=1))
        assert hurried.total_minor >= best.total_minor - best.gap_minor
        assert best.total_minor >= hurried.total_minor - hurried.gap_minor
