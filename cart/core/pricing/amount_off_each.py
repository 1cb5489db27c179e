"""Fifty cents off each: each unit costs less by an amount, never less than nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from cart.core.pricing.field import Field
from cart.core.pricing.offers import Count, Deal, PriceMinor
from cart.core.pricing.singles import Pick, compiled_singles
from cart.core.pricing.uses import Compiled, Each


class AmountOffEach(Deal, tag="amount_off_each", kw_only=True):
    """Each unit costs `amount_minor` less; with `group_size` only whole groups of units do."""

    single: ClassVar[bool] = True

    amount_minor: PriceMinor
    group_size: Count = 1
    pick: Pick = "best"
    max_units: Count | None = None


def compiled(deal: AmountOffEach, field: Field) -> Iterator[Compiled | Each]:
    """The saving of n units is n times the amount, or their price."""

    def saving_minor(at: int, units: int) -> int:
        return min(deal.amount_minor, field.price_minor(at)) * units

    yield from compiled_singles(field, saving_minor, deal.group_size, deal.pick)
