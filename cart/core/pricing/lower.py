"""What nothing in a way can cost less than, whichever uses of its offers on items are chosen.

A minor unit that an offer on items takes off a unit is worth so much of the total: more by its tax,
less by the shares that later offers take of what is left. With the most that all uses can be worth
(`bound`), and the most that everything after them can take off beside those shares, the cheapest
total is bounded. It must never look at a chosen use.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from msgspec.structs import replace

from cart.core.pricing.coupon import Coupon, taken
from cart.core.pricing.field import SHARES
from cart.core.pricing.kinds import BASKET_KINDS
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Way
from cart.core.pricing.shares import running_share
from cart.core.pricing.spend import Spend
from cart.core.pricing.stages import apply_tops
from cart.core.pricing.tally import Tally
from cart.core.units import PARTS_PER_MILLION, Rounding, round_fraction

# By how much a rounded share can be more than the share.
ROUNDED: dict[Rounding, Fraction] = {"down": Fraction(0), "up": Fraction(1)}
HALF = Fraction(1, 2)


class Worths(NamedTuple):
    """What a minor unit off each item is worth: beside offers on the basket, and where they do not
    reach. A minor unit of the total is `scale`."""

    scale: int
    open: tuple[int, ...]
    alone: tuple[int, ...]


def worths_of(order: Order, way: Way) -> Worths:
    """In whole numbers: shares of several offers multiply the scale."""
    rates = rates_of(order)
    taxed = any(rates)
    shares = [(deal, share) for deal in way.tops if (share := running_share(deal))]
    scale = (PARTS_PER_MILLION if taxed else 1) * SHARES ** len(shares)
    alone = [
        scale // PARTS_PER_MILLION * (PARTS_PER_MILLION + rate) if taxed else scale
        for rate in rates
    ]
    worths = []
    for item, whole in zip(order.items, alone, strict=True):
        worth = whole
        for deal, share in shares:
            if deal.covers(item.good.sku, item.good.category):
                worth = worth // SHARES * (SHARES - share)
        worths.append(worth)
    return Worths(scale, tuple(worths), tuple(alone))


def reached(order: Order, start: Tally, way: Way) -> Way:
    """A way without the offers on the basket that may stay out and take nothing off in it."""
    tops = [
        deal for deal in way.tops if deal.binding or _most_top(order, start, deal, _on(order, deal))
    ]
    return way._replace(tops=tuple(tops))


def rates_of(order: Order) -> list[int]:
    """The tax that comes on top of each item; none on what food benefits pay for entirely."""
    if order.tax_inside:
        return [0] * len(order.items)
    paid = order.tenders.snap and not _is_short(order)
    return [0 if item.snap and paid else item.rate_ppm for item in order.items]


def _is_short(order: Order) -> bool:
    """Whether the balance of food benefits might not pay for all that it may pay for."""
    balance_minor = order.tenders.snap_minor
    due_minor = sum([item.price_minor for item in order.items if item.snap])
    due_minor += sum([max(0, fee.amount_minor) for fee in order.fees if fee.snap])
    return balance_minor is not None and balance_minor < due_minor


def lower_minor(order: Order, start: Tally, way: Way, worths: Worths, bound: int) -> int:
    """The least total. `start` is after stackable prices; `bound` is of offers on items."""
    if _is_even(order, way, worths):
        return _lower_even(order, start, way, bound // worths.open[0])
    paid = sum([
        amount * worth
        for n, worth in enumerate(worths.open)
        for amount in start.units_minor[n]
    ])  # fmt: skip
    least = Fraction(paid - bound, worths.scale) - _most_after(order, start, way)
    taxes = sum([_fee_base(order, n) * fee.rate_ppm for n, fee in enumerate(order.fees)])
    exact = max(least, Fraction(0)) + Fraction(taxes, PARTS_PER_MILLION)
    exact = max(exact - _most_benefits(order, start), Fraction(0))
    return _rounded(order, exact) + _constants(order)


def need_of(
    order: Order, start: Tally, way: Way, worths: Worths, bound: int, total_minor: int
) -> int:
    """What uses of offers on items must be worth, at least, for the way to cost less than this."""
    low, high = 0, bound
    while low < high:
        middle = (low + high) // 2
        if lower_minor(order, start, way, worths, middle) < total_minor:
            high = middle
        else:
            low = middle + 1
    return low


def _fee_base(order: Order, number: int) -> int:
    """What a fee is taxed on, where benefits are not short; else `_most_benefits` counts it."""
    fee = order.fees[number]
    paid = fee.snap and fee.amount_minor > 0 and order.tenders.snap and not _is_short(order)
    return 0 if order.tax_inside or paid else fee.amount_minor


def _constants(order: Order) -> int:
    deposits = sum([item.deposit_minor for item in order.items])
    return deposits + sum([fee.amount_minor for fee in order.fees])


def _rounded(order: Order, exact: Fraction) -> int:
    """The least whole sum that a sum can become by the rounding of its tax."""
    if order.tax_inside or (
        not any(rates_of(order)) and not any(fee.rate_ppm for fee in order.fees)
    ):
        return ceil(exact)
    even = order.tax_rounding == "half_even"  # a half may go either way: the tax alone is rounded
    return round_fraction(exact, "half_down" if even else order.tax_rounding)


def _is_even(order: Order, way: Way, worths: Worths) -> bool:
    """Whether only the sum of all goods matters, not which of them an offer is on."""
    deals = [order.offers.deals[n] for n in way.item_deals]
    return (
        len(frozenset(worths.open)) == 1
        and worths.open[0] > 0
        and not (order.tenders.snap and _is_short(order))
        and not any(deal.stack == "exclusive" for deal in deals)
        and all(
            type(deal) in BASKET_KINDS and deal.covers(item.good.sku, item.good.category)
            for deal in way.tops
            for item in order.items
        )
    )


def _lower_even(order: Order, start: Tally, way: Way, off_minor: int) -> int:
    """Then the total follows from the sum after offers on items, and grows with it but for where a
    threshold is reached: the least sum there can be is tried, and every threshold above it."""
    gross_minor = sum([start.net_minor(n) for n in range(len(order.items))])
    least_minor = gross_minor - off_minor
    sums = {least_minor}
    for deal in way.tops:
        sums.update(minor for minor in _thresholds(deal, gross_minor) if minor > least_minor)
    return min([_total_even(order, start, way, minor) for minor in sorted(sums)])


def _thresholds(deal: Deal, gross_minor: int) -> list[int]:
    """The sums after offers on items from which an offer on the basket takes off more."""
    if getattr(deal, "threshold_basis", "before_offers") == "before_offers":
        return []
    steps = [tier.min_spend_minor for tier in getattr(deal, "tiers", ())]
    step = getattr(deal, "min_spend_minor", 0)
    if step and getattr(deal, "repeats", False):
        return list(range(step, gross_minor + 1, step))
    return [minor for minor in (step, *steps) if minor <= gross_minor]


def _total_even(order: Order, start: Tally, way: Way, after_minor: int) -> int:
    left = after_minor
    for deal in way.tops:
        spend = _most_spend(order, start, deal, range(len(order.items)))
        spend = spend._replace(after_minor=after_minor, running_minor=left)
        left -= min(left, BASKET_KINDS[type(deal)](deal, spend))
    rate = rates_of(order)[0]
    makers = stores = 0
    for coupon in way.coupons:
        own, more = _most_coupon(order, start, coupon)
        store = coupon.funder == "store"
        makers, stores = makers + (0 if store else own), stores + more + (own if store else 0)
    base = max(0, left - stores)
    taxes = sum([_fee_base(order, n) * fee.rate_ppm for n, fee in enumerate(order.fees)])
    exact = base + Fraction(base * rate + taxes, PARTS_PER_MILLION) - min(makers, base)
    return _rounded(order, exact) + _constants(order)


def _most_spend(order: Order, start: Tally, deal: Deal, numbers: Sequence[int]) -> Spend:
    """What an offer measures where no offer on items took anything."""
    gross_minor = sum([start.net_minor(n) for n in numbers])
    return Spend(
        before_minor=sum([order.items[n].price_minor for n in numbers]),
        after_minor=gross_minor,
        running_minor=gross_minor,
        quantity=sum([order.items[n].quantity for n in numbers]),
        uses_max=order.shopper.uses_left(deal),
        rounding=deal.rounding or order.rounding,
    )


def _most_after(order: Order, start: Tally, way: Way) -> Fraction:
    """The most that offers on the basket and coupons take off the total, beside the shares that the
    worths count: amounts where they save most tax, shares by what rounding may add."""
    factors = [Fraction(PARTS_PER_MILLION + rate, PARTS_PER_MILLION) for rate in rates_of(order)]
    most = Fraction(0)
    for coupon in way.coupons:
        taxes = [factors[n] for n in _on(order, coupon)]
        own, more = _most_coupon(order, start, coupon)
        if coupon.funder == "manufacturer":
            most, own = most + own, 0
        most += (own + more) * max(taxes, default=Fraction(0))
    for deal in reversed(way.tops):
        numbers = _on(order, deal)
        if not numbers:
            continue
        worths = [factors[n] for n in numbers]
        share = running_share(deal)
        if share:
            most += _most_rounding(order, deal, worths)
            for n in numbers:
                factors[n] *= Fraction(SHARES - share, SHARES)
        else:
            most += _most_top(order, start, deal, numbers) * max(worths)
    return most


def _on(order: Order, deal: Deal) -> list[int]:
    items = order.items
    return [n for n, it in enumerate(items) if deal.covers(it.good.sku, it.good.category)]


def _most_rounding(order: Order, deal: Deal, factors: Sequence[Fraction]) -> Fraction:
    """A share is rounded once on the basket, else once a line; where taxes differ so may the parts
    of it that lines get, each by less than two."""
    half = ROUNDED.get(deal.rounding or order.rounding, HALF)
    if type(deal) not in BASKET_KINDS:
        return half * sum(factors, Fraction(0))
    return half * max(factors) + 2 * len(factors) * (max(factors) - min(factors))


def _most_top(order: Order, start: Tally, deal: Deal, numbers: Sequence[int]) -> int:
    if type(deal) in BASKET_KINDS:
        return BASKET_KINDS[type(deal)](deal, _most_spend(order, start, deal, numbers))
    # Which units a limited one is on follows from what others close: here the best there are.
    best = replace(deal, pick="best") if hasattr(deal, "pick") else deal
    tally = start.copy()
    apply_tops(order, tally, [best])
    return sum([start.net_minor(n) - tally.net_minor(n) for n in numbers])


def _most_coupon(order: Order, start: Tally, deal: Coupon) -> tuple[int, int]:
    """The most that a coupon takes off: its own part, and what the store adds to a maker's."""
    numbers = _on(order, deal)
    if sum([order.items[n].price_minor for n in numbers]) < deal.min_spend_minor:
        return 0, 0
    prices = sorted([minor for n in numbers for minor in start.units_minor[n]], reverse=True)
    size = deal.min_quantity
    uses = min(deal.count, order.shopper.uses_left(deal), len(prices) // size)
    own, more = taken(deal, prices[:size], order.rounding)
    return uses * own.amount_minor, uses * more.amount_minor


def _most_benefits(order: Order, start: Tally) -> Fraction:
    """The most tax that a short balance of food benefits saves."""
    if order.tax_inside or not order.tenders.snap or not _is_short(order):
        return Fraction(0)
    dues = [(item.rate_ppm, start.net_minor(n)) for n, item in enumerate(order.items) if item.snap]
    dues += [(fee.rate_ppm, max(0, fee.amount_minor)) for fee in order.fees if fee.snap]
    left, saved = order.tenders.snap_minor or 0, 0
    for rate_ppm, due_minor in sorted(dues, reverse=True):
        paid = min(left, due_minor)
        left, saved = left - paid, saved + paid * rate_ppm
    return Fraction(saved, PARTS_PER_MILLION)
