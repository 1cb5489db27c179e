"""What offers on single units have in common: a saving for each unit, groups, limits, an order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from cart.core.pricing.field import Field, Use
from cart.core.pricing.offers import Deal
from cart.core.pricing.shapes import Counts, Fixed, Groups, Slot
from cart.core.pricing.uses import Compiled, Each, cut, units_of_counts

# Which units of several a group takes: the shopper's best choice, or an order that is told.
Pick = Literal["best", "line_order", "cheapest", "dearest"]

# What n units of a class save together, at most their price.
Saving = Callable[[int, int], int]


def compiled_singles(
    field: Field, saving_minor: Saving, group_size: int = 1, pick: Pick = "best"
) -> Iterator[Compiled | Each]:
    """A matter of each class alone, unless units are grouped, counted or told."""
    if unlimited(field.deal):
        for at in field.covered:
            count = field.classes[at].quantity
            yield Each(at, tuple([saving_minor(at, n) for n in range(count + 1)]))
        return
    uses_max = field.uses_max
    units_max = getattr(field.deal, "max_units", None)
    if units_max is not None:
        uses_max = min(uses_max, units_max // group_size)
    if pick != "best":
        yield _told(field, saving_minor, group_size, uses_max, pick)
        return
    classes = tuple(field.covered) if group_size == 1 else tuple(field.pieces())
    by_class = {at: saving_minor(at, 1) for at in classes}
    worths = tuple([field.worth(at, by_class[at]) for at in classes])

    def uses(counts: Counts) -> list[Use]:
        groups = cut(units_of_counts(classes, counts), group_size)
        return [tuple([(at, by_class[at]) for at in group]) for group in groups]

    slots = [Slot(group_size, classes, worths)]
    yield Compiled(Groups(slots, 0, uses_max, budget=field.budget), uses)


def unlimited(deal: Deal) -> bool:
    """Whether an offer is a matter of each class alone: on single units, without any limit."""
    limits = (deal.max_applications, deal.max_per_shopper, getattr(deal, "max_units", None))
    return (
        getattr(deal, "single", False)
        and limits == (None, None, None)
        and getattr(deal, "group_size", 1) == 1
        and getattr(deal, "pick", "best") == "best"
        and deal.stack != "exclusive"
    )


def _told(
    field: Field, saving_minor: Saving, group_size: int, uses_max: int, pick: Pick
) -> Compiled:
    """The first whole groups, in an order that is told."""
    units = _in_order(field, pick)
    classes = tuple(sorted(frozenset(units)))
    made: dict[Counts, list[Use]] = {}
    for count in range(1, min(uses_max, len(units) // group_size) + 1):
        taken = units[: count * group_size]
        groups = cut(taken, group_size)
        use = [tuple([(at, saving_minor(at, 1)) for at in group]) for group in groups]
        made[tuple([taken.count(at) for at in classes])] = use
    ladder = [(counts, field.worth_of_uses(use)) for counts, use in made.items()]
    return Compiled(Fixed(classes, ladder), lambda counts: made.get(counts, []))


def _in_order(field: Field, pick: Pick) -> Sequence[int]:
    classes = field.in_order(pick)
    return units_of_counts(classes, field.counts(classes))
