"""Which units make a group together, where that changes what they save.

A saving is shared in proportion to prices. Where the units of an offer are taxed differently, or
each group is rounded, the same units save more in some groups than in others: then every way to cut
them is compared. It must never decide which units an offer takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice, product
from typing import NamedTuple

from cart.core.pricing.field import Field, Use
from cart.core.pricing.shapes import Counts, Groups, Slot

# How many choices of groups are looked at for a bound: then a looser one will do.
TRIES_MAX = 200
# A group costs as much as so many other looks, and one more for so many units.
COLUMN_LOOKS = 3
UNITS_A_LOOK = 8


class Column(NamedTuple):
    """One group: what it brings, its units (packed as `Grouping` says; by entry; by class), and
    its use."""

    worth: int
    taken: int
    entries: Counts
    units: Counts
    use: Use


class Cut(NamedTuple):
    """What some units bring at most, and one of their groups; None: they cannot be cut into groups
    that all save."""

    worth: int
    first: Column | None


class Grouping:
    """The groups of an offer: one takes `need` units of each slot. `use_of` says what the units of
    one group save. Units stand in one integer, a field for each entry with a bit on top that says
    whether it went below 0."""

    def __init__(
        self, slots: Sequence[Slot], use_of: Callable[[Sequence[int]], Use], field: Field
    ) -> None:
        self.slots = tuple(slots)
        self.most = max([slot.need for slot in slots], default=0)
        self.use_of = use_of
        self.field = field
        self.classes = tuple([at for slot in slots for at in slot.classes])
        self.shifts = []
        width = self.guard = 0
        for count in field.counts(self.classes):
            self.shifts.append(width)
            width += count.bit_length() + 1
            self.guard |= 1 << (width - 1)
        self._cuts: dict[int, Cut | None] = {0: Cut(0, None)}

    @cached_property
    def columns(self) -> tuple[Column, ...] | None:
        """Every group that saves; None if those are too many, as the field's budget then says."""
        caps = self.field.counts(self.classes)
        parts: list[list[Counts]] = []
        for need, there in self._parts(caps):
            parts.append([])
            for some in _some(there, need):
                if not self.field.budget.may_look(1 + need // UNITS_A_LOOK):
                    return None
                parts[-1].append(some)
        found = []
        looks = COLUMN_LOOKS + sum([slot.need for slot in self.slots]) // UNITS_A_LOOK
        for choice in product(*parts):
            if not self.field.budget.may_look(looks):
                return None
            entries = tuple([entry for part in choice for entry in part])
            units = tuple([self.classes[entry] for entry in entries])
            use = self.use_of(units)
            if any(off_minor for _, off_minor in use):
                worth = self.field.worth_of_uses([use])
                taken = sum([1 << self.shifts[entry] for entry in entries])
                found.append(Column(worth, taken, entries, units, use))
        return tuple(found)

    def plane(self) -> tuple[Counts, int] | None:
        """What a unit of each entry brings and a constant, so that no group brings more: the plane
        over price and taxed price that fits the groups best, lifted. None if there is none."""
        columns = self.columns or ()
        prices = [self.field.price_minor(at) for at in self.classes]
        taxed = [price * self.field.unit_worth(at)
                 for price, at in zip(prices, self.classes, strict=True)]  # fmt: skip
        rows = [
            (sum([prices[e] for e in entries]), sum([taxed[e] for e in entries]), worth)
            for worth, _, entries, *_ in columns
        ]
        sums = [sum(found) for found in zip(*rows, strict=True)]
        rows = [tuple([len(rows) * n - total for n, total in zip(row, sums, strict=True)])
                for row in rows]  # fmt: skip

        def dot(one: int, other: int) -> int:
            return sum([row[one] * row[other] for row in rows])

        whole = dot(0, 0) * dot(1, 1) - dot(0, 1) ** 2
        if not whole:
            return None
        by_price = dot(0, 2) * dot(1, 1) - dot(1, 2) * dot(0, 1)
        by_taxed = dot(1, 2) * dot(0, 0) - dot(0, 2) * dot(0, 1)
        worths = tuple([
            (price * by_price + more * by_taxed) // whole
            for price, more in zip(prices, taxed, strict=True)
        ])  # fmt: skip
        lifts = [column.worth - sum([worths[e] for e in column.entries]) for column in columns]
        return worths, max(lifts)

    @cached_property
    def _by_first(self) -> dict[int, list[Column]]:
        """The columns by the place of their first unit."""
        found: dict[int, list[Column]] = {}
        for column in self.columns or ():
            found.setdefault(self.shifts[column.entries[0]], []).append(column)
        return found

    def packed(self, counts: Sequence[int]) -> int:
        """Units of each entry as one integer."""
        return sum([n << shift for n, shift in zip(counts, self.shifts, strict=True)])

    def worth_of(self, counts: Counts) -> int:
        """The most that these units bring, 0 if they make no groups. Where there are too many ways
        to tell, which the field's budget then says, what the first way brings."""
        left = self.packed(counts)
        if self.columns is not None and self._compare(left):
            found = self._cuts[left]
            return 0 if found is None else found.worth
        return self.field.worth_of_uses(self.uses(counts))

    def uses(self, counts: Counts) -> list[Use]:
        """The best groups that were found; where none were looked for, the first units of every
        slot make a group, and so on."""
        made = []
        while any(counts):
            found = self._cuts.get(self.packed(counts))
            if found is None or found.first is None:
                entries = self._first(counts)
                use = self.use_of([self.classes[entry] for entry in entries])
            else:
                entries, use = found.first.entries, found.first.use
            made.append(use)
            counts = tuple([n - entries.count(entry) for entry, n in enumerate(counts)])
        return [use for use in made if any(off_minor for _, off_minor in use)]

    def _compare(self, left: int) -> bool:
        """Compare all groups that have the first unit: some group has it. False if that takes too
        long."""
        if left in self._cuts:
            return True
        if not self.field.budget.may_look():
            return False
        best: Cut | None = None
        free, guard = left | self.guard, self.guard
        place = (left & -left).bit_length() - 1
        first = max([shift for shift in self.shifts if shift <= place])
        for column in self._by_first.get(first, ()):
            rest = free - column.taken
            if rest & guard != guard:
                continue
            if not self._compare(rest ^ guard):
                return False
            after = self._cuts[rest ^ guard]
            if after is not None and (best is None or column.worth + after.worth > best.worth):
                best = Cut(column.worth + after.worth, column)
        self._cuts[left] = best
        return True

    def _parts(self, counts: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """What a group needs of every slot, and the entries of its units."""
        start = 0
        for slot in self.slots:
            entries = range(start, start + len(slot.classes))
            yield slot.need, [entry for entry in entries for _ in range(counts[entry])]
            start += len(slot.classes)

    def _first(self, counts: Counts) -> Counts:
        few = [min(count, self.most) for count in counts]
        return tuple([entry for need, units in self._parts(few) for entry in units[:need]])


class Grouped(Groups):
    """Uses of which each group is worth what it is: see `Grouping`."""

    def __init__(
        self, slots: Sequence[Slot], constant: int, uses_max: int, grouping: Grouping
    ) -> None:
        plane = grouping.plane() if grouping.columns else None
        if plane is not None:
            worths, constant = iter(plane[0]), plane[1]
            slots = [slot._replace(worths=tuple(islice(worths, len(slot.classes))))
                     for slot in slots]  # fmt: skip
        super().__init__(slots, constant, uses_max, grouping.worth_of, grouping.field.budget)
        self.grouping = grouping

    def best(self, values: Sequence[int], caps: Sequence[int]) -> tuple[int, list[int]]:
        """The best groups beside each other; where that is much to tell, at least so much."""
        columns = self.grouping.columns
        most, units = super().best(values, caps)
        if columns is None or not most:
            return most, units
        gains = [column.worth - sum([values[at] for at in column.units]) for column in columns]
        order = sorted([n for n, gain in enumerate(gains) if gain > 0], key=lambda n: -gains[n])
        self._gains = [(gains[n], columns[n]) for n in order]
        self._tries = TRIES_MAX
        self._top: tuple[int, list[Column]] = (0, [])
        self._tops = [*accumulate(self._ranked(values, caps)[0])]
        left = self.grouping.packed([caps[at] for at in self.classes]) | self.grouping.guard
        self._take(0, left, 0, [])
        top, found = self._top
        if self._tries <= 0:
            top = most
        return top, [at for column in found for at in column.units]

    def work(self, caps: Sequence[int]) -> int:
        """A look at each group."""
        return super().work(caps) + len(self.grouping.columns or ())

    def _take(self, start: int, left: int, gained: int, taken: list[Column]) -> None:
        """Add groups, the best first, as long as they may become better than the best so far."""
        if gained > self._top[0]:
            self._top = gained, taken
            while self._tops and self._tops[-1] <= gained:
                self._tops.pop()
        guard = self.grouping.guard
        for n in range(start, len(self._gains)):
            gain, column = self._gains[n]
            if gained + gain * (len(self._tops) - len(taken)) <= self._top[0]:
                return
            self._tries -= 1
            if self._tries <= 0:
                return
            rest = left - column.taken
            if rest & guard == guard:
                self._take(n, rest, gained + gain, [*taken, column])


def _some(units: Sequence[int], need: int) -> Iterator[Counts]:
    """Every choice of `need` of these units, equal ones told apart by nothing."""
    if not need:
        yield ()
        return
    for at in range(len(units) - need + 1):
        if not at or units[at] != units[at - 1]:
            for rest in _some(units[at + 1 :], need - 1):
                yield (units[at], *rest)
