"""The search finds the best there is: against brute force, and against a solver of another make."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec.structs import replace

from cart.core.pricing.certificate import ComponentProof, certificate_of
from cart.core.pricing.checker import check, worth
from cart.core.pricing.legal import USES, Reader, is_alone, saving_alone
from cart.core.pricing.order import Order
from cart.core.pricing.pricing import price
from rig.money.baskets import order_of
from rig.money.milp import Programme
from rig.money.rivals import saved_by_greed, saved_by_priority

# `make storm` asks for many; the suite for a few.
DENSE = int(os.environ.get("DASHCART_DENSE", "24"))

# Seed, units, offers of taxed baskets where offers join goods of two rates: a group of the dearest
# goods first, or the first of two equal prices, costs up to 38 minor units more.
MIXED = ((838_355, 4, 1), (562_790, 3, 4), (538_539, 5, 4), (861_055, 6, 2), (104_048, 4, 3))


def brute(proof: ComponentProof) -> int:
    """The most that any legal set of uses is worth: every one is tried."""
    offers = [offer for offer in proof.offers if not is_alone(offer)]
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

    return best(0, [goods.quantity for goods in proof.goods])


def best_alone(proof: ComponentProof, at: int, count: int) -> int:
    """The most that leftovers of one product bring, split over its offers in every way."""
    readers = [Reader(proof, offer) for offer in proof.offers
               if is_alone(offer) and at in offer.covered]  # fmt: skip

    def split(number: int, left: int) -> int:
        if number == len(readers):
            return 0
        return max(
            saving_alone(readers[number], at, n) * proof.goods[at].worth
            + split(number + 1, left - n)
            for n in range(left + 1)
        )

    return split(0, count)


def components(order: Order) -> Iterator[ComponentProof]:
    """The proofs of an order that must be proved."""
    priced = price(order)
    assert priced.gap_minor == 0
    yield from certificate_of(priced).components


@settings(max_examples=60, deadline=None)
@given(some.integers(0, 1_000_000), some.integers(2, 6), some.integers(1, 4), some.booleans())
def test_no_legal_set_is_better(seed: int, units: int, offers: int, taxed: bool) -> None:
    """On small baskets of one tax rate or two every legal set of uses is tried."""
    for proof in components(order_of(seed, units, offers, taxed=taxed)):
        assert proof.worth == brute(proof)


@pytest.mark.parametrize(("seed", "units", "offers"), MIXED)
def test_goods_of_several_rates_are_grouped_as_it_pays(seed: int, units: int, offers: int) -> None:
    """Where one offer joins goods of two rates the dearest goods first are not the best groups."""
    for proof in components(order_of(seed, units, offers, taxed=True)):
        assert proof.worth == brute(proof)


@pytest.mark.parametrize("seed", range(DENSE))
def test_the_solver_finds_the_same(seed: int) -> None:
    """On dense baskets the optimum is that of HiGHS; the usual engines save no more."""
    units, offers = ((8, 3), (14, 5), (20, 6), (30, 9))[seed % 4]
    order = order_of(seed, units, offers)
    # About one in two thousand needs more nodes than a cart would spend.
    priced = price(order._replace(nodes_max=1_000_000))
    best = Programme(order).best()
    assert priced.gap_minor == 0
    assert priced.discount_minor == best
    assert saved_by_priority(order) <= best
    assert saved_by_greed(order) <= best


@pytest.mark.parametrize("seed", range(6))
def test_a_certificate_convinces_the_checker(seed: int) -> None:
    """The checker, which knows nothing of the search, proves every answer anew."""
    verdict = check(certificate_of(price(order_of(seed, 14, 5, taxed=bool(seed % 2)))))
    assert verdict == ((), 0)


def test_a_false_certificate_is_found_out() -> None:
    """A use too many, a cent too much, a bound too low: each is a fault or an open gap."""
    certificate = certificate_of(price(order_of(3, 14, 5)))
    proof = max(certificate.components, key=lambda found: found.worth)
    twice = replace(proof, chosen=(*proof.chosen, *proof.chosen))
    dear = replace(proof, worth=proof.worth + 1)
    lazy = replace(proof, chosen=(), worth=0)
    for false in (twice, dear, lazy):
        verdict = check(replace(certificate, components=(false,)))
        assert verdict.faults or verdict.gap_minor


def test_a_discount_on_the_wrong_goods_is_found_out() -> None:
    """Between goods of two tax rates a cent on the other one is worth more: it is not allowed."""
    certificate = certificate_of(price(order_of(838_355, 4, 1, taxed=True)))
    (proof,) = certificate.components
    first = proof.chosen[0]
    (one, off_minor), (other, more_minor) = first.units[:2]
    shifted = ((one, off_minor + 1), (other, more_minor - 1), *first.units[2:])
    elsewhere = ((-1, off_minor), *first.units[1:])
    for units in (shifted, elsewhere):
        false = replace(proof, chosen=(replace(first, units=units), *proof.chosen[1:]))
        total = sum(worth(false, false.offers[use.offer], use.units) for use in false.chosen)
        false = replace(false, worth=total, bound=max(false.bound, total))
        assert check(replace(certificate, components=(false,))).faults


def test_the_rest_of_the_budget_is_said() -> None:
    """Without nodes to search in, the answer is legal and says how much better it could be."""
    order = order_of(7, 40, 12)
    best, hurried = price(order), price(order._replace(nodes_max=1))
    assert hurried.total_minor >= best.total_minor >= hurried.total_minor - hurried.gap_minor
