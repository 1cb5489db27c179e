"""The stages of a price: prices of units, offers on items, those on the basket and on top, coupons.

Each sees what those before it left. The order within a stage is a rule (priority, then the
catalog's order) but for coupons. It must never choose: what to apply is told.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.basket_amount_off import BasketAmountOff
from cart.core.pricing.coupon import Coupon, taken
from cart.core.pricing.field import Component, Contender, Good, UnitClass
from cart.core.pricing.kinds import BASKET_KINDS
from cart.core.pricing.legal import Reader, saving_alone, uses_in
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.singles import unlimited
from cart.core.pricing.spend import Spend
from cart.core.pricing.tally import Tally
from cart.core.units import allocate, divide


def apply_prices(order: Order, tally: Tally, deals: Sequence[Deal]) -> None:
    """Stackable prices of units come first: every other offer sees them."""
    for deal in deals:
        for n, item in enumerate(order.items):
            if deal.covers(item.good.sku, item.good.category):
                _apply_price(order, tally, deal, n)


def _apply_price(order: Order, tally: Tally, deal: Deal, number: int) -> None:
    took = False
    for unit, open_minor in enumerate(tally.units_minor[number]):
        saving_minor = saving_alone(_on_unit(order, deal, number, open_minor), 0, 1)
        tally.take(number, unit, deal, saving_minor)
        took = took or saving_minor > 0
    if took:
        tally.count(deal)


def _on_unit(order: Order, deal: Deal, number: int, price_minor: int) -> Reader:
    """An offer on one unit of a line, at what that costs by now."""
    good: Good = order.items[number].good.at(price_minor)
    offer = Contender(deal, (0,), order.shopper.uses_left(deal), 0)
    return Reader(Component((UnitClass(good, 1, 1, 1),), (offer,), order.rounding), offer)


def apply_uses(tally: Tally, uses: Sequence[tuple[Deal, Sequence[tuple[int, int, int]]]]) -> None:
    """Take off what chosen uses of offers on items take off: (item, unit, amount) each."""
    for deal, units in uses:
        tally.count(deal, uses_in(deal, [amount_minor for *_, amount_minor in units]))
        for number, unit, amount_minor in units:
            tally.take(number, unit, deal, amount_minor)
            if deal.stack == "exclusive":
                tally.closed[number][unit] = True


def apply_tops(order: Order, tally: Tally, deals: Sequence[Deal]) -> None:
    """Apply offers on top and on the basket. What they measure, goods and sums, is what offers on
    items left: none of them takes another's goods away by making them free."""
    after_minor = [tally.open_minor(n) for n in range(len(order.items))]
    for deal in deals:
        numbers = [
            n
            for n, item in enumerate(order.items)
            if deal.covers(item.good.sku, item.good.category) and tally.opened(n)
        ]
        if type(deal) in BASKET_KINDS:
            uses = _on_basket(order, tally, deal, numbers, after_minor)
        elif unlimited(deal):
            uses = min(1, sum([_on_line(order, tally, deal, n) for n in numbers]))
        else:
            uses = _on_units(order, tally, deal, numbers)
        if uses:
            tally.count(deal, uses)


