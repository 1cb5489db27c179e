"""A fair choice of plans where the search could list only few of them: one offer after the other
takes the best of what is left, at several values of units.

It must never be asked where the search can answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.bound import Bound, Problem
from cart.core.pricing.shapes import Counts, Plan, Shape

# The shares of the values at which units are bought, in tenths.
TENTHS = (10, 9, 8, 5, 0)
# How far from the most that an offer might bring its plan may be, in eighths.
EIGHTHS = 8


def fair(problem: Problem, bound: Bound) -> tuple[int, tuple[Counts, ...]]:
    """The worth of the best found, and its uses. Offers that bring most at their values first."""
    order = sorted(range(len(problem.shapes)), key=lambda n: -bound.tops[n])
    return max([
        _taken(problem, order, [value * tenths // 10 for value in bound.values])
        for tenths in TENTHS
    ])  # fmt: skip


def _taken(
    problem: Problem, order: Sequence[int], values: Sequence[int]
) -> tuple[int, tuple[Counts, ...]]:
    """Offers in an order, each with what those before it left."""
    left = list(problem.caps)
    uses: list[Counts] = [(0,) * len(shape.classes) for shape in problem.shapes]
    worth = 0
    for n in order:
        shape = problem.shapes[n]
        plan = _top(shape, values, left)
        if plan is not None:
            worth, uses[n] = worth + plan.worth, plan.use
            for at, taken in zip(shape.classes, plan.use, strict=True):
                left[at] -= taken
    return worth + sum([rest[n] for rest, n in zip(problem.rests, left, strict=True)]), tuple(uses)


def _top(shape: Shape, values: Sequence[int], left: Sequence[int]) -> Plan | None:
    """A plan that brings about the most that the offer can."""
    top, _ = shape.best(values, left)
    for eighths in range(EIGHTHS, 0, -1):
        floor = top * eighths // EIGHTHS
        plan = next(iter(shape.plans(values, left, floor)), None) if floor > 0 else None
        if plan is not None:
            return plan
    return shape.plain(values, left)
