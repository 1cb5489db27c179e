"""The cheapest legal combination of offers for an order, and how sure that is.

First stackable prices of units, then offers on items (searched exactly, component by component),
then offers on the basket, then coupons, then tax. For each way of taking part (`ways.py`) the
search gives its best, and `lower.py` what nothing in that way can cost less than. Where those
differ, because what follows makes another choice the better one, every choice that may be cheaper
is priced (`closing.py`). What is then open is the gap. It must never read a catalog or a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from cart.core.pricing.bill import Bill, bill_of, shares_of
from cart.core.pricing.choice import Choice, choose
from cart.core.pricing.closing import Closing
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.effort import Effort
from cart.core.pricing.legal import TooManyError
from cart.core.pricing.lower import lower_minor, need_of, reached
from cart.core.pricing.order import Order, Placed, Priced, Proof, Way, WayProof
from cart.core.pricing.stages import apply_coupons, apply_prices, apply_tops, apply_uses
from cart.core.pricing.tally import Tally
from cart.core.pricing.ways import everything, narrower, widest

WAYS_MAX = 64
NARROWER_MAX = 64
# A bill in steps of work: for itself, and for each line.
BILL_STEPS = 60
LINE_STEPS = 12


class Try(NamedTuple):
    """A way priced."""

    way: Way
    uses: Placed
    tally: Tally
    bill: Bill


class Bounded(NamedTuple):
    """A widest way: prices of units applied, its offers on items chosen, and its least total."""

    way: Way
    start: Tally
    choice: Choice
    lower_minor: int


def price(order: Order) -> Priced:
    """Price an order: see `Priced`."""
    effort = Effort(order.steps_max)
    ways = widest(order)
    bounded: list[Bounded] = []
    lowers = []
    best: Try | None = None
    for way in ways:
        found = _bounded(order, way, effort)
        effort.spend(_bill_steps(order))
        bounded.append(found)
        first = _finished(order, found, found.way, found.choice.uses)
        best = first if best is None else _cheaper(best, first)
        if len(bounded) == WAYS_MAX or not effort.left:
            break
    assert best is not None, "there is always a way: the one without offers"
    if next(ways, None) is not None:
        lowers.append(_bounded(order, everything(order), effort, relaxed=True).lower_minor)
    best = _tried_narrower(order, bounded, best, effort)
    closed = []
    for number, found in sorted(enumerate(bounded), key=_cheapest_first):
        if found.lower_minor < best.bill.total_minor:
            best, whole = _closed(order, found, best, effort)
            closed += [number] if whole else []
    total_minor = best.bill.total_minor
    proofs = tuple([
        WayProof(found.choice.first, found.choice.values,
                 total_minor if number in closed else min(found.lower_minor, total_minor))
        for number, found in enumerate(bounded)
    ])  # fmt: skip
    lowers += [proof.lower_minor for proof in proofs]
    return _priced(order, best, min(lowers), proofs)


def _cheapest_first(numbered: tuple[int, Bounded]) -> int:
    return numbered[1].lower_minor


def _bounded(order: Order, way: Way, effort: Effort, *, relaxed: bool = False) -> Bounded:
    """`relaxed`: the prices of units are counted as what more may be taken off, not applied."""
    start = Tally(order.items)
    off = start
    if relaxed:
        off = start.copy()
        apply_prices(order, off, way.prices)
    else:
        apply_prices(order, start, way.prices)
    way = reached(order, start, way)
    choice = choose(order, start, way, effort)
    more = sum([
        (start.net_minor(n) - off.net_minor(n)) * worth
        for n, worth in enumerate(choice.worths.alone)
    ])  # fmt: skip
    least = lower_minor(order, start, way, choice.worths, choice.bound + more)
    return Bounded(way, start, choice, least)


def _cheaper(one: Try, other: Try) -> Try:
    """Of equal ones the first."""
    return other if other.bill.total_minor < one.bill.total_minor else one


def _finished(order: Order, found: Bounded, way: Way, uses: Placed) -> Try:
    tally = found.start.copy()
    apply_uses(tally, uses)
    apply_tops(order, tally, way.tops)
    apply_coupons(order, tally, way.coupons)
    return Try(way, uses, tally, bill_of(order, tally))


def _tried_narrower(order: Order, bounded: list[Bounded], best: Try, effort: Effort) -> Try:
    """Where a way may be cheaper than its best choice of uses is: with fewer offers on the basket,
    other coupons, without exclusive offers on items."""
    for found in bounded:
        if found.lower_minor >= best.bill.total_minor:
            continue
        for way in islice(_narrower(order, found.way), 1, NARROWER_MAX):
            if not effort.left:
                return best
            choice = found.choice
            if way[:3] != found.way[:3]:
                choice = choose(order, found.start, way, effort)
            effort.spend(_bill_steps(order))
            best = _cheaper(best, _finished(order, found, way, choice.uses))
    return best


def _narrower(order: Order, way: Way) -> Iterator[Way]:
    yield from narrower(way)
    deals = order.offers.deals
    kept = tuple([n for n in way.item_deals if deals[n].stack != "exclusive" or deals[n].binding])
    if kept != way.item_deals:
        yield from narrower(way._replace(item_deals=kept))


def _bill_steps(order: Order) -> int:
    coupons = sum([isinstance(deal, Coupon) for deal in order.offers.deals])
    units = sum([item.quantity for item in order.items])
    return BILL_STEPS + LINE_STEPS * len(order.items) + coupons * units


def _closed(order: Order, found: Bounded, best: Try, effort: Effort) -> tuple[Try, bool]:
    """Price every choice of a way that may be cheaper; whether that was all of them."""
    need = need_of(order, found.start, found.way, found.choice.worths, found.choice.bound,
                   best.bill.total_minor) - found.choice.first_bound  # fmt: skip
    ways = list(islice(narrower(found.way), NARROWER_MAX + 1))
    whole = len(ways) <= NARROWER_MAX
    closing = Closing(found.choice.case, found.choice.case_values, need, effort.left)
    steps = 0
    if not effort.left or not found.choice.proved:
        return best, False
    try:
        closing.open()
        for uses in closing.sets():
            placed = found.choice.placed(uses)
            for way in ways[:NARROWER_MAX]:
                steps += _bill_steps(order)
                if closing.steps + steps > effort.left:
                    raise TooManyError
                best = _cheaper(best, _finished(order, found, way, placed))
    except TooManyError:
        whole = False
    effort.spend(closing.steps + steps)
    return best, whole


def _priced(order: Order, best: Try, least_minor: int, proofs: tuple[WayProof, ...]) -> Priced:
    tally, bill = best.tally, best.bill
    ranks = {deal.deal_id: n for n, deal in enumerate(order.offers.deals)}
    rows = tally.rows(ranks)
    return Priced(
        rows=rows,
        applied=tally.applied,
        subtotal_minor=sum([item.price_minor for item in order.items]),
        discount_minor=sum([row.amount_minor for row in rows]),
        taxes=bill.taxes,
        tax_minor=bill.tax_minor,
        deposit_minor=bill.deposit_minor,
        fees_minor=bill.fees_minor,
        total_minor=bill.total_minor,
        snap_minor=bill.snap_minor,
        gap_minor=bill.total_minor - least_minor,
        proof=Proof(best.way, best.uses, proofs),
        shares=shares_of(order, tally, bill.taxes),
    )
