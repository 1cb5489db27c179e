"""Every condition the shopper is told about, as one table: how loud, how long.

Neutral words, no blame, nothing about theft. The screen holds the words of each language under the
same code (`ui/texts`); this table holds what the mind decides. It must never hold a sentence.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from cart.core.value import Value


class Notice(Value):
    """One thing to tell: a code of `NOTICES` and the values its sentence needs."""

    code: str
    values: dict[str, str] = msgspec.field(default_factory=dict)


class NoticeKind(Value):
    """How a condition is told: high `priority` wins; `shown_ms` None: while its cause lasts."""

    priority: int
    sound: Literal["none", "soft", "ask"] = "none"
    shown_ms: int | None = None


NOTICES: dict[str, NoticeKind] = {
    # The trip
    "welcome": NoticeKind(priority=10, shown_ms=4_000),
    "please_pair": NoticeKind(priority=30, sound="soft", shown_ms=6_000),
    "item_added": NoticeKind(priority=20, sound="soft", shown_ms=3_000),
    "stayed_behind": NoticeKind(priority=40, sound="soft", shown_ms=8_000),
    "item_removed": NoticeKind(priority=20, sound="soft", shown_ms=5_000),
    "own_thing_noted": NoticeKind(priority=20, shown_ms=3_000),
    "price_lowered": NoticeKind(priority=28, sound="soft", shown_ms=8_000),
    "deal_applied": NoticeKind(priority=25, sound="soft", shown_ms=5_000),
    # Doubt
    "please_identify": NoticeKind(priority=60, sound="ask"),
    "please_say_what_left": NoticeKind(priority=60, sound="ask"),
    "line_waits": NoticeKind(priority=40),
    "scanned_not_put_in": NoticeKind(priority=30, sound="soft", shown_ms=4_000),
    "unknown_code": NoticeKind(priority=35, sound="soft", shown_ms=5_000),
    "code_unreadable": NoticeKind(priority=35, shown_ms=5_000),
    "please_weigh_again": NoticeKind(priority=60, sound="ask"),
    "too_light_to_weigh": NoticeKind(priority=45, shown_ms=5_000),
    "cannot_weigh_now": NoticeKind(priority=45, sound="soft", shown_ms=8_000),
    "please_put_back": NoticeKind(priority=60, sound="ask"),
    # Coupons and vouchers
    "coupon_taken": NoticeKind(priority=26, sound="soft", shown_ms=5_000),
    "coupon_waits_for_goods": NoticeKind(priority=36, sound="soft", shown_ms=8_000),
    "coupon_waits_for_store": NoticeKind(priority=36, sound="soft", shown_ms=8_000),
    "coupon_known": NoticeKind(priority=24, shown_ms=4_000),
    "coupon_expired": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    "coupon_too_early": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    "coupon_of_others": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    "coupon_not_for_us": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    "coupon_used": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    "coupon_in_use": NoticeKind(priority=37, sound="soft", shown_ms=8_000),
    # What may not be sold, or not yet
    "recalled": NoticeKind(priority=62, sound="soft", shown_ms=10_000),
    "expired": NoticeKind(priority=62, sound="soft", shown_ms=10_000),
    "not_sold_now": NoticeKind(priority=61, sound="soft", shown_ms=10_000),
    "age_checked_later": NoticeKind(priority=32, sound="soft", shown_ms=6_000),
    "staff_will_look": NoticeKind(priority=68, sound="ask"),
    "age_approved": NoticeKind(priority=64, sound="soft", shown_ms=6_000),
    "checkout_needs_answers": NoticeKind(priority=70, sound="ask", shown_ms=8_000),
    # Money
    "checkout_changed": NoticeKind(priority=70, sound="soft", shown_ms=8_000),
    "payment_waits_for_link": NoticeKind(priority=65),
    "payment_declined": NoticeKind(priority=80, sound="ask", shown_ms=15_000),
    "payment_mismatch": NoticeKind(priority=85, sound="ask", shown_ms=15_000),
    "paid": NoticeKind(priority=50, sound="soft", shown_ms=8_000),
    "budget_near": NoticeKind(priority=50, sound="soft", shown_ms=8_000),
    "budget_reached": NoticeKind(priority=65, sound="soft", shown_ms=8_000),
    "line_credited": NoticeKind(priority=55, sound="soft", shown_ms=15_000),
    "line_contested": NoticeKind(priority=45, sound="soft", shown_ms=6_000),
    # The cart
    "offline": NoticeKind(priority=30),
    "scale_lost": NoticeKind(priority=55),
    "scale_wants_staff": NoticeKind(priority=5),
    "camera_lost": NoticeKind(priority=50),
    "camera_covered": NoticeKind(priority=50),
    "camera_frozen": NoticeKind(priority=50),
    "camera_dark": NoticeKind(priority=48),
    "camera_glare": NoticeKind(priority=48),
    "camera_dirty": NoticeKind(priority=46),
    "scanner_lost": NoticeKind(priority=45),
    "no_catalog": NoticeKind(priority=90),
    "catalog_refused": NoticeKind(priority=35, shown_ms=10_000),
    "cart_locked": NoticeKind(priority=92),
    "cart_wanted": NoticeKind(priority=74, sound="ask", shown_ms=30_000),
    "help_called": NoticeKind(priority=75, sound="soft", shown_ms=30_000),
    "storage_trouble": NoticeKind(priority=95),
}
