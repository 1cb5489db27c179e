"""How much all offers together can be worth at most: a proof by prices on units.

Give every unit a value. Then no choice of offers is worth more than all units at their values plus,
for every offer apart, the best it could do if it had to buy its units at those values. That holds
for any values; this module looks for values that make the sum small (a Lagrangian dual, by
subgradient steps: Held, Wolfe and Crowder 1974). It must never decide which offers apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cart.core.pricing.shapes import Shape

# After so many steps in vain the next ones aim less far.
STALLED_MAX = 3


class Problem(NamedTuple):
    """Classes of units (`caps` of each), offers that take them, and what units that no offer takes
    bring: `rests[at][n]` for n of a class."""

    caps: tuple[int, ...]
    shapes: tuple[Shape, ...]
    rests: tuple[tuple[int, ...], ...]


class Bound(NamedTuple):
    """`total` is never less than the best; `tops[n]` is offer n's part of it."""

    total: int
    values: tuple[int, ...]
    tops: tuple[int, ...]


def rest_top(rest: Sequence[int], value: int) -> tuple[int, int]:
    """The most that leftovers of a class bring when each is bought at `value`, and how many."""
    return max([(worth - value * n, n) for n, worth in enumerate(rest)])


def bound_at(problem: Problem, values: Sequence[int]) -> tuple[int, list[int], list[int]]:
    """The bound at these values, each offer's part, and what of each class is left over."""
    caps = problem.caps
    left = list(caps)
    total = 0
    tops = []
    for shape in problem.shapes:
        top, units = shape.best(values, caps)
        total += top
        tops.append(top)
        for at in units:
            left[at] -= 1
    for at, rest in enumerate(problem.rests):
        total += values[at] * caps[at]
        if rest[-1]:
            top, taken = rest_top(rest, values[at])
            total += top
            left[at] -= taken
    return total, tops, left


def tighten(
    problem: Problem, values: Sequence[int], steps_max: int, share: int
) -> tuple[Bound, int]:
    """Better and better values, and in how many steps. A step aims `1/share` of the total below the
    best bound so far, and less far each time that does not help."""
    now = list(values)
    best: Bound | None = None
    stalled = steps = 0
    for _ in range(steps_max):
        steps += 1
        total, tops, left = bound_at(problem, now)
        if best is None or total < best.total:
            best, stalled = Bound(total, tuple(now), tuple(tops)), 0
        else:
            stalled += 1
            if stalled == STALLED_MAX:
                stalled, share = 0, share * 2
        # A value of 0 cannot fall, so what is left over there asks for nothing.
        left = [n if value or n < 0 else 0 for value, n in zip(now, left, strict=True)]
        size = sum([n * n for n in left])
        if not size:
            break
        reach = total - best.total + best.total // share
        before = now
        now = [max(0, value - reach * n // size) for value, n in zip(now, left, strict=True)]
        if now == before:
            break
    assert best is not None
    return best, steps
