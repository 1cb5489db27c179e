"""Spend 30 and save 3, spend 60 and save 9: the highest tier that is reached."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from cart.core.pricing.offers import Deal, PriceMinor, SharePpm, assert_one
from cart.core.pricing.spend import Spend, ThresholdBasis, reaches
from cart.core.value import Value


class Tier(Value):
    """From `min_spend_minor` on: an amount off, or a share."""

    min_spend_minor: PriceMinor
    amount_minor: PriceMinor | None = None
    share_ppm: SharePpm | None = None

    def __post_init__(self) -> None:
        assert_one(self, "amount_minor", "share_ppm")


class TieredSpend(Deal, tag="tiered_spend", kw_only=True):
    """One of `tiers`: the one that saves most of those that are reached."""

    tiers: Annotated[tuple[Tier, ...], Meta(min_length=1, max_length=50)]
    threshold_basis: ThresholdBasis = "after_offers"


def discount_minor(deal: TieredSpend, spend: Spend) -> int:
    """Never more than what the goods still cost."""
    reached = [
        spend.share_minor(spend.running_minor, tier.share_ppm)
        if tier.share_ppm is not None
        else tier.amount_minor or 0
        for tier in deal.tiers
        if reaches(spend, tier.min_spend_minor, deal.threshold_basis)
    ]
    return min(spend.running_minor, max(reached, default=0))
