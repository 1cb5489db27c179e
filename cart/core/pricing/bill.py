"""Tax and tenders: from what lines cost to what the shopper pays.

Rates, eligibility and issuers are data of the store; nothing here knows what is taxed where. A
maker's coupon is a payment, so tax is on the price before it; a store's reduces the price. What
food benefits pay for carries no tax (USDA FNS, SNAP retailer reminder of 2024-11-21).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cart.core.pricing.offers import MAKER
from cart.core.pricing.order import FEES, LineShare, Order, TaxRow
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


class Paid(NamedTuple):
    """What food benefits pay: of each line's goods, of its deposit, of each fee."""

    goods_minor: Sequence[int]
    deposits_minor: Sequence[int]
    fees_minor: Sequence[int]


def bill_of(order: Order, tally: Tally) -> Bill:
    """Tax comes last, rounded once for the receipt: its rows share it by largest remainder."""
    nets_minor = [tally.net_minor(n) for n in range(len(order.items))]
    paid = _paid(order, nets_minor)
    bases: dict[tuple[str, int], int] = {}
    for item, base_minor in zip(order.items, _bases(tally, nets_minor, paid), strict=True):
        key = (item.category, item.rate_ppm)
        bases[key] = bases.get(key, 0) + base_minor
    for fee, paid_minor in zip(order.fees, paid.fees_minor, strict=True):
        if fee.rate_ppm:
            key = (FEES, fee.rate_ppm)
            bases[key] = bases.get(key, 0) + fee.amount_minor - paid_minor
    taxes = _taxes(order, bases)
    tax_minor = 0 if order.tax_inside else sum([row.tax_minor for row in taxes])
    deposit_minor = sum([item.deposit_minor for item in order.items])
    fees_minor = sum([fee.amount_minor for fee in order.fees])
    return Bill(
        taxes=taxes,
        tax_minor=tax_minor,
        deposit_minor=deposit_minor,
        fees_minor=fees_minor,
        snap_minor=sum(map(sum, paid)),
        total_minor=sum(nets_minor) + tax_minor + deposit_minor + fees_minor,
    )


def shares_of(order: Order, tally: Tally, taxes: Sequence[TaxRow]) -> tuple[LineShare, ...]:
    """Each line's part of the bill. The lines of a tax row share it by largest remainder."""
    nets_minor = [tally.net_minor(n) for n in range(len(order.items))]
    paid = _paid(order, nets_minor)
    bases_minor = _bases(tally, nets_minor, paid)
    tax_minor = [0] * len(order.items)
    for row in taxes:
        alike = [n for n in _ranked(order)
                 if (order.items[n].category, order.items[n].rate_ppm) == row[:2]]  # fmt: skip
        bases = [bases_minor[n] for n in alike]
        parts = allocate(row.tax_minor, bases) if alike else []
        for number, part in zip(alike, parts, strict=True):
            tax_minor[number] = part
    return tuple([
        LineShare(tax, item.deposit_minor, goods + deposit)
        for item, tax, goods, deposit in zip(
            order.items, tax_minor, paid.goods_minor, paid.deposits_minor, strict=True
        )
    ])  # fmt: skip


def _ranked(order: Order) -> list[int]:
    """The lines in an order of their own, so that the basket's order decides nothing."""
    items = order.items
    return sorted(range(len(items)), key=lambda n: (items[n].good.sku, items[n].line_id))


def _paid(order: Order, nets_minor: Sequence[int]) -> Paid:
    """Food benefits pay what is taxed most first; deposits bear no tax."""
    items, fees, left = order.items, order.fees, order.tenders.snap_minor
    ranked = [(items[n], nets_minor[n], n) for n in _ranked(order) if items[n].snap]
    goods, deposits, taken = [0] * len(items), [0] * len(items), [0] * len(fees)
    dues = [
        *[(item.rate_ppm, net_minor, goods, n) for item, net_minor, n in ranked],
        *[(0, item.deposit_minor, deposits, n) for item, _, n in ranked],
        *[(fee.rate_ppm, fee.amount_minor, taken, n) for n, fee in enumerate(fees)
          if fee.snap and fee.amount_minor > 0],
    ]  # fmt: skip
    if order.tenders.snap:
        for _, due_minor, paid, number in sorted(dues, key=lambda due: -due[0]):
            paid[number] = due_minor if left is None else min(due_minor, left)
            left = None if left is None else left - paid[number]
    return Paid(goods, deposits, taken)


def _bases(tally: Tally, nets_minor: Sequence[int], paid: Paid) -> list[int]:
    """What tax is on, line by line."""
    bases_minor = [net - off for net, off in zip(nets_minor, paid.goods_minor, strict=True)]
    for (number, _, funder), off_minor in tally.off_minor.items():
        if funder == MAKER:
            bases_minor[number] += off_minor
    return bases_minor


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
