"""The forms that offers take for the search: which units one use of an offer takes, what it saves.

Units that nothing tells apart are one *class* with a count. A *plan* is all that one offer does in
a basket: how many units it takes for each of its *entries*, (class, role) pairs. All worths are
integers of one scale. A shape must never know of money, tax or lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from cart.core.pricing.budget import LOOKS_MAX, Budget

Counts = tuple[int, ...]
NEVER = -(1 << 100)
# So many looks in a row may find no plan before they are counted; an exact worth is so many.
VAIN_MAX = 200
EXACT_LOOKS = 12
# Of all such looks at most so many; of an exact worth so many units are a look, if they are many.
VAIN_ALL_MAX = 20_000
UNITS_A_LOOK = 16


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

    def plain(self, values: Sequence[int], caps: Sequence[int]) -> Plan | None:
        """A plan that is found at once, where listing them would take long; None without one."""

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

    `worth_of`, if given, is the exact worth of a plan and never more than the sum of its parts.
    Listing plans where long nothing is found spends the `budget`."""

    def __init__(
        self, slots: Sequence[Slot], constant: int, uses_max: int, worth_of: Worth | None = None,
        budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self.budget = budget or Budget(LOOKS_MAX)
        self._left = self._vain = self._vain_all = 0
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
        granted = self._left = self.budget.granted()
        self._vain = self._vain_all = 0
        try:
            yield from self._listed(values, caps, floor)
        finally:
            self.budget.spend(granted, self._left)

    def plain(self, values: Sequence[int], caps: Sequence[int]) -> Plan | None:
        """Slot after slot takes its best units of what is left: of all counts of uses the best."""
        found: Plan | None = None
        for uses in range(self.uses_max_of(caps), 0, -1):
            plan = self._plainly(uses, values, list(caps))
            if plan is not None and (found is None or plan.value > found.value):
                found = plan
        return found

    def _plainly(self, uses: int, values: Sequence[int], left: list[int]) -> Plan | None:
        use = [0] * len(self.classes)
        total = self.constant * uses
        for slot, start in zip(self.slots, self._starts, strict=True):
            missing = slot.need * uses
            pairs = zip(slot.classes, slot.worths, strict=True)
            ranked = sorted([(values[at] - worth, k, at) for k, (at, worth) in enumerate(pairs)])
            for cost, k, at in ranked:
                taken = min(left[at], missing)
                left[at] -= taken
                missing -= taken
                use[start + k] = taken
                total -= cost * taken
            if missing:
                return None
        paid = sum([values[at] * n for at, n in zip(self.classes, use, strict=True)])
        counts = tuple(use)
        worth = total + paid if self.worth_of is None else self.worth_of(counts)
        return Plan(worth - paid, worth, counts) if worth > 0 else None

    def uses_max_of(self, caps: Sequence[int]) -> int:
        """How many uses there are units for."""
        most = [sum([caps[at] for at in slot.classes]) // slot.need for slot in self.slots]
        return min([self.uses_max, *most])

    def _in_vain(self, looks: int) -> None:
        """Count looks that found nothing, where there were many in a row."""
        self._vain += looks
        self._vain_all += looks
        if self._vain > VAIN_MAX or self._vain_all > VAIN_ALL_MAX:
            self._left -= looks

    def _listed(self, values: Sequence[int], caps: Sequence[int], floor: int) -> Iterator[Plan]:
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
                    self._left -= sum(counts) // UNITS_A_LOOK
                    exact = self.worth_of(counts)
                    total, worth = total - worth + exact, exact
                if worth > 0 and total >= floor:
                    self._vain = 0
                    yield Plan(total, worth, counts)
                else:
                    self._in_vain(EXACT_LOOKS)

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
        for value in self._picks(order, 0, need, left, use, floor - rest):
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
        self,
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
        if self._left < 0:
            return
        most, missing = 0, need
        for value, _, at in order[position:]:
            taken = min(left[at], missing)
            most += value * taken
            missing -= taken
            if not missing:
                break
        if missing or most < floor:
            self._in_vain(1)
            return
        value, entry, at = order[position]
        for taken in range(min(left[at], need), -1, -1):
            left[at] -= taken
            use[entry] = taken
            rest_floor = floor - value * taken
            for rest in self._picks(order, position + 1, need - taken, left, use, rest_floor):
                yield value * taken + rest
            left[at] += taken
            use[entry] = 0


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

    def plain(self, values: Sequence[int], caps: Sequence[int]) -> Plan | None:
        """The best rung."""
        return max(self.plans(values, caps, 1), default=None)
