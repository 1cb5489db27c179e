"""Which offers take a share of whatever is left: those that change what a saved cent is worth."""

from __future__ import annotations

from cart.core.pricing.basket_percent_off import BasketPercentOff
from cart.core.pricing.offers import Deal
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.singles import unlimited


def running_share(deal: Deal) -> int:
    """The share that an offer takes of whatever is left, in parts per million; 0 if none."""
    if isinstance(deal, PercentOff):
        return deal.share if deal.basis == "running" and unlimited(deal) else 0
    if isinstance(deal, BasketPercentOff) and deal.max_discount_minor is None:
        return deal.share_ppm if deal.basis == "running" else 0
    return 0
