"""From one kilogram on the kilogram costs less: another price by weight, above a weight."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, ClassVar

from msgspec import Meta

from cart.core.pricing.field import Field
from cart.core.pricing.offers import Deal, PriceMinor, SharePpm, assert_one
from cart.core.pricing.singles import compiled_singles
from cart.core.pricing.uses import Compiled, Each
from cart.core.value import END

DecimalText = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,6})?" + END)]


class WeightPrice(Deal, tag="weight_price", kw_only=True):
    """A weighed good of at least `min_weight`, in the unit that its price is for, costs
    `price_minor` for that unit, or `amount_minor` less for it, or `share_ppm` less."""

    single: ClassVar[bool] = True

    min_weight: DecimalText = "0"
    price_minor: PriceMinor | None = None
    amount_minor: PriceMinor | None = None
    share_ppm: SharePpm | None = None

    def __post_init__(self) -> None:
        assert_one(self, "price_minor", "amount_minor", "share_ppm")


def compiled(deal: WeightPrice, field: Field) -> Iterator[Compiled | Each]:
    """The saving is the difference of both prices, each rounded."""
    threshold = Fraction(deal.min_weight)

    def saving_minor(at: int, units: int) -> int:
        good, price_minor = field.classes[at].good, field.price_minor(at)
        if good.weight is None or good.weight < threshold:
            return 0
        if deal.share_ppm is not None:
            return field.share_minor(price_minor, deal.share_ppm) * units
        unit_minor = deal.price_minor
        if unit_minor is None:
            unit_minor = max(0, good.unit_price_minor - (deal.amount_minor or 0))
        return max(0, price_minor - field.weigh_minor(at, unit_minor)) * units

    yield from compiled_singles(field, saving_minor)
