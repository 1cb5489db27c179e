"""The best choice of plans, one for each offer: exact depth-first search under a bound.

A branch is left when even its bound cannot reach what is wanted, and when the same units were left
before at no less worth. What is wanted begins just below the bound and goes down: a search that
finds nothing has proved a better bound. Where a branch is too large, its units get values of their
own, which makes its bound tighter. It must never look at lines or money.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cart.core.pricing.bound import Bound, Problem, rest_top, tighten
from cart.core.pricing.shapes import Counts, Plan, Shape

PROBE_NODES = 20_000
DIVE_NODES = 3_000
STEPS_ROOT_MAX = 60
STEPS_BRANCH = 12
FIRST_SHARE = 8
BRANCH_SHARE = 60
SLACK_SHARE = 10


class Answer(NamedTuple):
    """The best found and what nothing can be better than. `uses` is aligned with the shapes;
    `values` are those that give the bound `root` without any search."""

    worth: int
    bound: int
    uses: tuple[Counts, ...]
    root: int
    values: tuple[int, ...]
    nodes: int


def solve(problem: Problem, nodes_max: int) -> Answer:
    """Search with a goal just below the bound, and lower it until something is found."""
    if not problem.shapes:
        worth = sum([rest[-1] for rest in problem.rests])
        return Answer(worth, worth, (), worth, (0,) * len(problem.caps), 0)
    order = by_frontier(problem)
    sorted_problem = problem._replace(shapes=tuple([problem.shapes[n] for n in order]))
    steps = min(STEPS_ROOT_MAX, 6 + 2 * len(order))
    # One offer alone competes with nothing: its units are worth what is left of them brings.
    start = first_values(problem) if len(order) > 1 else _rest_values(problem)
    bound = tighten(sorted_problem, start, steps, FIRST_SHARE)
    regions = Regions(nodes_max)
    slack = max(1, bound.total // (SLACK_SHARE * len(order)))
    proved = bound.total
    while regions.uses is None and not regions.spent:
        regions.floor = floor = max(0, bound.total - slack)
        regions.probe(sorted_problem, bound, 0, ())
        if regions.uses is None and not regions.spent:
            proved = floor - 1
        slack *= 2
    worth, uses = regions.worth, regions.uses
    while uses is None:
        dive = Search(sorted_problem, bound, max(0, bound.total - slack), DIVE_NODES)
        dive.run()
        worth, uses = dive.worth, dive.uses
        slack += slack // 2
    if not regions.spent:
        proved = worth
    by_number = dict(zip(order, uses, strict=True))
    aligned = tuple([by_number[n] for n in range(len(order))])
    return Answer(worth, proved, aligned, bound.total, bound.values, regions.nodes)


def _rest_values(problem: Problem) -> list[int]:
    return [rest[1] if rest[-1] else 0 for rest in problem.rests]


def by_frontier(problem: Problem) -> list[int]:
    """Offers in an order that keeps few classes half-decided: then branches often meet again."""
    users = [0] * len(problem.caps)
    own = [sorted(set(shape.classes)) for shape in problem.shapes]
    for classes in own:
        for at in classes:
            users[at] += 1
    opened = [False] * len(problem.caps)
    waiting = list(range(len(own)))
    order = []
    while waiting:
        costs = []
        for n in waiting:
            new = sum([not opened[at] for at in own[n]])
            costs.append((new - sum([users[at] == 1 for at in own[n]]), new, n))
        chosen = min(costs)[2]
        waiting.remove(chosen)
        order.append(chosen)
        for at in own[chosen]:
            opened[at] = True
            users[at] -= 1
    return order


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


def _nothing(shape: Shape) -> Plan:
    return Plan(0, 0, (0,) * len(shape.classes))


class Regions:
    """Searches a region with a small budget, and where that is not enough, part by part."""

    def __init__(self, nodes_max: int) -> None:
        self.nodes_max = nodes_max
        self.nodes = 0
        self.floor = 0
        self.worth = 0
        self.uses: tuple[Counts, ...] | None = None

    @property
    def spent(self) -> bool:
        """Whether the budget ran out: then nothing more is proved."""
        return self.nodes >= self.nodes_max

    def probe(self, problem: Problem, bound: Bound, worth: int, before: tuple[Counts, ...]) -> None:
        """Find the best of a region, `before` being decided and worth so much."""
        if worth + bound.total < self.floor or self.spent:
            return
        search = Search(problem, bound, self.floor - worth, PROBE_NODES)
        search.run()
        self.nodes += search.nodes
        if search.uses is not None:
            self.worth, self.uses = worth + search.worth, (*before, *search.uses)
            self.floor = self.worth + 1
        if search.complete:
            return
        shape, values = problem.shapes[0], bound.values
        floor = self.floor - worth - bound.total + bound.tops[0]
        plans = sorted(shape.plans(values, problem.caps, floor), reverse=True)
        for plan in (*plans, _nothing(shape)):
            if worth + bound.total - bound.tops[0] + plan.value >= self.floor:
                left = list(problem.caps)
                for at, n in zip(shape.classes, plan.use, strict=True):
                    left[at] -= n
                rest = Problem(tuple(left), problem.shapes[1:], problem.rests)
                tight = tighten(rest, values, STEPS_BRANCH, BRANCH_SHARE)
                self.probe(rest, tight, worth + plan.worth, (*before, plan.use))


class Search:
    """One depth-first search for plans that are worth at least `floor` together."""

    def __init__(self, problem: Problem, bound: Bound, floor: int, nodes_max: int) -> None:
        self.problem = problem
        self.values = bound.values
        self.floor = floor
        self.nodes_max = nodes_max
        self.nodes = 0
        self.complete = True
        self.worth = 0
        self.uses: tuple[Counts, ...] | None = None
        shapes = problem.shapes
        count = len(shapes)
        last = [-1] * len(problem.caps)
        for number, shape in enumerate(shapes):
            for at in shape.classes:
                last[at] = number
        self.live = [
            [at for at, n in enumerate(last) if n >= number] for number in range(count + 1)
        ]
        # Classes whose last offer was just decided: what is left of them brings its rest.
        self.dead = [
            [at for at, n in enumerate(last) if n == number - 1 and problem.rests[at][-1]]
            for number in range(count + 1)
        ]
        rest_tops = [
            rest_top(rest, value)[0] if rest[-1] else 0
            for rest, value in zip(problem.rests, self.values, strict=True)
        ]
        self.rest_after = [sum([rest_tops[at] for at in live]) for live in self.live]
        self.own = [tuple(sorted(frozenset(shape.classes))) for shape in shapes]
        self.rivals = [
            [n for n in range(number + 1, count) if not frozenset(own).isdisjoint(self.own[n])]
            for number, own in enumerate(self.own)
        ]
        self.tops: list[dict[Counts, int]] = [{} for _ in shapes]
        self.plans: list[dict[Counts, tuple[int, list[Plan]]]] = [{} for _ in shapes]
        self.seen: list[dict[Counts, int]] = [{} for _ in range(count + 1)]

    def run(self) -> None:
        """Search all of it, or as far as the nodes go; then `complete` is false."""
        left = list(self.problem.caps)
        tops = [self._top(number, left) for number in range(len(self.problem.shapes))]
        self._decide(0, left, 0, tops, ())

    def _top(self, number: int, left: Sequence[int]) -> int:
        key = tuple([left[at] for at in self.own[number]])
        tops = self.tops[number]
        top = tops.get(key)
        if top is None:
            top = tops[key] = self.problem.shapes[number].best(self.values, left)[0]
        return top

    def _plans(self, number: int, left: Sequence[int], floor: int) -> list[Plan]:
        """The plans that reach the floor, those that give most first; the empty plan too."""
        key = tuple([left[at] for at in self.own[number]])
        known = self.plans[number].get(key)
        if known is not None and known[0] <= floor:
            return known[1]
        shape = self.problem.shapes[number]
        plans = sorted(shape.plans(self.values, left, floor), reverse=True)
        plans.append(_nothing(shape))
        self.plans[number][key] = (floor, plans)
        return plans

    def _decide(
        self, number: int, left: list[int], worth: int, tops: list[int], uses: tuple[Counts, ...]
    ) -> None:
        problem = self.problem
        for at in self.dead[number]:
            worth += problem.rests[at][left[at]]
        if number == len(problem.shapes):
            if worth >= self.floor:
                self.worth, self.uses = worth, uses
                self.floor = worth + 1
            return
        live = self.live[number]
        key = tuple([left[at] for at in live])
        if self.seen[number].get(key, -1) >= worth:
            return
        if self.nodes >= self.nodes_max:
            self.complete = False
            return
        self.seen[number][key] = worth
        self.nodes += 1
        values = self.values
        over = worth + self.rest_after[number]
        for at in live:
            over += values[at] * left[at]
        over_others = over + sum(tops[number + 1 :])
        for plan in self._plans(number, left, self.floor - over_others):
            if over_others + plan.value < self.floor:
                continue
            after, tops_after = self._after(number, plan, left, tops)
            if over + plan.value + sum(tops_after[number + 1 :]) >= self.floor:
                self._decide(number + 1, after, worth + plan.worth, tops_after, (*uses, plan.use))

    def _after(
        self, number: int, plan: Plan, left: list[int], tops: list[int]
    ) -> tuple[list[int], list[int]]:
        """What a plan leaves, and what the other offers can still do with it."""
        if not plan.worth:
            return left, tops
        after, tops_after = left[:], tops[:]
        for at, n in zip(self.problem.shapes[number].classes, plan.use, strict=True):
            after[at] -= n
        for rival in self.rivals[number]:
            tops_after[rival] = self._top(rival, after)
        return after, tops_after
