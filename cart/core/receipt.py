"""The receipt: every line, every cent taken off it and why, the tax, the total.

A receipt is computed from a basket and a catalog by `cart.core.pricing.engine`, by the cart and by
the store alike; it is never stored as the truth, and no other place adds up money.
"""

from __future__ import annotations

import msgspec

from cart.core.value import Value
from cart.core.weighed import Weighing
from cart.core.weights import Weight, WeightUnit


class Modifier(Value):
    """What one deal takes off one line: `amount_minor` is negative; `funder` is who bears it."""

    deal_id: str
    title: str
    amount_minor: int
    funder: str = "store"


class ReceiptLine(Value):
    """One line. `price_minor` is before deals, `net_minor` is what the shopper pays for it.

    Its parts of the whole: `tax_minor` (on top, or inside the price), `deposit_minor`, and
    `snap_minor`, what food benefits pay of its price first and then of its deposit. `weight` is
    what a label told, in its own unit; what is weighed has a price for one `price_unit`. A price
    that changed during the trip has its other one in `higher_unit_minor`: the lower one counts."""

    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    price_minor: int
    net_minor: int
    mass_mg: int | None = None
    modifiers: tuple[Modifier, ...] = ()
    weighing: Weighing | None = None
    tax_category: str = ""
    higher_unit_minor: int | None = None
    tax_minor: int = 0
    deposit_minor: int = 0
    snap_minor: int = 0
    weight: Weight | None = None
    price_unit: WeightUnit = "kg"


class TaxLine(Value):
    """Tax of one category: `base_minor` is the sum of net lines it is computed on."""

    category: str
    rate_ppm: int
    base_minor: int
    tax_minor: int


class FeeLine(Value):
    """A fee, all its pieces together; below zero is what the shopper gets back."""

    fee_id: str
    title: str
    quantity: int
    amount_minor: int


class Receipt(Value):
    """The whole. total = subtotal - savings + tax + deposits + fees (tax inside the prices adds
    nothing).

    `gap_minor` is how much cheaper another combination of deals could be at most: 0 is proved.
    Food benefits pay `snap_minor` of the total. `applied` counts the uses of each deal, `sold_at`
    is when it was sold, the store's local time ("" if nobody knew it)."""

    currency: str
    currency_digits: int
    lines: tuple[ReceiptLine, ...]
    subtotal_minor: int
    savings_minor: int
    taxes: tuple[TaxLine, ...]
    tax_minor: int
    total_minor: int
    deposit_minor: int = 0
    gap_minor: int = 0
    fees: tuple[FeeLine, ...] = ()
    snap_minor: int = 0
    applied: dict[str, int] = msgspec.field(default_factory=dict)
    sold_at: str = ""
