"""The search finds the best there is: against brute force, and against a solver of another make."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from cart.core.pricing.certificate import Certificate, certificate_of, digest_of
from cart.core.pricing.checker import Verdict, check_order
from cart.core.pricing.choice import components_of
from cart.core.pricing.component import chosen
from cart.core.pricing.field import Component
from cart.core.pricing.legal import USES, Reader, is_alone, saving_alone, worth
from cart.core.pricing.order import Offers, Order
from cart.core.pricing.pricing import price
from rig.money.baskets import order_of
from rig.money.milp import Programme
from rig.money.rivals import saved_by_greed, saved_by_priority

# `make storm` asks for many; the suite for a few.
DENSE = int(os.environ.get("DASHCART_DENSE", "24"))

# Seed, units, offers of taxed baskets where offers join goods of two rates: a group of the dearest
# goods first, or the first of two equal prices, costs up to 38 minor units more.
MIXED = ((838_355, 4, 1), (562_790, 3, 4), (538_539, 5, 4), (861_055, 6, 2), (104_048, 4, 3))


def brute(proof: Component) -> int:
    """The most that any legal set of uses is worth: every one is tried."""
    offers = [offer for offer in proof.contenders if not is_alone(offer)]
    uses = [
        (number, tuple(at for at, _ in use), worth(proof, offer, use))
        for number, offer in enumerate(offers)
        for use in USES[type(offer.deal)](Reader(proof, offer))
    ]

    def rest(left: list[int]) -> int:
        return sum(best_alone(proof, at, n) for at, n in enumerate(left))

    def best(start: int, left: list[int]) -> int:
        top = rest(left)
        for n in range(start, len(uses)):
            _, units, found = uses[n]
            after = list(left)
            for at in units:
                after[at] -= 1
            if min(after) >= 0:
                top = max(top, found + best(n, after))
        return top

    return best(0, [goods.quantity for goods in proof.classes])


def best_alone(proof: Component, at: int, count: int) -> int:
    """The most that leftovers of one product bring, split over its offers in every way."""
    readers = [Reader(proof, offer) for offer in proof.contenders
               if is_alone(offer) and at in offer.covered]  # fmt: skip

    def split(number: int, left: int) -> int:
        if number == len(readers):
            return 0
        return max(
            saving_alone(readers[number], at, n) * proof.classes[at].worth
            + split(number + 1, left - n)
            for n in range(left + 1)
        )

    return split(0, count)


@settings(max_examples=60, deadline=None)
@given(some.integers(0, 1_000_000), some.integers(2, 6), some.integers(1, 4), some.booleans())
def test_no_legal_set_is_better(seed: int, units: int, offers: int, taxed: bool) -> None:
    """On small baskets of one tax rate or two every legal set of uses is tried."""
    for component in components_of(order_of(seed, units, offers, taxed=taxed)):
        found = chosen(component)
        assert found.worth == found.bound == brute(component)


@pytest.mark.parametrize(("seed", "units", "offers"), MIXED)
def test_goods_of_several_rates_are_grouped_as_it_pays(seed: int, units: int, offers: int) -> None:
    """Where one offer joins goods of two rates the dearest goods first are not the best groups."""
    for component in components_of(order_of(seed, units, offers, taxed=True)):
        found = chosen(component)
        assert found.worth == found.bound == brute(component)


@pytest.mark.parametrize("seed", range(DENSE))
def test_the_solver_finds_the_same(seed: int) -> None:
    """On dense baskets the optimum is that of HiGHS; the usual engines save no more."""
    units, offers = ((8, 3), (14, 5), (20, 6), (30, 9))[seed % 4]
    order = order_of(seed, units, offers)
    # About one in two thousand needs more work than a cart would spend.
    priced = price(order._replace(steps_max=100_000_000))
    best = Programme(order).best()
    assert priced.gap_minor == 0
    assert priced.discount_minor == best
    assert saved_by_priority(order) <= best
    assert saved_by_greed(order) <= best


def certified(order: Order) -> Certificate:
    """The certificate of an order that no scenario tells."""
    return certificate_of({}, order, price(order))


def sealed(certificate: Certificate, **changed: object) -> Certificate:
    """One that was altered by somebody who can count."""
    false = replace(certificate, **changed)
    return replace(false, digest=digest_of(false))


@pytest.mark.parametrize("seed", range(6))
def test_a_certificate_convinces_the_checker(seed: int) -> None:
    """The checker, which knows nothing of the search, proves every answer anew."""
    order = order_of(seed, 14, 5, taxed=bool(seed % 2))
    assert check_order(order, certified(order)) == Verdict((), 0)


def test_a_false_use_is_found_out() -> None:
    """A use too many, one that is left out, a cent on other goods, goods that are not there."""
    order = order_of(838_355, 4, 1, taxed=True)
    certificate = certified(order)
    first, *rest = certificate.uses
    (line, off), (other, more), *others = first.units
    for uses in (
        (first, first, *rest),
        (*rest,),
        (replace(first, units=((line, off + 1), (other, more - 1), *others)), *rest),
        (replace(first, units=(("nothing", off), (other, more), *others)), *rest),
        (replace(first, offer="nothing"), *rest),
    ):
        assert check_order(order, sealed(certificate, uses=uses)).faults


def test_a_dearer_answer_is_found_out() -> None:
    """What no offer is on is legal and its sums are right, but other uses cost less."""
    order = order_of(3, 8, 3)
    plain = certificate_of({}, order, price(order._replace(offers=Offers(()))))
    best = certified(order)
    claim = tuple(replace(way, least=plain.total) for way in best.ways)
    verdict = check_order(order, sealed(plain, ways=claim, gap=0))
    assert verdict.faults
    assert verdict.gap_minor == plain.total - best.total


def test_the_rest_of_the_budget_is_said() -> None:
    """Without work to spend, the answer is legal and says how much better it could be."""
    order = order_of(7, 40, 12)
    best, hurried = price(order), price(order._replace(steps_max=1))
    assert hurried.total_minor >= best.total_minor >= hurried.total_minor - hurried.gap_minor
