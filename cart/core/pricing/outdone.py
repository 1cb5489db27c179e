"""Offers that another offer always outdoes: whatever one use of them takes, the other can do with
the same units, for no less. The search need not look at them.

It must never drop what might be better in some basket: where it cannot tell, an offer stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.cheapest import Cheapest
from cart.core.pricing.grouping import Grouped
from cart.core.pricing.shapes import Counts, Groups, Shape


def lasting(shapes: Sequence[Shape], caps: Sequence[int]) -> list[int]:
    """The numbers of the shapes that no other one outdoes; of equal ones the first."""
    kept = [*range(len(shapes))]
    covers = [frozenset(shape.classes) for shape in shapes]
    for n in reversed(range(len(shapes))):
        for rival in kept:
            wider = rival != n and covers[n] <= covers[rival]
            if wider and _outdoes(shapes[rival], shapes[n], caps):
                kept.remove(n)
                break
    return kept


def _outdoes(one: Shape, other: Shape, caps: Sequence[int]) -> bool:
    """Whether any use of `other` might be uses of `one` instead."""
    if isinstance(one, Cheapest):
        unlimited = one.uses_max * (one.paid + one.free) >= _units(one, caps)
        if isinstance(other, Cheapest):
            return unlimited and _frees_more(one, other)
        return isinstance(other, Groups) and unlimited and _frees_alike(one, other)
    if not isinstance(one, Groups) or not isinstance(other, Groups):
        return False
    if one.uses_max * sum([slot.need for slot in one.slots]) < _units(one, caps):
        return False
    return _brings_more(one, other) if isinstance(one, Grouped) else _adds_more(one, other)


def _units(shape: Shape, caps: Sequence[int]) -> int:
    return sum([caps[at] for at in shape.classes])


def _frees_more(one: Cheapest, other: Cheapest) -> bool:
    """The paid units of a use are dearer than the free ones; some of them suffice."""
    return _frees(one, other.paid, other.free) and _is_better(
        one, other.classes, other.paid_worths, other.worths
    )


def _frees(one: Cheapest, paid: int, free: int) -> bool:
    times, odd = divmod(free, one.free)
    return not odd and times * one.paid <= paid


def _is_better(one: Cheapest, classes: Counts, paid_worths: Counts, worths: Counts) -> bool:
    """Whether `one` has the same order of classes and brings as much for each."""
    places = {at: k for k, at in enumerate(one.classes)}
    found = [places[at] for at in classes]
    return found == sorted(found) and all(
        one.paid_worths[k] >= paid and one.worths[k] >= worth and paid <= 0
        for k, paid, worth in zip(found, paid_worths, worths, strict=True)
    )


def _frees_alike(one: Cheapest, other: Groups) -> bool:
    """What is bought is dearer than what is got, so the cheapest are those that are got."""
    if len(other.slots) != 2 or other.constant > 0:
        return False
    (paid, bought, paid_worths), (free, got, worths) = other.slots
    none = (0,) * len(got)
    return _frees(one, paid, free) and _is_better(
        one, (*bought, *got), (*paid_worths, *none), (*paid_worths, *worths)
    )


def _brings_more(one: Grouped, other: Groups) -> bool:
    """Group by group, where both can tell theirs."""
    if not isinstance(other, Grouped):
        return False
    ours, theirs = one.grouping.columns, other.grouping.columns
    if ours is None or theirs is None:
        return False
    brings = {column.units: column.worth for column in ours}
    return all(brings.get(column.units, -1) >= column.worth for column in theirs)


def _adds_more(one: Groups, other: Groups) -> bool:
    """Slot by slot: the most that a unit may bring more in `other` does not make up for less."""
    if [slot.need for slot in one.slots] != [slot.need for slot in other.slots]:
        return False
    more = other.constant - one.constant
    for ours, theirs in zip(one.slots, other.slots, strict=True):
        brings = dict(zip(ours.classes, ours.worths, strict=True))
        if not all(at in brings for at in theirs.classes):
            return False
        more += ours.need * max(
            [worth - brings[at] for at, worth in zip(theirs.classes, theirs.worths, strict=True)],
            default=0,
        )
    return more <= 0
