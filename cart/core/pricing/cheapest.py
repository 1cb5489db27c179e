"""The form of "three for two" for the search: of each group the cheapest bring what they are worth.

It must never know of money, tax or lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cart.core.pricing.budget import Budget
from cart.core.pricing.shapes import NEVER, Counts, Plan


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

    def _tops(
        self, units: Sequence[tuple[int, int]], values: Sequence[int]
    ) -> list[list[list[int]]]:
        """tops[n][row][credit]: the most that the units from n on still bring. A unit that is paid
        for gives `free` credit, a free one takes `paid`; rows count free units where a limit does.
        """
        size = self.paid + self.free
        uses = min(self.uses_max, len(units) // size)
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
        uses = min(self.uses_max, units // (self.paid + self.free))
        rows = uses * self.free + 1 if uses < units // (self.paid + self.free) else 1
        return units * (10 + rows * (self.paid * self.free * uses + 1)) // 5

    def plans(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
        """Walk from dear to cheap, as long as the rest can reach the floor."""
        units = [(at, k) for k, at in enumerate(self.classes) for _ in range(caps[at])]
        tops = self._tops(units, values)
        if not tops:
            return
        size = self.paid + self.free
        found: set[Counts] = set()
        use = [0] * len(self.classes)
        self._left = granted = self.budget.granted()
        self._roam((0, 0, 0, 0), units, values, tops, floor, use, found)
        self.budget.spend(granted, self._left)
        for counts in sorted(found):
            uses, odd = divmod(sum(counts), size)
            if odd or not 0 < uses <= self.uses_max:
                continue
            worth = self.worth_of(counts)
            value = worth - sum(
                [values[at] * n for at, n in zip(self.classes, counts, strict=True)]
            )
            if worth > 0 and value >= floor:
                yield Plan(value, worth, counts)

    def plain(self, values: Sequence[int], caps: Sequence[int]) -> Plan | None:
        """The best one, as far as `best` sees it."""
        _, taken = self.best(values, caps)
        counts = tuple([taken.count(at) for at in self.classes])
        worth = self.worth_of(counts)
        paid = sum([values[at] for at in taken])
        return Plan(worth - paid, worth, counts) if worth > 0 else None

    def worth_of(self, counts: Counts) -> int:
        """What these units bring, the free and the paid ones."""
        units = [k for k, n in enumerate(counts) for _ in range(n)]
        size = self.paid + self.free
        return sum([
            self.paid_worths[k] if n % size < self.paid else self.worths[k]
            for n, k in enumerate(units)
        ])  # fmt: skip

    def _may_look(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _roam(
        self,
        place: tuple[int, int, int, int],
        units: Sequence[tuple[int, int]],
        values: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        use: list[int],
        found: set[Counts],
    ) -> None:
        """Take a unit or leave it out: whether it is paid for follows from those taken before."""
        number, row, credit, taken = place
        if tops[number][row][credit] < floor or not self._may_look():
            return
        if number == len(units):
            found.add(tuple(use))
            return
        at, k = units[number]
        after = number + 1
        rest = (units, values, tops)
        use[k] += 1
        if taken % (self.paid + self.free) < self.paid:
            if credit + self.free < len(tops[after][row]):
                paid_for = (after, row, credit + self.free, taken + 1)
                self._roam(paid_for, *rest, floor + values[at] - self.paid_worths[k], use, found)
        elif row + 1 < len(tops[after]) or len(tops[after]) == 1:
            freed = (after, min(row + 1, len(tops[after]) - 1), credit - self.paid, taken + 1)
            self._roam(freed, *rest, floor + values[at] - self.worths[k], use, found)
        use[k] -= 1
        # Left out: then its equals are left out too, or one set of units would be found twice.
        while after < len(units) and units[after][0] == at:
            after += 1
        self._roam((after, row, credit, taken), *rest, floor, use, found)
