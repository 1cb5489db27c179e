"""Verifies a certificate without the search: that the chosen uses are legal and worth what is said,
and that nothing is worth more than the bound.

The bound follows from the values of units, offer by offer. What it leaves open, if anything, is
gone through plainly. It must never import the search, its bound or its shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cart.core.pricing.certificate import Certificate, ComponentProof, Contending
from cart.core.pricing.legal import (
    USES,
    Reader,
    Use,
    Vector,
    is_alone,
    is_ladder,
    ladder,
    saving_alone,
)

STATES_MAX = 400_000
# What an offer can take of each class, and the most that is worth.
Plans = dict[Vector, int]


class Verdict(NamedTuple):
    """`faults` say what is wrong. `gap_minor` is what is not proved: 0 is all of it."""

    faults: tuple[str, ...]
    gap_minor: int


def check(certificate: Certificate) -> Verdict:
    """Check every component."""
    faults: list[str] = []
    gap_minor = 0
    for number, proof in enumerate(certificate.components):
        faults += [f"components[{number}]: {fault}" for fault in _illegal(proof)]
        best = upper_bound(proof)
        if best > proof.worth:
            best = min(best, _closed(proof))
        if best < proof.worth:
            faults.append(f"components[{number}]: the bound {best} is below the worth")
        gap_minor += -(-(best - proof.worth) // proof.scale)
    if gap_minor > certificate.gap_minor:
        faults.append(f"gap_minor: {gap_minor} is left open, {certificate.gap_minor} is claimed")
    return Verdict(tuple(faults), gap_minor)


def worth(proof: ComponentProof, offer: Contending, use: Use) -> int:
    """What a use is worth: what it takes off, less what its units lose elsewhere."""
    total = 0
    for at, off_minor in use:
        goods = proof.goods[at]
        if offer.deal.stack == "exclusive":
            lost = goods.price_minor * (goods.worth_alone - goods.worth)
            total += off_minor * goods.worth_alone - lost
        else:
            total += off_minor * goods.worth
    return total


def _illegal(proof: ComponentProof) -> Iterator[str]:
    """What is wrong with the chosen uses."""
    left = [goods.quantity for goods in proof.goods]
    total = 0
    by_offer: dict[int, list[Use]] = {}
    numbers = [chosen.offer for chosen in proof.chosen]
    classes = [at for chosen in proof.chosen for at, _ in chosen.units]
    if not (_within(numbers, proof.offers) and _within(classes, proof.goods)):
        yield "a use names an offer or goods that are not there"
        return
    for chosen in proof.chosen:
        by_offer.setdefault(chosen.offer, []).append(chosen.units)
        total += worth(proof, proof.offers[chosen.offer], chosen.units)
        for at, _ in chosen.units:
            left[at] -= 1
    if min(left, default=0) < 0:
        yield "a unit is used twice"
    if total != proof.worth:
        yield f"the uses are worth {total}, not {proof.worth}"
    for number, uses in sorted(by_offer.items()):
        if not _allowed(Reader(proof, proof.offers[number]), proof.offers[number], uses):
            yield f"offers[{number}] does not allow its uses"


def _within(numbers: Sequence[int], things: Sequence[object]) -> bool:
    return all(0 <= number < len(things) for number in numbers)


def _allowed(reader: Reader, offer: Contending, uses: Sequence[Use]) -> bool:
    if is_alone(offer):
        taken: dict[int, list[int]] = {}
        for at, off_minor in [pair for use in uses for pair in use]:
            taken.setdefault(at, []).append(off_minor)
        return all(
            at in offer.covered and sum(off) == saving_alone(reader, at, len(off))
            for at, off in taken.items()
        )
    if is_ladder(offer.deal):
        return sorted(pair for use in uses for pair in use) in [
            sorted(rung) for rung in ladder(reader)
        ]
    legal = frozenset(tuple(sorted(use)) for use in USES[type(offer.deal)](reader))
    return len(uses) <= reader.uses_max and all(tuple(sorted(use)) in legal for use in uses)


def upper_bound(proof: ComponentProof) -> int:
    """All units at their values, and what each offer could do at most if it had to buy them."""
    total = sum(
        value * goods.quantity for value, goods in zip(proof.values, proof.goods, strict=True)
    )
    for offer in proof.offers:
        if not is_alone(offer):
            total += _most(proof, _plans(proof, offer))
    for at in range(len(proof.goods)):
        table = _alone(proof, at)
        total += max(found - proof.values[at] * n for n, found in enumerate(table))
    return total


def _most(proof: ComponentProof, plans: Plans | None) -> int:
    """The most that an offer brings when it buys its units; all goods for nothing if that is too
    much to find out."""
    if plans is None:
        return sum(
            goods.price_minor * goods.quantity * max(goods.worth, goods.worth_alone)
            for goods in proof.goods
        )
    return max(found - _cost(proof, use) for use, found in plans.items())


def _cost(proof: ComponentProof, used: Vector) -> int:
    return sum(value * n for value, n in zip(proof.values, used, strict=True))


def _plans(proof: ComponentProof, offer: Contending) -> Plans | None:
    """What an offer can take from each class, all its uses together, and the most that is worth;
    None if that is too much to find out."""
    reader = Reader(proof, offer)
    nothing = (0,) * len(proof.goods)
    plans = {nothing: 0}
    if is_ladder(offer.deal):
        rungs = [(_vector(proof, rung), worth(proof, offer, rung)) for rung in ladder(reader)]
        return plans | dict(rungs)
    single: dict[Vector, int] = {}
    for use in USES[type(offer.deal)](reader):
        vector = _vector(proof, use)
        if _fits(proof, vector):
            single[vector] = max(single.get(vector, 0), worth(proof, offer, use))
    edge = dict(plans)
    for _ in range(reader.uses_max):
        more: dict[Vector, int] = {}
        for used, found in edge.items():
            for vector, extra in single.items():
                both = tuple([one + other for one, other in zip(used, vector, strict=True)])
                if _fits(proof, both) and found + extra > plans.get(both, -1):
                    more[both] = plans[both] = found + extra
        if len(plans) > STATES_MAX:
            return None
        if not more:
            break
        edge = more
    return plans


def _vector(proof: ComponentProof, use: Use) -> Vector:
    taken = [at for at, _ in use]
    return tuple([taken.count(at) for at in range(len(proof.goods))])


def _fits(proof: ComponentProof, used: Vector) -> bool:
    return all(n <= goods.quantity for n, goods in zip(used, proof.goods, strict=True))


def _alone(proof: ComponentProof, at: int) -> list[int]:
    """The most that n units of a class bring in the offers that are a matter of it alone."""
    table = [0] * (proof.goods[at].quantity + 1)
    for offer in proof.offers:
        if is_alone(offer) and at in offer.covered:
            reader = Reader(proof, offer)
            gains = [saving_alone(reader, at, n) * proof.goods[at].worth for n in range(len(table))]
            table = [max(gains[n] + table[m - n] for n in range(m + 1)) for m in range(len(table))]
    return table


def _closed(proof: ComponentProof) -> int:
    """Go through every choice that the bound leaves open; the best worth, or the bound again if
    there are too many."""
    offers = [offer for offer in proof.offers if not is_alone(offer)]
    bound = upper_bound(proof)
    plans = [found for offer in offers if (found := _plans(proof, offer)) is not None]
    if len(plans) < len(offers):
        return bound
    tables = [_alone(proof, at) for at in range(len(proof.goods))]
    slack = bound - proof.worth
    edge = {tuple([goods.quantity for goods in proof.goods]): (0, 0)}
    for found in plans:
        top = max(value - _cost(proof, used) for used, value in found.items())
        open_plans = [
            (used, value, lost)
            for used, value in found.items()
            if (lost := top - value + _cost(proof, used)) <= slack
        ]
        after: dict[Vector, tuple[int, int]] = {}
        for left, (sofar, spent) in edge.items():
            for used, value, lost in open_plans:
                if spent + lost <= slack:
                    rest = tuple([one - other for one, other in zip(left, used, strict=True)])
                    if min(rest) >= 0 and after.get(rest, (-1, 0))[0] < sofar + value:
                        after[rest] = (sofar + value, spent + lost)
        edge = after
        if len(edge) > STATES_MAX:
            return bound
    return max(
        (sofar + sum([table[n] for table, n in zip(tables, left, strict=True)])
         for left, (sofar, _) in edge.items()),
        default=proof.worth,
    )  # fmt: skip
