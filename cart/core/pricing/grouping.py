"""Which units make a group together, where that changes what they save.

A saving is shared in proportion to prices. Where the units of an offer are taxed differently, or
each group is rounded, the same units save more in some groups than in others: then every way to cut
them is compared. It must never decide which units an offer takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from cart.core.pricing.field import Field, Use
from cart.core.pricing.shapes import Counts, Slot


class Cut(NamedTuple):
    """What some units bring at most, and the entries of the first group; None: they cannot be cut
    into groups that all save."""

    worth: int
    first: Counts


class Grouping:
    """The groups of an offer: one takes `need` units of each slot. `use_of` says what the units of
    one group save."""

    def __init__(
        self, slots: Sequence[Slot], use_of: Callable[[Sequence[int]], Use], field: Field
    ) -> None:
        self.slots = tuple(slots)
        self.use_of = use_of
        self.field = field
        self.classes = tuple([at for slot in slots for at in slot.classes])
        self._uses: dict[Counts, tuple[Use, int]] = {}
        nothing = (0,) * len(self.classes)
        self._cuts: dict[Counts, Cut | None] = {nothing: Cut(0, ())}

    def worth_of(self, counts: Counts) -> int:
        """The most that these units bring, 0 if they make no groups. Where there are too many ways
        to tell, which the field's budget then says, what the first way brings."""
        if counts not in self._cuts and not self._compare(counts):
            return self.field.worth_of_uses(self.uses(counts))
        found = self._cuts[counts]
        return 0 if found is None else found.worth

    def uses(self, counts: Counts) -> list[Use]:
        """The best groups that were found; where none were looked for, the first units of every
        slot make a group, and so on."""
        made = []
        while any(counts):
            found = self._cuts.get(counts)
            first = self._first(counts) if found is None else found.first
            made.append(self._use(first)[0])
            counts = _less(counts, first)
        return [use for use in made if any(off_minor for _, off_minor in use)]

    def _compare(self, counts: Counts) -> bool:
        """Compare all first groups; false if that takes too long."""
        best: Cut | None = None
        for group in self._groups(counts):
            if not self.field.budget.may_look():
                return False
            use, worth = self._use(group)
            rest = _less(counts, group)
            if not any(off_minor for _, off_minor in use):
                continue
            if rest not in self._cuts and not self._compare(rest):
                return False
            after = self._cuts[rest]
            if after is not None and (best is None or worth + after.worth > best.worth):
                best = Cut(worth + after.worth, group)
        self._cuts[counts] = best
        return True

    def _use(self, group: Counts) -> tuple[Use, int]:
        found = self._uses.get(group)
        if found is None:
            use = self.use_of([self.classes[entry] for entry in group])
            found = self._uses[group] = use, self.field.worth_of_uses([use])
        return found

    def _parts(self, counts: Counts) -> Iterator[tuple[int, list[int]]]:
        """What a group needs of every slot, and the entries of its units."""
        start = 0
        for slot in self.slots:
            entries = range(start, start + len(slot.classes))
            yield slot.need, [entry for entry in entries for _ in range(counts[entry])]
            start += len(slot.classes)

    def _first(self, counts: Counts) -> Counts:
        return tuple([entry for need, units in self._parts(counts) for entry in units[:need]])

    def _groups(self, counts: Counts) -> Iterator[Counts]:
        """Every group that has the first unit: some group has it."""
        (need, units), *others = self._parts(counts)
        columns = [[(units[0], *rest) for rest in _some(units[1:], need - 1)]]
        columns += [list(_some(units, need)) for need, units in others]
        for choice in product(*columns):
            yield tuple([entry for part in choice for entry in part])


def _some(units: Sequence[int], need: int) -> Iterator[Counts]:
    """Every choice of `need` of these units, equal ones told apart by nothing."""
    if not need:
        yield ()
        return
    for at in range(len(units) - need + 1):
        if not at or units[at] != units[at - 1]:
            for rest in _some(units[at + 1 :], need - 1):
                yield (units[at], *rest)


def _less(counts: Counts, group: Counts) -> Counts:
    left = list(counts)
    for entry in group:
        left[entry] -= 1
    return tuple(left)
