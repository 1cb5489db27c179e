"""A meal deal, or mix and match: some of this and some of that together cost less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from cart.core.pricing.field import Field, Good, Use
from cart.core.pricing.grouping import Grouped, Grouping
from cart.core.pricing.offers import Deal, PriceMinor, SharePpm, Sku, assert_one
from cart.core.pricing.shapes import Groups, Slot
from cart.core.pricing.uses import Compiled
from cart.core.value import Value


class Part(Value):
    """`count` pieces out of `skus`, or out of a category."""

    skus: tuple[Sku, ...] = ()
    categories: tuple[str, ...] = ()
    count: Annotated[int, Meta(ge=1, le=100)] = 1


class Bundle(Deal, tag="bundle", kw_only=True):
    """All `parts` together cost `price_minor`, or `amount_minor` less, or a share less. The saving
    is shared in proportion to the prices and never more than they are."""

    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=20)]
    price_minor: PriceMinor | None = None
    amount_minor: PriceMinor | None = None
    share_ppm: SharePpm | None = None

    def __post_init__(self) -> None:
        assert_one(self, "price_minor", "amount_minor", "share_ppm")

    def covers(self, sku: str, category: str) -> bool:
        """Whether any part wants this product."""
        wanted = any(sku in part.skus or category in part.categories for part in self.parts)
        return wanted and sku not in self.except_skus

    def role(self, sku: str, category: str) -> tuple[bool, ...]:
        """The parts that it may be."""
        return tuple([sku in part.skus or category in part.categories for part in self.parts])

    def saving_minor(self, prices_minor: int, field: Field) -> int:
        """What goods of this price save together."""
        if self.price_minor is not None:
            return max(0, prices_minor - self.price_minor)
        if self.amount_minor is not None:
            return min(prices_minor, self.amount_minor)
        return field.share_minor(prices_minor, self.share_ppm or 0)


def compiled(deal: Bundle, field: Field) -> Iterator[Compiled]:
    """A slot for each part."""
    pieces = field.pieces()
    parts = [
        tuple([at for at in pieces if _wants(part, field.classes[at].good)]) for part in deal.parts
    ]
    classes = tuple([at for part in parts for at in part])
    top = field.top_worth(classes)
    constant = 0
    if deal.price_minor is not None:
        constant = -deal.price_minor * top
    elif deal.amount_minor is not None:
        constant = deal.amount_minor * top

    def most(at: int) -> int:
        """A unit's part of the saving, or more."""
        if deal.price_minor is not None:
            return field.price_minor(at) * top + field.worth(at, 0)
        if deal.amount_minor is not None:
            return field.worth(at, 0)
        share = -(-field.price_minor(at) * (deal.share_ppm or 0) // 1_000_000)
        return share * top + field.worth(at, 0)

    def use_of(units: Sequence[int]) -> Use:
        prices_minor = sum([field.price_minor(at) for at in units])
        return field.spread(units, deal.saving_minor(prices_minor, field))

    slots = [
        Slot(wanted.count, part, tuple([most(at) for at in part]))
        for part, wanted in zip(parts, deal.parts, strict=True)
    ]
    linear = field.even(classes) and deal.share_ppm is None and not _capped(deal, parts, field)
    groups = Grouping(slots, use_of, field)
    shape = (
        Groups(slots, constant, field.uses_max, budget=field.budget)
        if linear
        else Grouped(slots, constant, field.uses_max, groups)
    )
    yield Compiled(shape, groups.uses)


def _wants(part: Part, good: Good) -> bool:
    return good.sku in part.skus or good.category in part.categories


def _capped(deal: Bundle, parts: list[tuple[int, ...]], field: Field) -> bool:
    """Whether some choice of the parts costs less than what the offer takes off."""
    if deal.amount_minor is None:
        return False
    cheapest_minor = sum(
        min([field.price_minor(at) for at in part], default=0) * wanted.count
        for part, wanted in zip(parts, deal.parts, strict=True)
    )
    return cheapest_minor < deal.amount_minor
