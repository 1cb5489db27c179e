"""What "three for two" and "buy one, get one" have in common: the cheapest of a group saves."""

from __future__ import annotations

from cart.core.pricing.cheapest import Cheapest
from cart.core.pricing.field import Field, Use
from cart.core.pricing.mixed import MixedCheapest
from cart.core.pricing.shapes import Counts
from cart.core.pricing.uses import Compiled, cut, units_of_counts


def cheapest_of_groups(field: Field, paid: int, free: int, share_ppm: int) -> Compiled:
    """Of every `paid` + `free` covered pieces the cheapest `free` cost a share less; of equal
    prices those that save the shopper most.

    Where all are taxed alike, the dearest pieces make a group first: that makes the free ones as
    dear as they can be."""
    pieces = field.pieces()
    classes = tuple(sorted(pieces, key=lambda at: (-field.price_minor(at), field.unit_worth(at))))
    savings_minor = [field.share_minor(field.price_minor(at), share_ppm) for at in classes]
    by_class = dict(zip(classes, savings_minor, strict=True))
    paid_worths = tuple([field.worth(at, 0) for at in classes])
    worths = tuple(map(field.worth, classes, savings_minor))
    if not field.even(classes):
        mixed = MixedCheapest(
            classes, paid_worths, worths, paid, free, field.uses_max, field.budget
        )

        def mixed_uses(counts: Counts) -> list[Use]:
            frees = mixed.free_of(counts)
            kept = tuple([n - more for n, more in zip(counts, frees, strict=True)])
            paid_groups = cut(units_of_counts(classes, kept), paid)
            free_groups = cut(units_of_counts(classes, frees), free)
            return [
                (*[(at, 0) for at in paid_group], *[(at, by_class[at]) for at in free_group])
                for paid_group, free_group in zip(paid_groups, free_groups, strict=True)
            ]

        return Compiled(mixed, mixed_uses)

    def uses(counts: Counts) -> list[Use]:
        return [
            tuple([(at, by_class[at] if n >= paid else 0) for n, at in enumerate(group)])
            for group in cut(units_of_counts(classes, counts), paid + free)
        ]

    return Compiled(
        Cheapest(classes, paid_worths, worths, paid, free, field.uses_max, field.budget), uses
    )
