"""A fifth off: each unit costs less by a percentage, pieces and weighed goods alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from cart.core.pricing.field import SHARES, Field
from cart.core.pricing.offers import Count, Deal, SharePpm
from cart.core.pricing.singles import Pick, compiled_singles
from cart.core.pricing.uses import Compiled, Each

Basis = Literal["running", "original"]


class PercentOff(Deal, tag="percent_off", kw_only=True):
    """Each unit costs `percent` and `share_ppm` less, rounded once for all units of a product.

    With `group_size` only whole groups of units do, taken as `pick` says, each unit rounded.

    A stackable one comes on top of other offers: `basis` says of which price."""

    single: ClassVar[bool] = True

    percent: Annotated[int, Meta(ge=0, le=100)] = 0
    share_ppm: SharePpm = 0
    group_size: Count = 1
    pick: Pick = "best"
    basis: Basis = "running"
    max_units: Count | None = None

    @property
    def share(self) -> int:
        """The whole share, in parts per million."""
        return min(SHARES, self.percent * 10_000 + self.share_ppm)


def compiled(deal: PercentOff, field: Field) -> Iterator[Compiled | Each]:
    """The saving of n units is the share of their price together."""

    def saving_minor(at: int, units: int) -> int:
        return field.share_minor(field.price_minor(at) * units, deal.share)

    yield from compiled_singles(field, saving_minor, deal.group_size, deal.pick)
