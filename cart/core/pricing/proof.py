"""The most that uses of offers on items can be worth, by values of units: worked out anew from what
the offers say, for the checker.

All units at their values, and what each offer could do at most if it had to buy its units: nothing
is worth more. What that leaves open is gone through plainly. It must never import the search, its
bound or its shapes.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.field import Component, Contender
from cart.core.pricing.legal import (
    USES,
    Looks,
    Reader,
    TooManyError,
    Use,
    Vector,
    is_alone,
    is_ladder,
    ladder,
    saving_alone,
    worth,
)

STATES_MAX = 400_000
# What an offer can take of each class, and the most that is worth.
Plans = dict[Vector, int]


def upper_bound(case: Component, values: Sequence[int]) -> int:
    """All units at their values, and what each offer could do at most if it had to buy them."""
    total = sum(value * goods.quantity for value, goods in zip(values, case.classes, strict=True))
    for offer in case.contenders:
        if not is_alone(offer):
            total += _most(case, values, plans_of(case, offer))
    for at in range(len(case.classes)):
        table = _alone(case, at)
        total += max(found - values[at] * n for n, found in enumerate(table))
    return total


def _most(case: Component, values: Sequence[int], plans: Plans | None) -> int:
    """The most that an offer brings when it buys its units; all goods for nothing if that is too
    much to find out."""
    if plans is None:
        return sum(
            goods.price_minor * goods.quantity * max(goods.worth, goods.worth_alone)
            for goods in case.classes
        )
    return max(found - _cost(values, use) for use, found in plans.items())


def _cost(values: Sequence[int], used: Vector) -> int:
    return sum(value * n for value, n in zip(values, used, strict=True))


def plans_of(case: Component, offer: Contender) -> Plans | None:
    """What an offer can take from each class, all its uses together, and the most that is worth;
    None if that is too much to find out."""
    reader = Reader(case, offer, Looks(STATES_MAX))
    nothing = (0,) * len(case.classes)
    plans = {nothing: 0}
    if is_ladder(offer.deal):
        rungs = [(_vector(case, rung), worth(case, offer, rung)) for rung in ladder(reader)]
        return plans | dict(rungs)
    single: dict[Vector, int] = {}
    try:
        for use in USES[type(offer.deal)](reader):
            vector = _vector(case, use)
            single[vector] = max(single.get(vector, 0), worth(case, offer, use))
    except TooManyError:
        return None
    edge = dict(plans)
    for _ in range(reader.uses_max):
        more: dict[Vector, int] = {}
        for used, found in edge.items():
            for vector, extra in single.items():
                both = tuple([one + other for one, other in zip(used, vector, strict=True)])
                if _fits(case, both) and found + extra > plans.get(both, -1):
                    more[both] = plans[both] = found + extra
        if len(plans) > STATES_MAX:
            return None
        if not more:
            break
        edge = more
    return plans


def _vector(case: Component, use: Use) -> Vector:
    taken = [at for at, _ in use]
    return tuple([taken.count(at) for at in range(len(case.classes))])


def _fits(case: Component, used: Vector) -> bool:
    return all(n <= goods.quantity for n, goods in zip(used, case.classes, strict=True))


def _alone(case: Component, at: int) -> list[int]:
    """The most that n units of a class bring in the offers that are a matter of it alone."""
    goods = case.classes[at]
    table = [0] * (goods.quantity + 1)
    for offer in case.contenders:
        if is_alone(offer) and at in offer.covered:
            reader = Reader(case, offer)
            gains = [saving_alone(reader, at, n) * goods.worth for n in range(len(table))]
            table = [max(gains[n] + table[m - n] for n in range(m + 1)) for m in range(len(table))]
    return table


def closed(case: Component, values: Sequence[int], enough: int) -> int:
    """Go through every choice that may be worth more than `enough`: the best worth, or the bound
    again if there are too many."""
    offers = [offer for offer in case.contenders if not is_alone(offer)]
    bound = upper_bound(case, values)
    plans = [found for offer in offers if (found := plans_of(case, offer)) is not None]
    if len(plans) < len(offers):
        return bound
    tables = [_alone(case, at) for at in range(len(case.classes))]
    slack = bound - enough
    edge = {tuple([goods.quantity for goods in case.classes]): (0, 0)}
    for found in plans:
        top = max(value - _cost(values, used) for used, value in found.items())
        open_plans = [
            (used, value, lost)
            for used, value in found.items()
            if (lost := top - value + _cost(values, used)) <= slack
        ]
        after: dict[Vector, tuple[int, int]] = {}
        for left, (sofar, spent) in edge.items():
            for used, value, lost in open_plans:
                if spent + lost <= slack:
                    rest = tuple([one - other for one, other in zip(left, used, strict=True)])
                    if min(rest, default=0) >= 0 and after.get(rest, (-1, 0))[0] < sofar + value:
                        after[rest] = (sofar + value, spent + lost)
        edge = after
        if len(edge) > STATES_MAX:
            return bound
    return max(
        (sofar + sum([table[n] for table, n in zip(tables, left, strict=True)])
         for left, (sofar, _) in edge.items()),
        default=enough,
    )  # fmt: skip
