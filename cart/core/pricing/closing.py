"""Every legal set of uses of offers on items that may still be worth so much: all of them, one by
one, for where offers on the basket and coupons make another set the cheaper one than the search
thinks.

Values of units tell which sets need not be looked at: every set loses something against the bound
that they give, and what loses too much cannot matter. It reads offers by
`legal.py` and must never import the search.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cart.core.pricing.field import Component
from cart.core.pricing.legal import (
    USES,
    Reader,
    TooManyError,
    Use,
    is_alone,
    is_ladder,
    ladder,
    saving_alone,
    worth,
)

# Uses of one offer: (offer, use) pairs.
Uses = tuple[tuple[int, Use], ...]
# One look at a set, or at a part of it, in steps of work.
SET_STEPS = 8


class Option(NamedTuple):
    """All that one offer does: what it loses against the bound, the units it takes of each class,
    its uses."""

    lost: int
    taken: tuple[int, ...]
    uses: Uses


class Closing:
    """The sets of uses that are worth at least `need`; `steps_max` bounds the work."""

    def __init__(self, case: Component, values: Sequence[int], need: int, steps_max: int) -> None:
        self.case = case
        self.values = values
        self.need = need
        self.steps_max = steps_max
        self.steps = self.slack = 0
        self.options: list[list[Option]] = []
        self.tables: list[list[list[Option]]] = []

    def open(self) -> None:
        """Make lists of what each offer may do. Raises TooManyError."""
        case, values = self.case, self.values
        groups = [n for n, offer in enumerate(case.contenders) if not is_alone(offer)]
        options = [self._options(n) for n in groups]
        tables = [self._alone(at) for at in range(len(case.classes))]
        paid = [n * found.quantity for n, found in zip(values, case.classes, strict=True)]
        tops = [min(row)[0] for row in options]
        rests = [min([row[0][0] for row in table]) for table in tables]
        # Nothing is worth more than this; what a set loses against it is told from here on.
        self.slack = sum(paid) - sum(tops) - sum(rests) - self.need
        self.options = [self._near(row, top) for row, top in zip(options, tops, strict=True)]
        self.tables = [
            [self._near(row, rest) for row in table]
            for table, rest in zip(tables, rests, strict=True)
        ]

    def _near(self, row: Sequence[Option], top: int) -> list[Option]:
        return [option._replace(lost=option.lost - top) for option in row
                if option.lost - top <= self.slack]  # fmt: skip

    def _step(self, looks: int = 1) -> None:
        self.steps += SET_STEPS * looks
        if self.steps > self.steps_max:
            raise TooManyError

    def _options(self, number: int) -> list[Option]:
        """What one offer may do. Uses that take the same off the same units are one."""
        offer = self.case.contenders[number]
        reader = Reader(self.case, offer, self._step)
        none = Option(0, (0,) * len(self.case.classes), ())
        if is_ladder(offer.deal):
            found = [none, *[self._more(none, number, rung) for rung in ladder(reader)]]
        else:
            found = self._repeated(number, reader, none)
        return sorted(found)

    def _repeated(self, number: int, reader: Reader, none: Option) -> list[Option]:
        single = [self._more(none, number, use) for use in USES[type(reader.deal)](reader)]
        known: dict[tuple[tuple[int, int], ...], Option] = {(): none}
        edge = [none]
        for _ in range(reader.uses_max):
            after = []
            for done in edge:
                for more in single:
                    self._step()
                    both = self._both(done, more)
                    if not self._fits(both.taken):
                        continue
                    key = tuple(sorted([pair for _, units in both.uses for pair in units]))
                    if key not in known:
                        known[key] = both
                        after.append(both)
            if not after:
                break
            edge = after
        return list(known.values())

    def _more(self, option: Option, number: int, use: Use) -> Option:
        units = [at for at, _ in use]
        taken = tuple([n + units.count(at) for at, n in enumerate(option.taken)])
        cost = sum([self.values[at] for at in units])
        brings = worth(self.case, self.case.contenders[number], use)
        return Option(option.lost + cost - brings, taken, (*option.uses, (number, use)))

    def _both(self, one: Option, other: Option) -> Option:
        taken = tuple([a + b for a, b in zip(one.taken, other.taken, strict=True)])
        return Option(one.lost + other.lost, taken, one.uses + other.uses)

    def _fits(self, taken: Sequence[int]) -> bool:
        return all(n <= found.quantity for n, found in zip(taken, self.case.classes, strict=True))

    def _alone(self, at: int) -> list[list[Option]]:
        """What so many leftover units of a class may do in the offers that are a matter of it
        alone; what they lose counts their value."""
        offers = [
            (n, Reader(self.case, offer))
            for n, offer in enumerate(self.case.contenders)
            if is_alone(offer) and at in offer.covered
        ]
        found = self.case.classes[at]
        return [
            sorted([Option(self.values[at] * left - saved, (), uses)
                    for saved, uses in self._split(at, offers, left)])
            for left in range(found.quantity + 1)
        ]  # fmt: skip

    def _split(
        self, at: int, offers: Sequence[tuple[int, Reader]], left: int
    ) -> Iterator[tuple[int, Uses]]:
        """Every way to give up to `left` units to offers on single units."""
        self._step()
        if not offers:
            yield 0, ()
            return
        (number, reader), *others = offers
        for count in range(left + 1):
            saving_minor = saving_alone(reader, at, count)
            if count and not saving_minor:
                continue
            each, more = divmod(saving_minor, count) if count else (0, 0)
            use = tuple([(at, each + (k < more)) for k in range(count)])
            gained = saving_minor * self.case.classes[at].worth
            for saved, uses in self._split(at, others, left - count):
                yield gained + saved, ((number, use), *uses) if count else uses

    def sets(self) -> Iterator[Uses]:
        """The uses of each set. Raises TooManyError."""
        yield from self._sets(0, [found.quantity for found in self.case.classes], 0, ())

    def _sets(self, number: int, left: list[int], lost: int, uses: Uses) -> Iterator[Uses]:
        self._step()
        if number == len(self.options):
            yield from self._leftovers(0, left, lost, uses)
            return
        for option in self.options[number]:
            if lost + option.lost > self.slack:
                break
            after = [n - taken for n, taken in zip(left, option.taken, strict=True)]
            if min(after, default=0) >= 0:
                yield from self._sets(number + 1, after, lost + option.lost, uses + option.uses)

    def _leftovers(self, at: int, left: Sequence[int], lost: int, uses: Uses) -> Iterator[Uses]:
        self._step()
        if at == len(left):
            yield uses
            return
        for option in self.tables[at][left[at]]:
            if lost + option.lost > self.slack:
                break
            yield from self._leftovers(at + 1, left, lost + option.lost, uses + option.uses)
