"""Three for two dollars, any five for ten: a group of pieces has one price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from cart.core.pricing.field import Field, Use
from cart.core.pricing.offers import Deal, PriceMinor
from cart.core.pricing.shapes import Counts, Groups, Slot
from cart.core.pricing.uses import Compiled, cut, units_of_counts
from cart.core.units import allocate


class NForPrice(Deal, tag="n_for_price", kw_only=True):
    """`quantity` pieces together cost `price_minor`; which of several is the shopper's best choice,
    and the saving is shared in proportion to the prices."""

    quantity: Annotated[int, Meta(ge=1, le=100)]
    price_minor: PriceMinor


def compiled(deal: NForPrice, field: Field) -> Iterator[Compiled]:
    """One group after the other, the dearest pieces first."""
    classes = tuple(field.pieces())
    top = field.top_worth(classes)
    lost = [field.worth(at, 0) for at in classes]
    worths = tuple(
        [field.price_minor(at) * top + less for at, less in zip(classes, lost, strict=True)]
    )

    def uses(counts: Counts) -> list[Use]:
        made = []
        for group in cut(units_of_counts(classes, counts), deal.quantity):
            prices_minor = [field.price_minor(at) for at in group]
            saving_minor = max(0, sum(prices_minor) - deal.price_minor)
            made.append(tuple(zip(group, allocate(saving_minor, prices_minor), strict=True)))
        return made

    exact = None if field.even(classes) else lambda counts: field.worth_of_uses(uses(counts))
    slot = Slot(deal.quantity, classes, worths)
    yield Compiled(Groups([slot], -deal.price_minor * top, field.uses_max, exact), uses)
