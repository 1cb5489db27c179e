"""The plans that lose little against a bound, and the search for the choice of them that loses
least.

A choice of some plans is told by what it lost and what it leaves; the rest loses at least what each
other offer alone must. So the first whole choice that is met is the best, and what is still open
then is no better. It must never look at lines or money.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, nsmallest
from itertools import islice
from typing import NamedTuple

from cart.core.pricing.bound import Bound, Problem, rest_top
from cart.core.pricing.shapes import Counts

# A choice opened is so many steps of work, and half a one more for each plan that is looked at;
# so many looks at what another offer must lose are one.
NODE_STEPS = 12
LOOKS_A_STEP = 8
PLANS_MAX = 1_000_000


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

    def __init__(self, table: Table, plans: Sequence[Loss], mask: int, dead: Dead) -> None:
        self.table = table
        self.plans = plans
        self.mask = mask
        self.guard = table.guard
        self.dead = dead
        self.none = table.slack + 1
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
        looks = 0
        for own, taken, _ in self.plans:
            if own >= found:
                break
            looks += 1
            rest = free - taken
            if rest & guard == guard:
                lost = own
                for shift, mask, leftover in self.dead:
                    lost += leftover[rest >> shift & mask]
                found = min(found, lost)
        self.table.steps += looks // LOOKS_A_STEP
        return found


class Step(NamedTuple):
    """One offer's turn: its plans, what it must lose; of those that come later and want the same
    units, what they must lose before it has chosen and after; the classes that are still wanted
    then, and those that nobody wants any more."""

    offer: int
    plans: list[Loss]
    losses: list[int]
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
    """The plans that lose at most `slack`, offer by offer, and the search among them. With more
    than `plans_max` of them it is not `whole` and good for nothing; of each offer `each_max` are
    looked at, beside those of a table at the same values that is `near`. An offer
    may also do nothing, whatever that loses."""

    def __init__(
        self, problem: Problem, bound: Bound, slack: int, plans_max: int = PLANS_MAX,
        each_max: int = PLANS_MAX, near: Table | None = None,
    ) -> None:  # fmt: skip
        self.slack = slack
        self.bound = bound
        self.size = self.steps = 0
        self.steps_max = 1 << 60
        self.plans_max = plans_max
        self.each_max = each_max
        self.near = near
        self.caps = problem.caps
        self.shift = []
        width = self.guard = self.left = 0
        for cap in problem.caps:
            self.shift.append(width)
            self.left |= cap << width
            width += cap.bit_length() + 1
            self.guard |= 1 << (width - 1)
        self.plans = plans = [self._plans(problem, bound, n) for n in range(len(problem.shapes))]
        self.whole = self.size <= plans_max
        if self.whole:
            self._link(problem, bound, plans)

    def _link(self, problem: Problem, bound: Bound, plans: Sequence[list[Loss]]) -> None:
        """What the offers must lose beside each other, in the order of the search."""
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
        self.turns: list[Step] = []
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
            losses = [plan.lost for plan in plans[n]]
            self.turns.append(Step(n, plans[n], losses, least[step], before, after, live, dead))

    def _least(self, plans: Sequence[Loss], own: Sequence[int], dead: Dead) -> Least:
        mask = sum([self._field(at) for at in own])
        return Least(self, plans, mask, dead)

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
        best: dict[int, Loss] = {0: Loss(top, 0, (0,) * len(shape.classes))}
        if self.near is not None:
            best = {plan.taken: plan for plan in self.near.plans[number]}
        plans = shape.plans(bound.values, problem.caps, top - self.slack)
        for plan in islice(plans, self.each_max):
            self.size += 1
            if self.size > self.plans_max:
                break
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

    def best(self, steps_max: int) -> tuple[Whole | None, int]:
        """The whole choice that loses least, and what everything else loses at least."""
        count = len(self.turns)
        self.steps_max = steps_max
        if self.must > self.slack:
            # What is not listed loses more than the slack, perhaps less than what is.
            return None, self.slack + 1
        heap: list[Open] = [(0, 0, 0, Choice(self.must, 0, self.lost, self.left, None))]
        seen: list[dict[int, int]] = [{} for _ in range(count + 1)]
        number = 0
        while heap:
            choice = heappop(heap)[-1]
            at = choice.decided
            if at == count:
                return Whole(choice.lost, self._aligned(choice.uses)), choice.must
            if seen[at].get(choice.left, choice.lost) < choice.lost:
                continue
            for after in self._after(choice, seen[at + 1]):
                number += 1
                heappush(heap, (after.must, -at, number, after))
            if self.steps >= steps_max:
                return None, choice.must
        return None, self.slack + 1

    def good(self, width: int, steps_max: int) -> Whole:
        """A whole choice without a proof: of those that decided as many offers only the `width`
        that must lose least are followed, the best alone when that takes long. After it the table
        is good for nothing else."""
        self.slack = 1 << self.slack.bit_length() + 60
        edge = [Choice(self.must, 0, self.lost, self.left, None)]
        for _ in self.turns:
            ahead: dict[int, int] = {}
            found: list[Choice] = []
            for choice in edge:
                if not found or self.steps < steps_max:
                    found += self._after(choice, ahead)
            edge = nsmallest(width, found, key=lambda choice: choice.must)
        return Whole(edge[0].lost, self._aligned(edge[0].uses))

    def _after(self, choice: Choice, ahead: dict[int, int]) -> Iterator[Choice]:
        """One offer more is decided; `ahead` says what was left before, and lost."""
        must, at, lost, left, uses = choice
        slack, guard, step = self.slack, self.guard, self.turns[at]
        rivals, live = step.after, step.live
        others = must - lost - sum([found.of(left) for found in (step.own, *step.before)])
        free = left | guard
        near = bisect_right(step.losses, slack - lost - others)
        self.steps += NODE_STEPS + near // 2
        for own, taken, use in step.plans[:near]:
            if self.steps >= self.steps_max:
                return
            now = lost + own
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
                if total > slack:
                    break
            rest &= live
            if total <= slack and ahead.get(rest, now + 1) > now:
                ahead[rest] = now
                yield Choice(total, at + 1, now, rest, (uses, use))

    def _aligned(self, uses: Uses) -> tuple[Counts, ...]:
        """The uses by the offers' own numbers."""
        found: dict[int, Counts] = {}
        for step in reversed(self.turns):
            assert uses is not None, "a whole choice has a plan for every offer"
            uses, found[step.offer] = uses
        return tuple([found[n] for n in range(len(self.turns))])


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
