"""Buy two, get one free: of every group the cheapest pieces cost nothing.

It never takes in a weighed good.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.catalog import BuyXGetY
from cart.core.pricing.offers import Offer, Unit, groups


def offers(deal: BuyXGetY, units: Sequence[Unit]) -> list[Offer]:
    """Group the dearest pieces first: that makes the free ones as dear as they can be."""
    return [
        Offer(group, (0,) * deal.buy + tuple(unit.price_minor for unit in group[deal.buy :]))
        for group in groups(units, deal.buy + deal.free)
    ]
