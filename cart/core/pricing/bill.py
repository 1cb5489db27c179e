"""Tax and tenders: from what lines cost to what the shopper pays.

Rates, eligibility and issuers are data of the store; nothing here knows what is taxed where. A
maker's coupon is a payment, so tax is on the price before it; a store's reduces the price. What
food benefits pay for carries no tax (USDA FNS, SNAP retailer reminder of 2024-11-21).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cart.core.pricing.order import Order, TaxRow
from cart.core.pricing.tally import Tally
from cart.core.units import PARTS_PER_MILLION, allocate, divide


class Bill(NamedTuple):
    """Sums of a whole basket. Tax inside the prices is told in `taxes` and adds nothing."""

    taxes: tuple[TaxRow, ...]
    tax_minor: int
    deposit_minor: int
    fees_minor: int
    snap_minor: int
    total_minor: int


def bill_of(order: Order, tally: Tally) -> Bill:
    """Tax comes last, rounded once for the receipt: its rows share it by largest remainder."""
    nets_minor = [tally.net_minor(n) for n in range(len(order.items))]
    paid_minor, fees_paid_minor = _snap(order, nets_minor)
    taxes = _taxes(order, _bases(order, tally, nets_minor, paid_minor))
    tax_minor = 0 if order.tax_inside else sum([row.tax_minor for row in taxes])
    deposit_minor = sum([item.deposit_minor for item in order.items])
    fees_minor = sum([fee.amount_minor for fee in order.fees])
    return Bill(
        taxes=taxes,
        tax_minor=tax_minor,
        deposit_minor=deposit_minor,
        fees_minor=fees_minor,
        snap_minor=sum(paid_minor) + fees_paid_minor,
        total_minor=sum(nets_minor) + tax_minor + deposit_minor + fees_minor,
    )


def _snap(order: Order, nets_minor: Sequence[int]) -> tuple[list[int], int]:
    """What food benefits pay of each line and its deposit, those with the highest tax first."""
    paid = [0] * len(order.items)
    left = order.tenders.snap_minor
    if not order.tenders.snap:
        return paid, 0
    by_rate = sorted(range(len(order.items)), key=lambda n: (-order.items[n].rate_ppm, n))
    for number in by_rate:
        item = order.items[number]
        if item.snap:
            due_minor = nets_minor[number] + item.deposit_minor
            paid[number] = due_minor if left is None else min(due_minor, left)
            left = None if left is None else left - paid[number]
    fees_minor = sum([fee.amount_minor for fee in order.fees if fee.snap])
    return paid, fees_minor if left is None else min(fees_minor, left)


def _bases(
    order: Order, tally: Tally, nets_minor: Sequence[int], paid_minor: Sequence[int]
) -> dict[tuple[str, int], int]:
    """What tax is on, by category and rate, in the order of the lines."""
    makers_minor = [0] * len(order.items)
    for (number, _, funder), off_minor in tally.off_minor.items():
        if funder == "manufacturer":
            makers_minor[number] += off_minor
    bases: dict[tuple[str, int], int] = {}
    for number, item in enumerate(order.items):
        goods_paid_minor = min(paid_minor[number], nets_minor[number])
        base_minor = nets_minor[number] + makers_minor[number] - goods_paid_minor
        key = (item.category, item.rate_ppm)
        bases[key] = bases.get(key, 0) + base_minor
    for fee in order.fees:
        if fee.rate_ppm and not (fee.snap and order.tenders.snap):
            key = ("fees", fee.rate_ppm)
            bases[key] = bases.get(key, 0) + fee.amount_minor
    return bases


def _taxes(order: Order, bases: dict[tuple[str, int], int]) -> tuple[TaxRow, ...]:
    rows = sorted(bases.items())
    if order.tax_inside:
        return tuple([
            TaxRow(category, rate_ppm, base_minor, divide(
                base_minor * rate_ppm, PARTS_PER_MILLION + rate_ppm, order.tax_rounding
            ))
            for (category, rate_ppm), base_minor in rows
        ])  # fmt: skip
    exact = [base_minor * rate_ppm for (_, rate_ppm), base_minor in rows]
    whole_minor = divide(sum(exact), PARTS_PER_MILLION, order.tax_rounding)
    parts = allocate(whole_minor, exact) if any(exact) else [0] * len(rows)
    return tuple([
        TaxRow(category, rate_ppm, base_minor, part)
        for ((category, rate_ppm), base_minor), part in zip(rows, parts, strict=True)
    ])  # fmt: skip
