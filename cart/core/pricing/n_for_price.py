"""Three for two dollars: a group of pieces has one price. It never takes in a weighed good."""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.catalog import NForPrice
from cart.core.pricing.offers import Offer, Unit, groups
from cart.core.units import allocate


def offers(deal: NForPrice, units: Sequence[Unit]) -> list[Offer]:
    """Group the dearest pieces first; the saving is shared in proportion to the prices."""
    made = []
    for group in groups(units, deal.quantity):
        prices_minor = [unit.price_minor for unit in group]
        saving_minor = sum(prices_minor) - deal.price_minor
        if saving_minor > 0:
            made.append(Offer(group, tuple(allocate(saving_minor, prices_minor))))
    return made
