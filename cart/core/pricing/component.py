"""Offers on items that share goods: one component, compiled, searched and told as uses.

A component is a value, and its answer depends on nothing else, so answers are kept: one more item
in the basket costs one component anew. It must never know of lines or of the whole basket.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import gcd
from typing import NamedTuple

from cart.core.pricing.bound import Bound, Problem, bound_at
from cart.core.pricing.budget import Budget
from cart.core.pricing.field import Component, Contender, Field, Use
from cart.core.pricing.greedy import fair
from cart.core.pricing.kinds import ITEM_KINDS
from cart.core.pricing.outdone import lasting
from cart.core.pricing.search import Answer, solve
from cart.core.pricing.uses import Compiled, Each

STEPS_MAX = 4_000_000
# One look in so many steps of work is allowed.
LOOK_SHARE = 15


class Chosen(NamedTuple):
    """`uses` are (number of the contender, use). `worth` and `bound` are in the scale of the
    classes' worth, `values` those of a unit of each class, for `root`, the bound without search."""

    uses: tuple[tuple[int, Use], ...]
    worth: int
    bound: int
    root: int
    values: tuple[int, ...]
    steps: int


class Form(NamedTuple):
    """A compiled component. `rest_of[at][n]` says which offer gets how many of n leftovers."""

    problem: Problem
    groups: tuple[tuple[int, Compiled], ...]
    rest_of: tuple[tuple[tuple[tuple[int, int], ...], ...], ...]
    savings: dict[tuple[int, int], tuple[int, ...]]
    scale: int
    grain: int


@lru_cache(maxsize=512)
def chosen(component: Component, steps_max: int = STEPS_MAX) -> Chosen:
    """The best uses of these offers."""
    budget = Budget(steps_max // LOOK_SHARE)
    form = _without_outdone(compiled(component, budget))
    answer = solve(form.problem, steps_max, budget)
    if budget.is_spent:
        answer = fairer(form.problem, answer)
    uses = uses_of(form, answer.uses)
    worth = worth_of(component, uses)
    values = tuple([-(-value * form.grain // form.scale) for value in answer.values])
    bound = answer.root if budget.is_spent else answer.bound
    bound = bound // form.scale * form.grain
    root = answer.root // form.scale * form.grain
    return Chosen(uses, worth, max(bound, worth), root, values, answer.steps + budget.steps)


def _without_outdone(form: Form) -> Form:
    """The same with the offers that are worth looking at."""
    kept = lasting(form.problem.shapes, form.problem.caps)
    groups = tuple([form.groups[n] for n in kept])
    shapes = tuple([part.shape for _, part in groups])
    return form._replace(groups=groups, problem=form.problem._replace(shapes=shapes))


def fairer(problem: Problem, answer: Answer) -> Answer:
    """Where not all plans could be listed the search saw too few: the better of its answer and of a
    plain one."""
    total, tops, _ = bound_at(problem, answer.values)
    worth, uses = fair(problem, Bound(total, answer.values, tuple(tops)))
    return answer._replace(worth=worth, uses=uses) if worth > answer.worth else answer


def worth_of(component: Component, uses: Sequence[tuple[int, Use]]) -> int:
    """What uses are worth, in the scale of the classes' worth."""
    return sum([
        plain_field(component, component.contenders[number]).worth(at, discount_minor)
        for number, use in uses
        for at, discount_minor in use
    ])  # fmt: skip


def plain_field(
    component: Component, contender: Contender, factor: int = 1, budget: Budget | None = None
) -> Field:
    """What an offer is compiled against."""
    return Field(
        component.classes,
        component.rounding,
        contender.covered,
        contender.deal,
        contender.uses_max,
        factor,
        budget,
    )


def compiled(component: Component, budget: Budget | None = None) -> Form:
    """Forms for the search. Equal worths are told apart by the rank of the offers: every worth is
    made `scale` times as large, and a little more for a better rank, never a whole step."""
    grain = 0
    most = 1
    for found in component.classes:
        grain = gcd(grain, found.worth, found.worth_alone)
        most += found.price_minor * found.quantity * found.worth_alone
    grain = max(1, grain)
    classes = tuple([
        found._replace(worth=found.worth // grain, worth_alone=found.worth_alone // grain)
        for found in component.classes
    ])  # fmt: skip
    ranks = len(component.contenders)
    scale = 1 if ranks == 1 else (most // grain) * ranks + 1
    scaled = component._replace(classes=classes)
    groups: list[tuple[int, Compiled]] = []
    singles: list[list[tuple[int, Each, Field]]] = [[] for _ in classes]
    for number, contender in enumerate(component.contenders):
        factor = scale + (ranks - 1 - contender.rank if ranks > 1 else 0)
        field = plain_field(scaled, contender, factor, budget)
        for part in ITEM_KINDS[type(contender.deal)](contender.deal, field):
            if isinstance(part, Each):
                singles[part.at].append((number, part, field))
            else:
                groups.append((number, part))
    rests = []
    rest_of = []
    savings: dict[tuple[int, int], tuple[int, ...]] = {}
    for at, found in enumerate(classes):
        for number, part, _ in singles[at]:
            savings[at, number] = part.savings_minor
        table, split = _best_rests(found.quantity, singles[at])
        rests.append(table)
        rest_of.append(split)
    caps = tuple([found.quantity for found in classes])
    shapes = tuple([part.shape for _, part in groups])
    problem = Problem(caps, shapes, tuple(rests))
    return Form(problem, tuple(groups), tuple(rest_of), savings, scale, grain)


def _best_rests(
    count: int, singles: Sequence[tuple[int, Each, Field]]
) -> tuple[tuple[int, ...], tuple[tuple[tuple[int, int], ...], ...]]:
    """The most that 0, 1, … count leftover units bring, and which offer takes how many of them."""
    table = [0] * (count + 1)
    split: list[tuple[tuple[int, int], ...]] = [()] * (count + 1)
    for number, part, field in singles:
        worths = [field.worth(part.at, 1) * saving for saving in part.savings_minor]
        for total in range(count, 0, -1):
            best, taken = max([(worths[n] + table[total - n], n) for n in range(total + 1)])
            if best > table[total]:
                table[total] = best
                split[total] = (*split[total - taken], (number, taken))
    for total in range(1, count + 1):
        if table[total - 1] > table[total]:
            table[total], split[total] = table[total - 1], split[total - 1]
    return tuple(table), tuple(split)


def uses_of(form: Form, plans: Sequence[tuple[int, ...]]) -> tuple[tuple[int, Use], ...]:
    """What plans take off which units, and what the leftovers get."""
    left = list(form.problem.caps)
    uses: list[tuple[int, Use]] = []
    for (number, part), counts in zip(form.groups, plans, strict=True):
        if any(counts):
            uses += [(number, use) for use in part.uses(counts)]
            for at, n in zip(part.shape.classes, counts, strict=True):
                left[at] -= n
    for at, n in enumerate(left):
        uses += rest_uses(form, at, n)
    return tuple(uses)


def rest_uses(form: Form, at: int, count: int) -> list[tuple[int, Use]]:
    """How `count` leftover units of a class are best used: one use for each offer."""
    found = []
    for number, n in form.rest_of[at][count]:
        saving_minor = form.savings[at, number][n]
        if saving_minor:
            each, more = divmod(saving_minor, n)
            found.append((number, tuple([(at, each + (k < more)) for k in range(n)])))
    return found