def _on_basket(
    order: Order, tally: Tally, deal: Deal, numbers: Sequence[int], after_minor: Sequence[int]
) -> int:
    """How often it applied."""
    running_minor = sum([tally.open_minor(n) for n in numbers])
    spend = Spend(
        before_minor=sum([tally.shelf_minor(n) for n in numbers]),
        after_minor=sum([after_minor[n] for n in numbers]),
        running_minor=running_minor,
        quantity=sum([tally.opened(n) for n in numbers]),
        uses_max=order.shopper.uses_left(deal),
        rounding=deal.rounding or order.rounding,
    )
    discount_minor = min(running_minor, BASKET_KINDS[type(deal)](deal, spend))
    if discount_minor <= 0:
        return 0
    tally.spread(numbers, deal, discount_minor)
    return -(-discount_minor // deal.amount_minor) if isinstance(deal, BasketAmountOff) else 1


def _on_line(order: Order, tally: Tally, deal: Deal, number: int) -> bool:
    """A stackable offer on single units, rounded once a line."""
    open_minor = tally.open_minor(number)
    if isinstance(deal, PercentOff):
        of_minor = open_minor if deal.basis == "running" else tally.shelf_minor(number)
        amount_minor = divide(of_minor * deal.share, 1_000_000, deal.rounding or order.rounding)
    else:
        assert isinstance(deal, AmountOffEach), "only these kinds come on top"
        amount_minor = deal.amount_minor * tally.opened(number)
    amount_minor = min(amount_minor, open_minor)
    if amount_minor > 0:
        tally.spread_line(number, deal, amount_minor)
    return amount_minor > 0


def _on_units(order: Order, tally: Tally, deal: Deal, numbers: Sequence[int]) -> int:
    """A stackable offer that is limited: on whole groups of the units that it says, or on those
    where it saves most, each rounded. How often it applied."""
    size: int = getattr(deal, "group_size", 1)
    pick = getattr(deal, "pick", "best")
    found = []
    reader = None
    for n in numbers:
        item = order.items[n]
        shelf = allocate(item.price_minor, [1] * item.quantity)
        for unit, open_minor in enumerate(tally.units_minor[n]):
            if tally.closed[n][unit] or (size > 1 and item.good.by_weight):
                continue
            of_minor = shelf[unit] if getattr(deal, "basis", "") == "original" else open_minor
            reader = _on_unit(order, deal, n, of_minor)
            saving_minor = min(open_minor, saving_alone(reader, 0, 1))
            first = {"best": -saving_minor, "line_order": n, "cheapest": open_minor,
                     "dearest": -open_minor}[pick]  # fmt: skip
            rank = (first, -item.rate_ppm, item.good.sku, item.line_id)
            found.append((*rank, n, unit, saving_minor))
    most = 0 if reader is None else min(reader.uses_max, len(found) // size)
    taken = sorted(found)[: most * size]
    for *_, n, unit, saving_minor in taken:
        tally.take(n, unit, deal, saving_minor)
    return -(-sum([row[-1] > 0 for row in taken]) // size)


def apply_coupons(order: Order, tally: Tally, coupons: Sequence[Coupon]) -> None:
    """Apply the store's coupons, then the makers'."""
    used: dict[str, set[tuple[int, int]]] = {"store": set(), "manufacturer": set()}
    for deal in sorted(coupons, key=lambda coupon: coupon.funder != "store"):
        numbers = [
            n
            for n, item in enumerate(order.items)
            if deal.covers(item.good.sku, item.good.category)
        ]
        if sum([order.items[n].price_minor for n in numbers]) < deal.min_spend_minor:
            continue
        units = _open_units(order, tally, numbers, used[deal.funder])
        size = deal.min_quantity
        for use in range(min(deal.count, order.shopper.uses_left(deal), len(units) // size)):
            taken_units = units[use * size : (use + 1) * size]
            used[deal.funder].update(taken_units)
            _use(order, tally, deal, taken_units)


def _open_units(
    order: Order, tally: Tally, numbers: Sequence[int], used: Container[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The units that a coupon may be on, those first that cost most."""
    ranked = sorted([
        (-open_minor, -order.items[n].rate_ppm, order.items[n].good.sku, order.items[n].line_id,
         n, unit)
        for n in numbers
        for unit, open_minor in enumerate(tally.units_minor[n])
        if (n, unit) not in used and not tally.closed[n][unit]
    ])  # fmt: skip
    return [(n, unit) for *_, n, unit in ranked]


def _use(order: Order, tally: Tally, deal: Coupon, units: Sequence[tuple[int, int]]) -> None:
    prices = [tally.units_minor[n][unit] for n, unit in units]
    got = 0
    for part in taken(deal, prices, order.rounding):
        got += part.amount_minor
        left_minor = part.amount_minor
        for n, unit in units:
            piece_minor = min(left_minor, tally.units_minor[n][unit])
            tally.take(n, unit, deal, piece_minor, part.funder)
            left_minor -= piece_minor
    if got:
        tally.count(deal)
