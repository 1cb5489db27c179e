"""The offers that follow those on items: on the basket, on top, and coupons, in their order.

Each sees what those before it left. Their order is a rule (priority, then the catalog's order), not
a choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.coupon import Coupon, taken
from cart.core.pricing.kinds import BASKET_KINDS
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.spend import Spend
from cart.core.pricing.tally import Tally
from cart.core.units import divide


def apply_tops(order: Order, tally: Tally, deals: Sequence[Deal]) -> bool:
    """Apply offers on top and on the basket; false if one of them did not take anything off."""
    after_minor = [tally.net_minor(n) for n in range(len(order.items))]
    all_took = True
    for deal in deals:
        numbers = [
            n
            for n, item in enumerate(order.items)
            if deal.covers(item.good.sku, item.good.category) and tally.open_minor(n)
        ]
        if type(deal) in BASKET_KINDS:
            took = _on_basket(order, tally, deal, numbers, after_minor)
        else:
            took = sum([_on_line(order, tally, deal, n) for n in numbers]) > 0
        if took:
            tally.count(deal)
        all_took = all_took and took
    return all_took


def _on_basket(
    order: Order, tally: Tally, deal: Deal, numbers: Sequence[int], after_minor: Sequence[int]
) -> bool:
    items = order.items
    running_minor = sum([tally.open_minor(n) for n in numbers])
    spend = Spend(
        before_minor=sum([items[n].price_minor for n in numbers]),
        after_minor=sum([after_minor[n] for n in numbers]),
        running_minor=running_minor,
        quantity=sum([items[n].quantity for n in numbers]),
        uses_max=order.shopper.uses_left(deal),
        rounding=deal.rounding or order.rounding,
    )
    discount_minor = min(running_minor, BASKET_KINDS[type(deal)](deal, spend))
    if discount_minor > 0:
        tally.spread(numbers, deal, discount_minor)
    return discount_minor > 0


def _on_line(order: Order, tally: Tally, deal: Deal, number: int) -> bool:
    """A stackable offer on single units, rounded once a line."""
    item, open_minor = order.items[number], tally.open_minor(number)
    if isinstance(deal, PercentOff):
        of_minor = open_minor if deal.basis == "running" else item.price_minor
        amount_minor = divide(of_minor * deal.share, 1_000_000, deal.rounding or order.rounding)
    else:
        assert isinstance(deal, AmountOffEach), "only these kinds come on top"
        amount_minor = deal.amount_minor * item.quantity
    amount_minor = min(amount_minor, open_minor)
    if amount_minor > 0:
        tally.spread_line(number, deal, amount_minor)
    return amount_minor > 0


def apply_coupons(order: Order, tally: Tally, coupons: Sequence[Coupon]) -> int:
    """Apply the store's coupons, then the makers'. Return what the makers' and the store's face
    values lost because goods cost less by then: without other offers it might not be lost."""
    lost_minor = 0
    used: dict[str, list[tuple[int, int]]] = {"store": [], "manufacturer": []}
    for deal in sorted(coupons, key=lambda coupon: coupon.funder != "store"):
        numbers = [
            n
            for n, item in enumerate(order.items)
            if deal.covers(item.good.sku, item.good.category)
        ]
        if sum([order.items[n].price_minor for n in numbers]) < deal.min_spend_minor:
            continue
        for _ in range(min(deal.count, order.shopper.uses_left(deal))):
            taken_units = used[deal.funder]
            open_units = [
                (
                    -tally.units_minor[n][unit],
                    -order.items[n].rate_ppm,
                    order.items[n].good.sku,
                    order.items[n].line_id,
                    n,
                    unit,
                )
                for n in numbers
                for unit in range(order.items[n].quantity)
                if (n, unit) not in taken_units and not tally.closed[n][unit]
            ]
            if len(open_units) < deal.min_quantity:
                break
            units = [(n, unit) for *_, n, unit in sorted(open_units)[: deal.min_quantity]]
            taken_units += units
            lost_minor += _use(order, tally, deal, units)
    return lost_minor


def _use(order: Order, tally: Tally, deal: Coupon, units: Sequence[tuple[int, int]]) -> int:
    def prices() -> list[int]:
        return [tally.units_minor[n][unit] for n, unit in units]

    shelf_minor = [order.items[n].price_minor // order.items[n].quantity for n, _ in units]
    wished = sum([part.amount_minor for part in taken(deal, shelf_minor, order.rounding)])
    got = 0
    for part in taken(deal, prices(), order.rounding):
        got += part.amount_minor
        left_minor = part.amount_minor
        for n, unit in units:
            piece_minor = min(left_minor, tally.units_minor[n][unit])
            tally.take(n, unit, deal, piece_minor, part.funder)
            left_minor -= piece_minor
    if got:
        tally.count(deal)
    return max(0, wished - got)
