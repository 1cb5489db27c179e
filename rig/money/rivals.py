"""Two engines of the usual make, to hold ours against: by priority, and by the best per unit.

Each applies one use of an offer after the other and never takes one back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cart.core.pricing.choice import components_of
from cart.core.pricing.component import compiled
from cart.core.pricing.field import Component
from cart.core.pricing.order import Order
from cart.core.pricing.shapes import Plan, Shape


def saved_by_priority(order: Order) -> int:
    """Every offer in its order, as often as it goes, on the best units that are left."""
    return sum(_in_order(component) for component in components_of(order))


def saved_by_greed(order: Order) -> int:
    """Again and again the offer that saves most for each unit it takes."""
    return sum(_best_first(component) for component in components_of(order))


def _in_order(component: Component) -> int:
    form = compiled(component)
    left, saved = list(form.problem.caps), 0
    for shape in form.problem.shapes:
        plan = _most(shape, left)
        saved += _take(shape, plan, left)
    saved += sum(rest[n] for rest, n in zip(form.problem.rests, left, strict=True))
    return saved // form.scale


def _best_first(component: Component) -> int:
    form = compiled(component)
    left, saved = list(form.problem.caps), 0
    shapes = form.problem.shapes
    while True:
        offers = [(n, plan) for n, shape in enumerate(shapes) for plan in _singles(shape, left)]
        if not offers:
            break
        n, plan = max(offers, key=lambda offer: offer[1].worth * 1_000 // sum(offer[1].use))
        saved += _take(shapes[n], plan, left)
    saved += sum(rest[n] for rest, n in zip(form.problem.rests, left, strict=True))
    return saved // form.scale


def _singles(shape: Shape, left: Sequence[int]) -> Iterator[Plan]:
    """The best plan of an offer on what is left."""
    plan = _most(shape, left)
    if plan.worth:
        yield plan


def _most(shape: Shape, left: Sequence[int]) -> Plan:
    """The best plan that a simple engine finds: the first that the search's generator tells."""
    zeros = [0] * len(left)
    none = Plan(0, 0, (0,) * len(shape.classes))
    top, _ = shape.best(zeros, left)
    return next(iter(shape.plans(zeros, left, max(1, top))), none) if top else none


def _take(shape: Shape, plan: Plan, left: list[int]) -> int:
    for at, n in zip(shape.classes, plan.use, strict=True):
        left[at] -= n
    return plan.worth
