"""Ten off fifty: an amount off the basket, or off a part of it, from a threshold on."""

from __future__ import annotations

from cart.core.pricing.offers import Count, Deal, PriceMinor
from cart.core.pricing.spend import Spend, ThresholdBasis, reaches


class BasketAmountOff(Deal, tag="basket_amount_off", kw_only=True):
    """All covered goods together cost `amount_minor` less: once, for every `min_spend_minor` if it
    `repeats`, or for every `min_quantity` pieces."""

    amount_minor: PriceMinor
    min_spend_minor: PriceMinor = 0
    min_quantity: Count | None = None
    repeats: bool = False
    threshold_basis: ThresholdBasis = "after_offers"


class AmountOff(BasketAmountOff, tag="amount_off", kw_only=True):
    """The same on named goods: `amount_minor` off all of them together."""


def discount_minor(deal: BasketAmountOff, spend: Spend) -> int:
    """Never more than what the goods still cost."""
    if not reaches(spend, deal.min_spend_minor, deal.threshold_basis):
        return 0
    uses = 1
    if deal.min_quantity is not None:
        uses = spend.quantity // deal.min_quantity
    elif deal.repeats and deal.min_spend_minor:
        before = deal.threshold_basis == "before_offers"
        uses = (spend.before_minor if before else spend.after_minor) // deal.min_spend_minor
    return min(spend.running_minor, deal.amount_minor * min(uses, spend.uses_max))
