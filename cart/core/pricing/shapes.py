"""The forms that offers take for the search: which units one use of an offer takes, what it saves.

Units that nothing tells apart are one *class* with a count. A *plan* is all that one offer does in
a basket: how many units it takes for each of its *entries*, (class, role) pairs. All worths are
integers of one scale. A shape must never know of money, tax or lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from cart.core.pricing.budget import Budget

Counts = tuple[int, ...]
NEVER = -(1 << 100)


class Plan(NamedTuple):
    """`value` is the worth less what its units cost at the given unit values; `use` is aligned with
    the shape's `classes`."""

    value: int
    worth: int
    use: Counts


class Shape(Protocol):
    """What the search asks of an offer. `classes` names the class of each entry; a class that
    stands there twice has two roles."""

    classes: Counts

    def best(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """At least the value of the best plan within `caps`, and the classes of its units."""

    def plans(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
        """Every plan within `caps` whose value is at least `floor`, but for the empty one."""

    def work(self, caps: Sequence[int]) -> int:
        """About how many steps `best` takes."""


# The exact worth of a plan, where it is not the sum of its parts (a cap, a share of mixed taxes).
Worth = Callable[[Counts], int]


class Slot(NamedTuple):
    """`need` units of one use, each out of `classes`; one of `classes[k]` brings `worths[k]`."""

    need: int
    classes: Counts
    worths: Counts


class Groups:
    """Uses of equal form: the units of every slot, and a constant that may be negative.

    `worth_of`, if given, is the exact worth of a plan and never more than the sum of its parts."""

    def __init__(
        self, slots: Sequence[Slot], constant: int, uses_max: int, worth_of: Worth | None = None
    ) -> None:
        self.slots = tuple(slots)
        self.constant = constant
        self.uses_max = uses_max
        self.worth_of = worth_of
        self.classes = tuple(at for slot in slots for at in slot.classes)
        self._starts = [
            sum(len(slot.classes) for slot in slots[:number]) for number in range(len(slots))
        ]

    def best(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """Every slot takes its best units; that two slots may want the same unit is not seen."""
        gains, ranked = self._ranked(values, caps)
        total = uses = 0
        for gain in gains:
            if gain <= 0:
                break
            total, uses = total + gain, uses + 1
        return total, [at for count, units in ranked for at in units[: uses * count]]

    def _ranked(
        self, values: Sequence[int], caps: Sequence[int]
    ) -> tuple[list[int], list[tuple[int, list[int]]]]:
        """What each use more brings at most, less and less; what a use takes of each slot, and the
        slot's units, the best first."""
        uses = self.uses_max
        ranked: list[tuple[int, list[int]]] = []
        costs: list[list[int]] = []
        for count, classes, worths in self.slots:
            order = sorted(
                [(values[at] - worth, at) for at, worth in zip(classes, worths, strict=True)]
            )
            units: list[int] = []
            paid: list[int] = []
            for cost, at in order:
                units += [at] * caps[at]
                paid += [cost] * caps[at]
            uses = min(uses, len(units) // count)
            ranked.append((count, units))
            costs.append(paid)
        gains = [self.constant] * uses
        for (count, _), paid in zip(ranked, costs, strict=True):
            for use in range(uses):
                gains[use] -= sum(paid[use * count : (use + 1) * count])
        return gains, ranked

    def work(self, caps: Sequence[int]) -> int:  # noqa: ARG002 - the protocol's
        """Units are sorted by class."""
        return 4 + len(self.classes)

    def plans(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
        """Fill slot after slot, dearest values first, as long as the rest can reach the floor."""
        tops = [*accumulate(self._ranked(values, caps)[0])]
        for uses in range(len(tops), 0, -1):
            if tops[uses - 1] < floor:
                continue
            left = list(caps)
            use = [0] * len(self.classes)
            for value in self._fill(0, uses, values, left, use, floor - uses * self.constant):
                total = value + uses * self.constant
                counts = tuple(use)
                worth = total + sum(
                    [values[at] * count for at, count in zip(self.classes, use, strict=True)]
                )
                if self.worth_of is not None:
                    exact = self.worth_of(counts)
                    total, worth = total - worth + exact, exact
                if worth > 0 and total >= floor:
                    yield Plan(total, worth, counts)

    def _fill(
        self,
        number: int,
        uses: int,
        values: Sequence[int],
        left: list[int],
        use: list[int],
        floor: int,
    ) -> Iterator[int]:
        if number == len(self.slots):
            yield 0
            return
        slot = self.slots[number]
        need = slot.need * uses
        start = self._starts[number]
        order = sorted(
            [
                (worth - values[at], start + k, at)
                for k, (at, worth) in enumerate(zip(slot.classes, slot.worths, strict=True))
                if left[at]
            ],
            reverse=True,
        )
        rest = self._most(number + 1, uses, values, left)
        for value in _picks(order, 0, need, left, use, floor - rest):
            for more in self._fill(number + 1, uses, values, left, use, floor - value):
                yield value + more

    def _most(self, number: int, uses: int, values: Sequence[int], left: Sequence[int]) -> int:
        """What the slots from `number` on bring at most."""
        total = 0
        for slot in self.slots[number:]:
            units: list[int] = []
            for at, worth in zip(slot.classes, slot.worths, strict=True):
                units += [worth - values[at]] * left[at]
            units.sort(reverse=True)
            total += sum(units[: slot.need * uses])
        return total


def _picks(
    order: Sequence[tuple[int, int, int]],
    position: int,
    need: int,
    left: list[int],
    use: list[int],
    floor: int,
) -> Iterator[int]:
    """Every choice of `need` units along `order` (best first) whose value reaches the floor."""
    if need == 0:
        if floor <= 0:
            yield 0
        return
    most, missing = 0, need
    for value, _, at in order[position:]:
        taken = min(left[at], missing)
        most += value * taken
        missing -= taken
        if not missing:
            break
    if missing or most < floor:
        return
    value, entry, at = order[position]
    for taken in range(min(left[at], need), -1, -1):
        left[at] -= taken
        use[entry] = taken
        for rest in _picks(order, position + 1, need - taken, left, use, floor - value * taken):
            yield value * taken + rest
        left[at] += taken
        use[entry] = 0


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
        """Walk from dear to cheap, as long as the rest can reach the floor; the best first."""
        units = [(at, k) for k, at in enumerate(self.classes) for _ in range(caps[at])]
        tops = self._tops(units, values)
        if tops:
            self._left = granted = self.budget.granted()
            found: list[Plan] = []
            self._list(values, caps, tops, floor, found)
            self.budget.spend(granted, self._left)
            yield from sorted(found, reverse=True)

    def _list(
        self,
        values: Sequence[int],
        caps: Sequence[int],
        tops: Sequence[list[list[int]]],
        floor: int,
        found: list[Plan],
    ) -> None:
        self._walk((), (0, 0, 0, 0), values, caps, tops, floor, found)

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
            if worth > 0:
                spent = sum([values[at] * n for at, n in zip(self.classes, use, strict=True)])
                found.append(Plan(worth - spent, worth, use))
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


class Fixed:
    """Uses whose units are told beforehand: a list of the plans for one use, two, and so on."""

    def __init__(self, classes: Counts, ladder: Sequence[tuple[Counts, int]]) -> None:
        self.classes = classes
        self.ladder = tuple(ladder)

    def best(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """The best rung."""
        top: tuple[int, Counts] = (0, ())
        for plan in self.plans(values, caps, 1):
            top = max(top, (plan.value, plan.use))
        return top[0], [at for at, n in zip(self.classes, top[1], strict=False) for _ in range(n)]

    def work(self, caps: Sequence[int]) -> int:  # noqa: ARG002 - the protocol's
        """A look at each rung."""
        return 4 + 2 * len(self.ladder)

    def plans(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
        """Every rung that the caps allow."""
        for use, worth in self.ladder:
            pairs = list(zip(self.classes, use, strict=True))
            value = worth - sum(values[at] * n for at, n in pairs)
            if value >= floor and worth > 0 and all(n <= caps[at] for at, n in pairs):
                yield Plan(value, worth, use)
