"""Three for two dollars, any five for ten: a group of pieces has one price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from cart.core.pricing.field import Field, Use
from cart.core.pricing.grouping import Grouped, Grouping
from cart.core.pricing.offers import Deal, PriceMinor
from cart.core.pricing.shapes import Groups, Slot
from cart.core.pricing.uses import Compiled


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

    def use_of(units: Sequence[int]) -> Use:
        prices_minor = sum([field.price_minor(at) for at in units])
        return field.spread(units, max(0, prices_minor - deal.price_minor))

    slot = Slot(deal.quantity, classes, worths)
    groups = Grouping([slot], use_of, field)
    constant = -deal.price_minor * top
    shape = (
        Groups([slot], constant, field.uses_max, budget=field.budget)
        if field.even(classes)
        else Grouped([slot], constant, field.uses_max, groups)
    )
    yield Compiled(shape, groups.uses)
