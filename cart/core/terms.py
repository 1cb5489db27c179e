"""What a trip's price depends on beside its lines: the time, the shopper, fees, how it is paid.

All of it stands in the journal's facts, so that the store adds up the same cent. It must never
hold a rule: offers, fees and coupons are the catalog's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from cart.core.value import Value

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FeeTaken(Value):
    """A fee of the catalog, `quantity` times, at the price it had when the shopper took it."""

    fee_id: str
    title: str
    quantity: int
    amount_minor: int
    rate_ppm: int = 0
    snap: bool = False


class Held(Value):
    """A coupon or a voucher that the shopper showed. `coupon_id` says what it is and names the
    piece of paper; as long as it `waits`, the store has not reserved it."""

    coupon_id: str
    text: str
    symbology: str
    waits: bool = False


class Terms(Value):
    """Offers hold as of `opened_at`, so that none is lost while the shopper shops; `sold_at` is
    when the checkout began. Both are the store's local time, "" as long as nobody knows it. `used`
    says how often the shopper had each limited offer before, `benefits` that food benefits pay for
    what they may."""

    opened_at: str = ""
    sold_at: str = ""
    used: dict[str, int] = msgspec.field(default_factory=dict)
    fees: tuple[FeeTaken, ...] = ()
    benefits: bool = False
    coupons: tuple[Held, ...] = ()


def local_time(wall_ms: int) -> str:
    """A local wall clock in milliseconds as "YYYY-MM-DDTHH:MM"."""
    return (EPOCH + timedelta(milliseconds=wall_ms)).strftime("%Y-%m-%dT%H:%M")
