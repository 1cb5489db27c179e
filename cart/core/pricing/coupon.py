"""A coupon: an amount or a share off some pieces of a product, paid by the store or the maker.

Coupons come after all offers, a store's before a maker's. What a coupon is worth above the price of
its goods is lost: no change is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cart.core.pricing.offers import Count, Deal, Funder, PriceMinor, SharePpm, assert_one
from cart.core.units import Rounding, divide


class Coupon(Deal, tag="coupon", kw_only=True):
    """`amount_minor` (or `share_ppm`) off `min_quantity` pieces; `count` such coupons are there. A
    piece takes part in one coupon of each issuer.

    The store may add to a maker's coupon its value `doubled_times` less one again, at most
    `doubled_max_minor`: that part is the store's."""

    amount_minor: PriceMinor | None = None
    share_ppm: SharePpm | None = None
    min_quantity: Count = 1
    min_spend_minor: PriceMinor = 0
    count: Count = 1
    doubled_times: Count = 1
    doubled_max_minor: PriceMinor | None = None

    def __post_init__(self) -> None:
        assert_one(self, "amount_minor", "share_ppm")


class Taken(NamedTuple):
    """What one use of a coupon takes off: who pays it, and how much."""

    funder: Funder
    amount_minor: int


def taken(deal: Coupon, unit_prices_minor: Sequence[int], rounding: Rounding) -> list[Taken]:
    """One coupon on pieces that still cost so much each."""
    open_minor = sum(unit_prices_minor)
    if deal.amount_minor is not None:
        face_minor = deal.amount_minor
    else:
        face_minor = divide(
            open_minor * (deal.share_ppm or 0), 1_000_000, deal.rounding or rounding
        )
    own_minor = min(face_minor, open_minor)
    more_minor = face_minor * (deal.doubled_times - 1)
    if deal.doubled_max_minor is not None:
        more_minor = min(more_minor, deal.doubled_max_minor)
    more_minor = min(more_minor, open_minor - own_minor)
    return [Taken(deal.funder, own_minor), Taken("store", more_minor)]
