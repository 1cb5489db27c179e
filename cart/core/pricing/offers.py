"""What every offer has in common: what it is on, who may have it, when, how often, beside what.

An offer is data. What tills disagree about (which unit is free, what a threshold is measured on,
what a percentage is of, how to round) is named in the offer, never decided by the code that adds
up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta

from cart.core.units import Rounding
from cart.core.value import END, Value

Text = Annotated[str, Meta(min_length=1, max_length=200)]
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+" + END)]
PRICE_MINOR_MAX = 100_000_000
PriceMinor = Annotated[int, Meta(ge=0, le=PRICE_MINOR_MAX)]
Count = Annotated[int, Meta(ge=1, le=1_000)]
# A percentage as people write it, in parts per million: 12.5 % is 125_000.
SharePpm = Annotated[int, Meta(ge=0, le=1_000_000)]
MINUTE = r"([01][0-9]|2[0-3]):[0-5][0-9]"
DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
LocalTime = Annotated[str, Meta(pattern=f"^{DAY}T{MINUTE}{END}")]
TimeOfDay = Annotated[str, Meta(pattern=f"^({MINUTE}|24:00){END}")]

Stack = Literal["default", "exclusive", "stackable"]
Funder = Literal["store", "manufacturer"]
MAKER: Funder = "manufacturer"
NO_PRIORITY = 100


class Window(Value):
    """When an offer holds, in the store's local time; `weekdays` count from Monday, 1 to 7.

    `hours` may go over midnight: ("22:00", "02:00")."""

    starts: LocalTime | None = None
    ends: LocalTime | None = None
    weekdays: tuple[Annotated[int, Meta(ge=1, le=7)], ...] = ()
    hours: tuple[TimeOfDay, TimeOfDay] | None = None

    def __post_init__(self) -> None:
        if self.starts and self.ends and self.starts >= self.ends:
            raise ValueError("it ends before it starts; correct one of them")

    def holds(self, now: str) -> bool:
        """Whether a local time, such as "2026-11-22T18:30", lies inside."""
        if (self.starts or now) > now or now >= (self.ends or "9"):
            return False
        if self.weekdays and date.fromisoformat(now[:10]).isoweekday() not in self.weekdays:
            return False
        if self.hours is None:
            return True
        first, last = self.hours
        time = now[11:16]
        return first <= time < last if first <= last else time >= first or time < last


class Deal(Value, kw_only=True):
    """The part that all kinds share.

    It is on `skus`, on `categories`, or with `everything` on the whole basket; never on
    `except_skus`. `requires` names what the shopper must be ("member"). Of offers that save the
    same the one of lower `priority` is named; a `binding` one is applied as often as it goes before
    any search. By default a unit takes part in one offer on items, and offers on the basket and
    coupons come on top; an "exclusive" offer shares its units with nothing, a "stackable" one comes
    on top of others. Of one `exclusive_group` at most one offer applies.
    """

    deal_id: Text
    title: Annotated[str, Meta(max_length=200)] = ""
    skus: tuple[Sku, ...] = ()
    categories: tuple[Text, ...] = ()
    everything: bool = False
    except_skus: tuple[Sku, ...] = ()
    requires: str = ""
    window: Window | None = None
    max_applications: Count | None = None
    max_per_shopper: Count | None = None
    priority: Annotated[int, Meta(ge=0, le=1_000_000)] = NO_PRIORITY
    binding: bool = False
    stack: Stack = "default"
    exclusive_group: str = ""
    funder: Funder = "store"
    rounding: Rounding | None = None

    def covers(self, sku: str, category: str) -> bool:
        """Whether the offer is on this product."""
        named = self.everything or sku in self.skus or category in self.categories
        return named and sku not in self.except_skus

    def touches(self, sku: str, category: str) -> bool:
        """Whether the offer may take units of this product, for whatever it needs them."""
        return self.covers(sku, category)

    def role(self, sku: str, category: str) -> tuple[bool, ...]:
        """What the offer may take this product for; products with one role are alike to it."""
        return (self.covers(sku, category),)


def assert_one(row: Value, *names: str) -> None:
    """Raise ValueError unless exactly one of these fields is told: an offer that says too little
    would do nothing, or too much, and of two that say different things nobody knows which holds."""
    told = sum([getattr(row, name) is not None for name in names])
    if told != 1:
        raise ValueError(f"write one of {', '.join(f'`{name}`' for name in names)}, not {told}")


class Shopper(Value):
    """What offers ask about the shopper: what they are, when it is, how often they had an offer.

    `now` is the store's local time, "YYYY-MM-DDTHH:MM"; "" if it is not known: then no offer with
    a window holds."""

    traits: tuple[str, ...] = ()
    now: str = ""
    used: Mapping[str, int] = {}

    def uses_left(self, deal: Deal) -> int:
        """How often the shopper may still have an offer; 0 if it is not for them, or not now."""
        if deal.requires and deal.requires not in self.traits:
            return 0
        if deal.window is not None and not (self.now and deal.window.holds(self.now)):
            return 0
        uses = 1_000 if deal.max_applications is None else deal.max_applications
        if deal.max_per_shopper is None:
            return uses
        return max(0, min(uses, deal.max_per_shopper - self.used.get(deal.deal_id, 0)))


MEMBER = "member"


def is_local_time(text: str) -> bool:
    """Whether a text is a local time to the minute."""
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%M") == text
    except ValueError:
        return False
