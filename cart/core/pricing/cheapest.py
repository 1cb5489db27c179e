"""Three for two: of every group the cheapest units save. From dear to cheap a unit is paid for,
free if enough are paid for, or left out.

It must never be asked where a cheaper unit may save more than a dearer one: see `mixed.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from cart.core.pricing.budget import Budget
from cart.core.pricing.shapes import NEVER, Counts, Plan

# Of more units the best choice is bounded, not found.
EXACT_UNITS_MAX = 24
# A table of up to so many cells is made at once; of a larger one so many cells are a look.
CELLS_MAX = 50_000
CELLS_A_LOOK = 64


class Cheapest:
    """Of `paid` + `free` units of one use the cheapest `free` bring their worth; the others bring
    `paid_worths`, which may be negative.

    `classes` are ordered from dear to cheap, their worths likewise. The units of a plan are cut
    into uses from the dearest on: that makes the free ones as dear as they can be."""

    def __init__(
        self, classes: Counts, paid_worths: Counts, worths: Counts, paid: int, free: int,
        uses_max: int, budget: Budget,
    ) -> None:  # fmt: skip
        self.budget = budget
        self._left = 0
        self.classes = classes
        self.paid_worths = paid_worths
        self.worths = worths
        self.paid = paid
        self.free = free
        self.uses_max = uses_max

    def best(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """From dear to cheap a unit is paid for, free (if enough are paid for) or left out."""
        if not self._is_worth_it(values, caps):
            return 0, []
        if sum([caps[at] for at in self.classes]) > EXACT_UNITS_MAX:
            return self._relaxed(values, caps)
        return self._found(values, caps)

    def _found(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        units = [(at, k) for k, at in enumerate(self.classes) for _ in range(caps[at])]
        tops = self._tops(units, values)
        if not tops:
            return 0, []
        row = credit = 0
        taken = []
        for number, (at, k) in enumerate(units):
            top, after = tops[number][row][credit], tops[number + 1]
            if top == after[row][credit]:
                continue
            taken.append(at)
            paid_for = after[row][credit + self.free : credit + self.free + 1]
            if paid_for and top == paid_for[0] + self.paid_worths[k] - values[at]:
                credit += self.free
            else:
                row = min(row + 1, len(after) - 1)
                credit -= self.paid
                assert top == after[row][credit] + self.worths[k] - values[at]
        return tops[0][0][0], taken

    def _relaxed(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """Parts of uses count too: a free unit takes the cheapest credit of those before it, and
        gives it up again where a later one pays more for it."""
        credit: list[tuple[int, int, int, bool]] = []
        taken = [0] * len(self.classes)
        size = self.paid * self.free
        total = 0
        for k, at in enumerate(self.classes):
            cost, gain = values[at] - self.paid_worths[k], self.worths[k] - values[at]
            heappush(credit, (cost * self.paid, k, caps[at] * self.free, False))
            wanted = caps[at] * self.paid
            while wanted and credit and credit[0][0] < gain * self.free:
                price, other, amount, is_free = heappop(credit)
                moved = min(amount, wanted)
                if amount > moved:
                    heappush(credit, (price, other, amount - moved, is_free))
                heappush(credit, (gain * self.free, k, moved, True))
                total += (gain * self.free - price) * moved
                wanted -= moved
                taken[k] += moved * self.free
                taken[other] += moved * (-self.free if is_free else self.paid)
        units = [at for at, n in zip(self.classes, taken, strict=True) for _ in range(n // size)]
        return -(-total // size), units

    def _is_worth_it(self, values: Sequence[int], caps: Sequence[int]) -> bool:
        """Whether one use may bring anything: the cheapest units paid for, the best one free."""
        costs: list[int] = []
        gain = NEVER
        for at, paid_worth, worth in zip(self.classes, self.paid_worths, self.worths, strict=True):
            costs += [values[at] - paid_worth] * min(caps[at], self.paid)
            costs.sort()
            if caps[at]:
                gain = max(gain, worth - values[at])
            if len(costs) >= self.paid and gain * self.free > sum(costs[: self.paid]):
                return True
        return False

    def _tops(
        self, units: Sequence[tuple[int, int]], values: Sequence[int]
    ) -> list[list[list[int]]]:
        """tops[n][row][credit]: the most that the units from n on still bring. A unit that is paid
        for gives `free` credit, a free one takes `paid`; rows count free units where a limit does.
        """
        size = self.paid + self.free
        uses = self._uses(len(units))
        if not uses:
            return []
        rows = uses * self.free + 1 if uses < len(units) // size else 1
        paid, free = self.paid, self.free
        width = paid * free * uses + 1
        last = [[0] + [NEVER] * (width + free - 1) for _ in range(rows)]
        tops = [last]
        ahead, behind = [NEVER] * free, [NEVER] * paid
        for at, k in reversed(units):
            cost, gain = values[at] - self.paid_worths[k], self.worths[k] - values[at]
            after = tops[-1]
            if rows == 1:
                row = after[0]
                offs = [pay - cost for pay in row[free:] + ahead]
                takes = [take + gain for take in behind + row]
                tops.append([[*map(max, row, offs, takes)]])
                continue
            now = [
                [
                    max(skip, pay - cost, take + gain)
                    for skip, pay, take in zip(
                        row, row[free:] + ahead, behind + after[min(r + 1, rows - 1)], strict=False
                    )
                ]
                for r, row in enumerate(after)
            ]
            row = after[-1]  # in the last row nothing more is free
            now[-1] = [
                max(skip, pay - cost) for skip, pay in zip(row, row[free:] + ahead, strict=True)
            ]
            tops.append(now)
        tops.reverse()
        return tops

    def work(self, caps: Sequence[int]) -> int:
        """A table of `_tops` for each unit."""
        units = sum([caps[at] for at in self.classes])
        if units > EXACT_UNITS_MAX:
            return 10 + 6 * len(self.classes)
        return (10 * units + self._cells(caps)) // 12

    def plans(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
        """Walk from dear to cheap, as long as the rest can reach the floor; the best first."""
        units = [(at, k) for k, at in enumerate(self.classes) for _ in range(caps[at])]
        granted = self.budget.granted()
        self._left = granted - max(0, self._cells(caps) - CELLS_MAX) // CELLS_A_LOOK
        tops = self._tops(units, values) if self._left >= 0 else []
        found: list[Plan] = []
        if tops:
            self._list(values, caps, tops, floor, found)
        self.budget.spend(granted, self._left)
        yield from sorted(found, reverse=True)

    def plain(self, values: Sequence[int], caps: Sequence[int]) -> Plan | None:
        """The best one; where that is much to tell, the best of all units, the dearest half of
        them, and so on."""
        if self._cells(caps) <= CELLS_MAX:
            return self._plan(self._found(values, caps)[1], values)
        units = [at for at in self.classes for _ in range(caps[at])]
        uses = self._uses(len(units))
        sizes = [(uses >> n) * (self.paid + self.free) for n in range(uses.bit_length())]
        plans = [self._plan(units[:size], values) for size in sizes]
        return max([plan for plan in plans if plan is not None], default=None)

    def _plan(self, taken: Sequence[int], values: Sequence[int]) -> Plan | None:
        counts = tuple([taken.count(at) for at in self.classes])
        worth = self.worth_of(counts)
        paid = sum([values[at] for at in taken])
        return Plan(worth - paid, worth, counts) if worth > 0 else None

    def _uses(self, units: int) -> int:
        return min(self.uses_max, units // (self.paid + self.free))

    def _cells(self, caps: Sequence[int]) -> int:
        """How large the tables of `_tops` are together."""
        units = sum([caps[at] for at in self.classes])
        uses = self._uses(units)
        rows = uses * self.free + 1 if uses < units // (self.paid + self.free) else 1
        return units * rows * (self.paid * self.free * uses + 1)

    def worth_of(self, counts: Counts) -> int:
        """What these units bring, the free and the paid ones."""
        units = [k for k, n in enumerate(counts) for _ in range(n)]
        size = self.paid + self.free
        return sum([
            self.paid_worths[k] if n % size < self.paid else self.worths[k]
            for n, k in enumerate(units)
        ])  # fmt: skip

    def _list(
        self,
        values: Sequence[int],
        caps: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        found: list[Plan],
    ) -> None:
        self._walk((), (0, 0, 0, 0), values, caps, tops, floor, found)

    def _keep(self, use: Counts, worth: int, values: Sequence[int], found: list[Plan]) -> None:
        """Note a whole use of units that brings anything."""
        if worth > 0:
            spent = sum([values[at] * n for at, n in zip(self.classes, use, strict=True)])
            found.append(Plan(worth - spent, worth, use))

    def _may_look(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _walk(
        self,
        use: Counts,
        place: tuple[int, int, int, int],
        values: Sequence[int],
        caps: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        found: list[Plan],
    ) -> None:
        """Take more and more of a class: whether a unit is paid for follows from those before it.
        `place`: the units passed, those paid for, those that are free, what they bring."""
        passed, paid, free, worth = place
        rows = tops[passed]
        row = free if len(rows) > 1 else 0
        credit = paid * self.free - free * self.paid
        if rows[row][credit] < floor or not self._may_look():
            return
        if len(use) == len(self.classes):
            self._keep(use, worth, values, found)
            return
        k = len(use)
        cap, value = caps[self.classes[k]], values[self.classes[k]]
        passed += cap
        rows = tops[passed]
        for count in range(cap + 1):
            if row >= len(rows) or credit >= len(rows[row]):
                break
            self._walk((*use, count), (passed, paid, free, worth), values, caps, tops, floor, found)
            if (paid + free) % (self.paid + self.free) < self.paid:
                paid, credit, brings = paid + 1, credit + self.free, self.paid_worths[k]
            else:
                free, credit, brings = free + 1, credit - self.paid, self.worths[k]
                row = free if len(rows) > 1 else 0
            worth, floor = worth + brings, floor + value - brings
