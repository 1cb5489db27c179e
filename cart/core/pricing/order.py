"""What is to be priced: items, offers, the shopper, the market's rules. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from cart.core.pricing.coupon import Coupon
from cart.core.pricing.field import Good
from cart.core.pricing.offers import Deal, Shopper
from cart.core.units import Rounding
from cart.core.value import Value

FEES = "fees"  # the category of the tax rows that `bill` makes of fees


class Item(Value):
    """One line. `price_minor` is of all its units, none of them below zero; what is returned and
    deposits stand elsewhere. `snap` says whether food benefits may pay for it."""

    line_id: str
    good: Good
    quantity: int
    price_minor: int
    rate_ppm: int = 0
    category: str = "standard"
    snap: bool = False
    deposit_minor: int = 0


class Fee(Value):
    """A bag, a delivery; negative for bottles given back. Never discounted."""

    fee_id: str
    amount_minor: int
    snap: bool = False
    rate_ppm: int = 0


@dataclass(frozen=True)
class Offers:
    """The deals of a store, and which of them are on what."""

    deals: tuple[Deal, ...]
    _on: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict, compare=False)

    def on(self, sku: str, category: str) -> tuple[int, ...]:
        """The numbers of the deals that touch a product."""
        key = (sku, category)
        found = self._on.get(key)
        if found is None:
            found = tuple([n for n, deal in enumerate(self.deals) if deal.touches(sku, category)])
            self._on[key] = found
        return found

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        """The numbers of the deals, those first that ties go to."""
        return tuple(sorted(range(len(self.deals)), key=lambda n: (self.deals[n].priority, n)))


class Tenders(Value):
    """How the shopper pays. `snap_minor` is the balance of food benefits; None: enough."""

    snap: bool = False
    snap_minor: int | None = None


class Way(NamedTuple):
    """One way in which offers take part, by stage: stackable prices, offers on items (by number),
    on the basket, coupons."""

    prices: tuple[Deal, ...]
    item_deals: tuple[int, ...]
    tops: tuple[Deal, ...]
    coupons: tuple[Coupon, ...]


# Uses of offers on items: what each takes off which unit, as (item, unit, amount).
Placed = tuple[tuple[Deal, tuple[tuple[int, int, int], ...]], ...]


class Order(NamedTuple):
    """All that a price depends on."""

    items: tuple[Item, ...]
    offers: Offers
    shopper: Shopper = Shopper()
    fees: tuple[Fee, ...] = ()
    tenders: Tenders = Tenders()
    rounding: Rounding = "half_up"
    tax_inside: bool = False
    tax_rounding: Rounding = "half_up"
    steps_max: int = 4_000_000


class Row(NamedTuple):
    """One offer's part of one line: it takes `amount_minor` off."""

    line_id: str
    deal_id: str
    amount_minor: int
    funder: str


class TaxRow(NamedTuple):
    """Tax at one rate of one category, on `base_minor`."""

    category: str
    rate_ppm: int
    base_minor: int
    tax_minor: int


class LineShare(NamedTuple):
    """A line's part of the bill: tax, deposit, and what food benefits pay of goods and deposit.

    Its goods come first: of its price they pay `min(snap_minor, net)`."""

    tax_minor: int = 0
    deposit_minor: int = 0
    snap_minor: int = 0


class WayProof(NamedTuple):
    """Why nothing in one of the widest ways costs less than `lower_minor`: what binding offers take
    first, and the values of a unit of each item, that bound what the others can be worth."""

    first: Placed
    values: tuple[int, ...]
    lower_minor: int


class Proof(NamedTuple):
    """What was chosen, and the widest ways in their order."""

    way: Way
    uses: Placed
    ways: tuple[WayProof, ...]


class Priced(NamedTuple):
    """The whole answer. `total_minor` is what the shopper pays, all in; `gap_minor` how much less
    it could be at most: 0 is proved to be the best."""

    rows: tuple[Row, ...]
    applied: Mapping[str, int]
    subtotal_minor: int
    discount_minor: int
    taxes: tuple[TaxRow, ...]
    tax_minor: int
    deposit_minor: int
    fees_minor: int
    total_minor: int
    snap_minor: int
    gap_minor: int
    proof: Proof
    shares: tuple[LineShare, ...] = ()
