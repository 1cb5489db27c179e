"""A fifth off: each unit costs less by a percentage, pieces and weighed goods alike."""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.catalog import PercentOff
from cart.core.pricing.offers import Offer, Unit
from cart.core.units import divide_half_up


def offers(deal: PercentOff, units: Sequence[Unit]) -> list[Offer]:
    """Round half up for each unit, so that it makes no difference how lines are split."""
    return [
        Offer((unit,), (divide_half_up(unit.price_minor * deal.percent, 100),)) for unit in units
    ]
