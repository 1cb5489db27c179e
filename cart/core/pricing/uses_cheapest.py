"""What "three for two" and "buy one, get one" have in common: the cheapest of a group saves."""

from __future__ import annotations

from cart.core.pricing.field import Field, Use
from cart.core.pricing.shapes import Cheapest, Counts, Groups, Slot
from cart.core.pricing.uses import Compiled, cut, units_of_counts


def cheapest_of_groups(field: Field, paid: int, free: int, share_ppm: int) -> Compiled:
    """Of every `paid` + `free` covered pieces the cheapest `free` cost a share less.

    The dearest pieces make a group first: that makes the free ones as dear as they can be."""
    classes = tuple(field.pieces())
    savings_minor = [field.share_minor(field.price_minor(at), share_ppm) for at in classes]
    by_class = dict(zip(classes, savings_minor, strict=True))

    def uses(counts: Counts) -> list[Use]:
        return [
            tuple([(at, by_class[at] if n >= paid else 0) for n, at in enumerate(group)])
            for group in cut(units_of_counts(classes, counts), paid + free)
        ]

    if field.exclusive and not field.even(classes):
        # What a paid unit loses elsewhere counts too: let the search see it as a group's parts.
        paid_slot = Slot(paid, classes, tuple(field.worth(at, 0) for at in classes))
        free_worths = tuple(map(field.worth, classes, savings_minor))
        return Compiled(
            Groups(
                [paid_slot, Slot(free, classes, free_worths)], 0, field.uses_max,
                lambda counts: field.worth_of_uses(uses(_merged(counts))),
            ),
            lambda counts: uses(_merged(counts)),
        )  # fmt: skip
    worths = tuple(map(field.worth, classes, savings_minor))
    return Compiled(Cheapest(classes, worths, paid, free, field.uses_max), uses)


def _merged(counts: Counts) -> Counts:
    half = len(counts) // 2
    return tuple([one + other for one, other in zip(counts[:half], counts[half:], strict=True)])
