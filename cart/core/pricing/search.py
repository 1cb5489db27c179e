"""The best choice of plans, one for each offer: a search that opens what may lose least first.

Every plan, and every unit left over, loses something against the bound. A choice of some plans is
told by what it lost and what it leaves; the rest loses at least what each other offer alone must.
So the first whole choice that is met is the best, and what is still open then is no better. Only
plans that lose little are looked at; where they make no whole choice, more of them. It must never
look at lines or money.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from cart.core.pricing.bound import Bound, Problem, rest_top, tighten
from cart.core.pricing.shapes import Counts

DIVE_NODES = 3_000
STEPS_ROOT_MAX = 60
FIRST_SHARE = 8
# Where a search opened more choices than that in vain, or had more plans, better values come first.
EASY_NODES = 20
EASY_PLANS = 200
# With so many plans the next search is asked for a little more only: what it opens grows fast.
EASY_SIZE = 1_000
STEPS_MORE = 40
MORE_SHARE = 32
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
    """Look at plans that lose little, and at more of them until they make a whole choice."""
    if not problem.shapes:
        worth = sum([rest[-1] for rest in problem.rests])
        return Answer(worth, worth, (), worth, (0,) * len(problem.caps), 0)
    count = len(problem.shapes)
    # One offer alone competes with nothing: its units are worth what is left of them brings.
    start = first_values(problem) if count > 1 else _rest_values(problem)
    bound = tighten(problem, start, min(STEPS_ROOT_MAX, 6 + 2 * count), FIRST_SHARE)
    slack = first_slack = max(1, bound.total // (SLACK_SHARE * count))
    nodes = lost = 0
    found: Whole | None = None
    while found is None and nodes < nodes_max:
        table = Table(problem, bound, slack)
        found, more, lost = table.best(nodes_max - nodes)
        nodes += more
        if found is None and nodes < nodes_max:
            goal = bound.total - (2 * slack if table.size < EASY_SIZE else slack * 5 // 4)
            if more > EASY_NODES or table.size > EASY_PLANS:
                steps = tighten(problem, bound.values, STEPS_MORE, MORE_SHARE * count)
                bound = min(bound, steps)
            slack = max(first_slack, bound.total - goal)
    proved = bound.total - lost
    while found is None:
        found, _, _ = Table(problem, bound, slack).best(DIVE_NODES, deep=True)
        slack += slack // 2
    return Answer(bound.total - found.lost, proved, found.uses, bound.total, bound.values, nodes)


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


class Loss(NamedTuple):
    """A plan: what it loses, the units it takes (packed), and its use. The units of a choice stand
    in one integer, a field for each class with a bit on top that says whether it went below 0."""

    lost: int
    taken: int
    use: Counts


class Whole(NamedTuple):
    """A plan for every offer, and what they lose together."""

    lost: int
    uses: tuple[Counts, ...]


# The place and the width of a class, and what so many leftovers of it lose.
Dead = tuple[tuple[int, int, tuple[int, ...]], ...]


class Least:
    """What an offer must lose with what is left, and the leftovers of classes that nobody else
    will take any more (`dead`)."""

    def __init__(self, plans: Sequence[Loss], mask: int, guard: int, dead: Dead, none: int) -> None:
        self.plans = plans
        self.mask = mask
        self.guard = guard
        self.dead = dead
        self.none = none
        self.known: dict[int, int] = {}

    def of(self, left: int) -> int:
        """The least loss; `none` where no plan is possible."""
        key = left & self.mask
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._found(key | self.guard)
        return found

    def _found(self, free: int) -> int:
        found, guard = self.none, self.guard
        for own, taken, _ in self.plans:
            if own >= found:
                break
            rest = free - taken
            if rest & guard == guard:
                lost = own
                for shift, mask, leftover in self.dead:
                    lost += leftover[rest >> shift & mask]
                found = min(found, lost)
        return found


class Step(NamedTuple):
    """One offer's turn: its plans, what it must lose; of those that come later and want the same
    units, what they must lose before it has chosen and after; the classes that are still wanted
    then, and those that nobody wants any more."""

    offer: int
    plans: list[Loss]
    own: Least
    before: tuple[Least, ...]
    after: tuple[Least, ...]
    live: int
    dead: Dead


class Choice(NamedTuple):
    """Plans of the first `decided` offers: what they lost, and with what must follow; what is left,
    and their uses, the last one first."""

    must: int
    decided: int
    lost: int
    left: int
    uses: Uses


# Two keys of the order, a number that is never equal, and the choice.
Open = tuple[int, int, int, Choice]
Uses = tuple["Uses", Counts] | None


class Table:
    """The plans that lose at most `slack`, offer by offer, and the search among them."""

    def __init__(self, problem: Problem, bound: Bound, slack: int) -> None:
        self.slack = slack
        self.caps = problem.caps
        self.shift = []
        width = self.guard = self.left = 0
        for cap in problem.caps:
            self.shift.append(width)
            self.left |= cap << width
            width += cap.bit_length() + 1
            self.guard |= 1 << (width - 1)
        plans = [self._plans(problem, bound, n) for n in range(len(problem.shapes))]
        self.size = sum(map(len, plans))
        own = [
            [at for at in sorted(frozenset(shape.classes))
             if any(plan.taken & self._field(at) for plan in found)]
            for shape, found in zip(problem.shapes, plans, strict=True)
        ]  # fmt: skip
        order = by_frontier(own, len(problem.caps))
        users: dict[int, list[int]] = {}
        for step, n in enumerate(order):
            for at in own[n]:
                users.setdefault(at, []).append(step)
        leftover = [self._leftover(problem, bound, at) for at in range(len(problem.caps))]
        self.lost = sum([lost[-1] for at, lost in enumerate(leftover) if at not in users])
        self.steps = []
        least = [
            self._least(plans[n], own[n], self._dead(users, leftover, step, -1))
            for step, n in enumerate(order)
        ]
        self.must = self.lost + sum([found.of(self.left) for found in least])
        for step, n in enumerate(order):
            rivals = sorted(frozenset([r for at in own[n] for r in users[at] if r > step]))
            before = tuple([least[rival] for rival in rivals])
            for rival in rivals:
                dead = self._dead(users, leftover, rival, step)
                if dead != least[rival].dead:
                    least[rival] = self._least(plans[order[rival]], own[order[rival]], dead)
            after = tuple([least[rival] for rival in rivals])
            live = sum([self._field(at) for at, own_users in users.items() if own_users[-1] > step])
            dead = least[step].dead
            self.steps.append(Step(n, plans[n], least[step], before, after, live, dead))

    def _least(self, plans: Sequence[Loss], own: Sequence[int], dead: Dead) -> Least:
        mask = sum([self._field(at) for at in own])
        return Least(plans, mask, self.guard, dead, self.slack + 1)

    def _dead(
        self, users: dict[int, list[int]], leftover: Sequence[tuple[int, ...]], step: int, done: int
    ) -> Dead:
        """The classes that only the offer of `step` may still take when `done` has chosen."""
        return tuple([
            (self.shift[at], (1 << self.caps[at].bit_length()) - 1, leftover[at])
            for at, steps in users.items()
            if steps[-1] == step and max(steps[:-1], default=-1) <= done
        ])  # fmt: skip

    def _field(self, at: int) -> int:
        return ((1 << self.caps[at].bit_length()) - 1) << self.shift[at]

    def _plans(self, problem: Problem, bound: Bound, number: int) -> list[Loss]:
        """What an offer may do, the least loss first; of equal units the best use."""
        shape, top = problem.shapes[number], bound.tops[number]
        best: dict[int, Loss] = {}
        if top <= self.slack:
            best[0] = Loss(top, 0, (0,) * len(shape.classes))
        for plan in shape.plans(bound.values, problem.caps, top - self.slack):
            taken = sum(
                [n << self.shift[at] for at, n in zip(shape.classes, plan.use, strict=True)]
            )
            found = best.get(taken)
            if found is None or top - plan.value < found.lost:
                best[taken] = Loss(top - plan.value, taken, plan.use)
        return sorted(best.values())

    def _leftover(self, problem: Problem, bound: Bound, at: int) -> tuple[int, ...]:
        """What so many units of a class lose when no offer takes them."""
        rest, value = problem.rests[at], bound.values[at]
        if not rest[-1]:
            return tuple([value * n for n in range(problem.caps[at] + 1)])
        top = rest_top(rest, value)[0]
        return tuple([top + value * n - worth for n, worth in enumerate(rest)])

    def best(self, nodes_max: int, *, deep: bool = False) -> tuple[Whole | None, int, int]:
        """The whole choice that loses least, how many choices were opened, and what everything
        else loses at least. `deep` takes the first whole choice it comes to."""
        count = len(self.steps)
        if self.must > self.slack:
            return None, 0, self.slack + 1
        heap: list[Open] = [(0, 0, 0, Choice(self.must, 0, self.lost, self.left, None))]
        seen: list[dict[int, int]] = [{} for _ in range(count + 1)]
        nodes = number = 0
        while heap:
            choice = heappop(heap)[-1]
            at = choice.decided
            if at == count:
                return Whole(choice.lost, self._aligned(choice.uses)), nodes, choice.must
            if seen[at].get(choice.left, choice.lost) < choice.lost:
                continue
            if nodes >= nodes_max:
                return None, nodes, choice.must
            nodes += 1
            for after in self._after(choice, seen[at + 1]):
                number += 1
                first, second = (-at, after.must) if deep else (after.must, -at)
                heappush(heap, (first, second, number, after))
        return None, nodes, self.slack + 1

    def _after(self, choice: Choice, ahead: dict[int, int]) -> Iterator[Choice]:
        """One offer more is decided; `ahead` says what was left before, and lost."""
        must, at, lost, left, uses = choice
        slack, guard, step = self.slack, self.guard, self.steps[at]
        rivals, live = step.after, step.live
        others = must - lost - sum([found.of(left) for found in (step.own, *step.before)])
        free = left | guard
        for own, taken, use in step.plans:
            now = lost + own
            if now + others > slack:
                break
            rest = free - taken
            if rest & guard != guard:
                continue
            for shift, mask, leftover in step.dead:
                now += leftover[rest >> shift & mask]
            total = now + others
            if total > slack:
                continue
            for found in rivals:
                total += found.of(rest)
            rest &= live
            if total <= slack and ahead.get(rest, now + 1) > now:
                ahead[rest] = now
                yield Choice(total, at + 1, now, rest, (uses, use))

    def _aligned(self, uses: Uses) -> tuple[Counts, ...]:
        """The uses by the offers' own numbers."""
        found: dict[int, Counts] = {}
        for step in reversed(self.steps):
            assert uses is not None, "a whole choice has a plan for every offer"
            uses, found[step.offer] = uses
        return tuple([found[n] for n in range(len(self.steps))])


def by_frontier(own: Sequence[Sequence[int]], count: int) -> list[int]:
    """Offers in an order that keeps few classes half-decided: then choices often meet again."""
    users = [0] * count
    for classes in own:
        for at in classes:
            users[at] += 1
    opened = [False] * count
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
