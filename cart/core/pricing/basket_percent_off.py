"""Ten percent off the basket, or off a part of it: once, after the offers on items."""

from __future__ import annotations

from cart.core.pricing.offers import Deal, PriceMinor, SharePpm
from cart.core.pricing.percent_off import Basis
from cart.core.pricing.spend import Spend, ThresholdBasis, reaches


class BasketPercentOff(Deal, tag="basket_percent_off", kw_only=True):
    """All covered goods together cost `share_ppm` less, of the running or of the original amount,
    once they reach `min_spend_minor`. At most `max_discount_minor`."""

    share_ppm: SharePpm
    min_spend_minor: PriceMinor = 0
    threshold_basis: ThresholdBasis = "after_offers"
    basis: Basis = "running"
    max_discount_minor: PriceMinor | None = None


def discount_minor(deal: BasketPercentOff, spend: Spend) -> int:
    """Rounded once for the basket."""
    if not reaches(spend, deal.min_spend_minor, deal.threshold_basis):
        return 0
    of_minor = spend.running_minor if deal.basis == "running" else spend.before_minor
    found = spend.share_minor(of_minor, deal.share_ppm)
    return found if deal.max_discount_minor is None else min(found, deal.max_discount_minor)
