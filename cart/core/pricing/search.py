"""The best choice of plans, one for each offer.

Every plan, and every unit left over, loses something against the bound. Only plans that lose little
are looked at (`table.py`); where they make no whole choice, more of them, until one is proved the
best or so much work was done: then a good one without proof (`greedy.py`), and how much better the
best may be. It must never look at lines or money.
"""

from __future__ import annotations

from typing import NamedTuple

from cart.core.pricing.bound import Problem, tighten
from cart.core.pricing.budget import Budget
from cart.core.pricing.greedy import fair
from cart.core.pricing.shapes import Counts
from cart.core.pricing.table import Table

# What work is counted as, in steps of about a microsecond: a plan made.
PLAN_STEPS = 25
# This part of the work is kept for a good answer without proof, should it come to that.
KEPT_SHARE = 4
# A search for values may take this share of the work.
VALUES_SHARE = 2
WIDTH = 24
PLANS_EACH = 40
# With more than this share open another way to find an answer is tried, worth so many rounds.
FAIR_SHARE = 100
FAIR_ROUNDS = 20
STEPS_ALONE, STEPS_ROOT_MAX = 8, 60
# With more units of a class than that, values are harder to find.
MANY_EACH = 3
FIRST_SHARE = 8
# With so many plans the next search is asked for a little more only: what it opens grows fast.
EASY_SIZE = 1_000
SLACK_SHARE = 7


class Answer(NamedTuple):
    """The best found and what nothing can be better than. `uses` is aligned with the shapes;
    `values` are those that give the bound `root` without any search."""

    worth: int
    bound: int
    uses: tuple[Counts, ...]
    root: int
    values: tuple[int, ...]
    steps: int


def solve(problem: Problem, steps_max: int, looked: Budget) -> Answer:
    """Look at plans that lose little, and at more of them until they make a whole choice, or until
    so many steps were made, with those that listing plans took."""
    if not problem.shapes:
        worth = sum([rest[-1] for rest in problem.rests])
        return Answer(worth, worth, (), worth, (0,) * len(problem.caps), 0)
    count = len(problem.shapes)
    # One offer alone competes with nothing: its units are worth what is left of them brings.
    start = first_values(problem) if count > 1 else _rest_values(problem)
    most = steps_max - steps_max // KEPT_SHARE
    round_steps = 1 + sum([shape.work(problem.caps) for shape in problem.shapes])
    rounds = max(1, most // (VALUES_SHARE * round_steps))
    many = max(0, sum(problem.caps) - MANY_EACH * len(problem.caps))
    root = min(STEPS_ROOT_MAX, 2 * count + many if count > 1 else STEPS_ALONE, rounds)
    bound, steps = tighten(problem, start, root, FIRST_SHARE)
    slack = max(1, bound.total // (SLACK_SHARE * count))
    steps = (steps + 1) * round_steps
    proved = bound.total
    table = Table(
        problem, bound, slack, max(PLANS_EACH * count, (most - steps - looked.steps) // PLAN_STEPS)
    )
    while table.whole:
        steps += table.size * PLAN_STEPS
        found, lost = table.best(most - steps - looked.steps)
        steps += table.steps
        proved = table.bound.total - lost
        if found is not None:
            worth = table.bound.total - found.lost
            return Answer(worth, proved, found.uses, bound.total, bound.values, steps)
        slack = slack * 2 if table.size < EASY_SIZE else slack * 5 // 4
        if steps + looked.steps >= most:
            break
        wider = Table(problem, bound, slack, (most - steps - looked.steps) // PLAN_STEPS)
        if not wider.whole:
            steps += wider.size * PLAN_STEPS
            break
        table = wider
    return _without_proof(problem, table, slack, min(proved, bound.total), steps, steps_max)


def _without_proof(
    problem: Problem, table: Table, slack: int, proved: int, steps: int, steps_max: int
) -> Answer:
    """A good choice where the work is spent. The plans of the widest table may be few: of each
    offer some that lose more are looked at too."""
    bound = table.bound
    near = table if table.whole else None
    table = Table(problem, bound, slack, each_max=PLANS_EACH, near=near)
    steps += table.size * PLAN_STEPS
    found = table.good(WIDTH, steps_max // KEPT_SHARE)
    steps += table.steps
    worth, uses = bound.total - found.lost, found.uses
    if (proved - worth) * FAIR_SHARE > proved:
        worth, uses = max((worth, uses), fair(problem, bound))
        steps += FAIR_ROUNDS * sum([shape.work(problem.caps) for shape in problem.shapes])
    return Answer(worth, max(worth, proved), uses, bound.total, bound.values, steps)


def _rest_values(problem: Problem) -> list[int]:
    return [rest[1] if rest[-1] else 0 for rest in problem.rests]


def first_values(problem: Problem) -> list[int]:
    """Where the values start: a share of what a unit brings in the offer that gives most for it."""
    values = [0] * len(problem.caps)
    nothing = [0] * len(problem.caps)
    for shape in problem.shapes:
        top, units = shape.best(nothing, problem.caps)
        for at in units:
            values[at] = max(values[at], top // len(units))
    for at, rest in enumerate(problem.rests):
        if rest[-1]:
            values[at] = max(values[at], rest[1])
    return [value * 2 // 3 for value in values]
