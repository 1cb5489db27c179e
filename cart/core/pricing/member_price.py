"""A lower price, a piece or a unit of weight: for members, or of goods that a sticker marks down.

It never raises a price.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cart.core.pricing.field import Field
from cart.core.pricing.offers import MEMBER, Count, Deal, PriceMinor, SharePpm, assert_one
from cart.core.pricing.singles import compiled_singles
from cart.core.pricing.uses import Compiled, Each


class MemberPrice(Deal, tag="member_price", kw_only=True):
    """A member pays `price_minor` a piece, or for the unit of weight that the price is for."""

    single: ClassVar[bool] = True

    price_minor: PriceMinor
    requires: str = MEMBER
    max_units: Count | None = None


class Markdown(Deal, tag="markdown", kw_only=True):
    """A sticker that staff put on: `price_minor` a piece, or `share_ppm` less."""

    single: ClassVar[bool] = True

    price_minor: PriceMinor | None = None
    share_ppm: SharePpm | None = None
    max_units: Count | None = None

    def __post_init__(self) -> None:
        assert_one(self, "price_minor", "share_ppm")


def compiled(deal: MemberPrice | Markdown, field: Field) -> Iterator[Compiled | Each]:
    """The saving is the difference of both prices, each rounded.

    A label that tells the price but not the weight of a good gets no other price by weight."""

    def saving_minor(at: int, units: int) -> int:
        price_minor = field.price_minor(at)
        good = field.classes[at].good
        if isinstance(deal, Markdown) and deal.share_ppm is not None:
            return field.share_minor(price_minor, deal.share_ppm) * units
        if deal.price_minor is None or (good.by_weight and good.weight is None):
            return 0
        if good.weight is not None:
            return max(0, price_minor - field.weigh_minor(at, deal.price_minor)) * units
        return max(0, price_minor - deal.price_minor) * units

    yield from compiled_singles(field, saving_minor)
