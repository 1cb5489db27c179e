"""From items and offers on items to chosen uses, unit by unit.

Equal units become classes, offers that share classes become components, components are searched,
and what was chosen goes back to the units of the lines. Neither the order of the lines nor how
equal goods lie on lines changes what is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cart.core.pricing.closing import Uses
from cart.core.pricing.component import Chosen, chosen
from cart.core.pricing.effort import Effort
from cart.core.pricing.field import Component, Contender, UnitClass, Use
from cart.core.pricing.kinds import BASKET_KINDS, ITEM_KINDS
from cart.core.pricing.legal import is_ladder
from cart.core.pricing.lower import Worths, worths_of
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Placed, Way
from cart.core.pricing.singles import unlimited
from cart.core.pricing.tally import Tally

Parts = tuple[tuple[int, int, int], ...]


class Choice(NamedTuple):
    """Chosen uses, in the scale of `worths` the most that any are worth, and the value of a unit of
    each item that proves it. `first` are the uses of binding offers, `case` the goods they left."""

    uses: Placed
    bound: int
    proved: bool
    values: tuple[int, ...]
    worths: Worths
    first: Placed
    first_bound: int
    pool: Pool
    case: Component
    case_values: tuple[int, ...]

    def placed(self, uses: Uses) -> Placed:
        """Other uses of the same goods."""
        pool = Pool(self.pool.classes, self.pool.deals, [units[:] for units in self.pool.units])
        members = range(len(pool.classes))
        return (*self.first, *_on_units(pool, members, self.case, uses))


class Pool(NamedTuple):
    """Classes, the offers on each, and the units of each: (item, unit), in a fixed order."""

    classes: list[UnitClass]
    deals: list[tuple[int, ...]]
    units: list[list[tuple[int, int]]]


def choose(order: Order, start: Tally, way: Way, effort: Effort) -> Choice:
    """The best uses of a way's offers on items: binding ones first, the others by search."""
    worths = worths_of(order, way)
    pool = _pool(order, start, way, worths)
    first: list[tuple[Deal, Parts]] = []
    bound = 0
    for number in way.item_deals:
        if order.offers.deals[number].binding:
            for members, component in _components(order, pool, [number]):
                found = _searched(component, effort)
                bound += found.bound
                first += _on_units(pool, members, component, found.uses)
    first_bound = bound
    free = [n for n in way.item_deals if not order.offers.deals[n].binding]
    left = Pool(pool.classes, pool.deals, [units[:] for units in pool.units])
    uses = list(first)
    values = [0] * len(pool.classes)
    proved = True
    parts = _components(order, pool, free)
    for members, component in sorted(parts, key=_size):
        found = _searched(component, effort)
        bound += found.bound
        proved = proved and found.bound == found.worth
        for at, value in zip(members, found.values, strict=True):
            values[at] = value
        uses += _on_units(pool, members, component, found.uses)
    case = _component(order, left, range(len(left.classes)), frozenset(free))
    by_item = [0] * len(order.items)
    for units, value in zip(left.units, values, strict=True):
        for item, _ in units:
            by_item[item] = value
    return Choice(tuple(uses), bound, proved, tuple(by_item), worths, tuple(first), first_bound,
                  left, case, tuple(values))  # fmt: skip


def _size(part: tuple[list[int], Component]) -> int:
    """Small components are searched first: the work that they leave is for the large ones."""
    return len(part[1].contenders)


def _searched(component: Component, effort: Effort) -> Chosen:
    found = chosen(component, effort.share())
    effort.spend(found.steps)
    return found


def components_of(order: Order) -> list[Component]:
    """The components of an order's offers on items."""
    numbers = [n for n, deal in enumerate(order.offers.deals) if type(deal) in ITEM_KINDS]
    way = Way((), tuple(numbers), (), ())
    pool = _pool(order, Tally(order.items), way, worths_of(order, way))
    return [component for _, component in _components(order, pool, numbers)]


def _pool(order: Order, start: Tally, way: Way, worths: Worths) -> Pool:
    """Units that nothing tells apart, together: neither an offer on items nor what comes after."""
    deals = order.offers.deals
    wanted = frozenset(way.item_deals)
    by_line = frozenset([n for n in wanted if getattr(deals[n], "pick", "") == "line_order"])
    apart = frozenset([n for n in wanted if unlimited(deals[n]) or is_ladder(deals[n])])
    found: dict[tuple[object, ...], list[tuple[str, str, int, int]]] = {}
    goods: dict[tuple[object, ...], UnitClass] = {}
    for number, item in enumerate(order.items):
        on = tuple([n for n in order.offers.on(item.good.sku, item.good.category) if n in wanted])
        if not on:
            continue
        worth, alone = worths.open[number], worths.alone[number]
        roles = tuple([deals[n].role(item.good.sku, item.good.category) for n in on])
        after = _after(order, way, number)
        position = number if by_line.intersection(on) else 0
        for unit, open_minor in enumerate(start.units_minor[number]):
            good = item.good.at(open_minor)
            if good.position != position:
                good = replace(good, position=position)
            product_ = good.sku if apart.intersection(on) or good.by_weight else ""
            key = (
                good.price_minor, on, roles, product_, worth, alone, good.position, good.weight,
                after,
            )  # fmt: skip
            if key not in found:
                found[key] = []
                goods[key] = UnitClass(good, 0, worth, alone)
            elif good.sku < goods[key].good.sku:
                goods[key] = UnitClass(good, 0, worth, alone)
            found[key].append((item.good.sku, item.line_id, number, unit))
    keys = sorted(goods, key=lambda key: (-goods[key].price_minor, min(found[key])))
    return Pool(
        [goods[key]._replace(quantity=len(found[key])) for key in keys],
        [key[1] for key in keys],  # type: ignore[misc]  # the second part of a key
        [[(n, unit) for *_, n, unit in sorted(found[key])] for key in keys],
    )


def _after(order: Order, way: Way, number: int) -> tuple[object, ...]:
    """What tells an item's units apart after offers on items: which offers then reach them, its
    line where one goes by lines, its tax where benefits pay a part."""
    item = order.items[number]
    later = [deal.covers(item.good.sku, item.good.category) for deal in (*way.tops, *way.coupons)]
    by_line = [deal for deal in way.tops if type(deal) not in BASKET_KINDS]
    line = item.line_id if by_line else ""
    short = (item.snap, item.rate_ppm) if order.tenders.snap else ()
    return (tuple(later), line, short)


def _on_units(
    pool: Pool, members: Sequence[int], component: Component, uses: Sequence[tuple[int, Use]]
) -> list[tuple[Deal, Parts]]:
    """Give each use units of its classes, and take them out of the pool."""
    made = []
    for number, use in uses:
        parts = []
        for at, amount_minor in use:
            item, unit = pool.units[members[at]].pop(0)
            parts.append((item, unit, amount_minor))
        made.append((component.contenders[number].deal, tuple(parts)))
    return made


def _components(
    order: Order, pool: Pool, numbers: Sequence[int]
) -> list[tuple[list[int], Component]]:
    """Classes that an offer needs together, with all offers on them."""
    deals = order.offers.deals
    wanted = frozenset(numbers)
    covered: dict[int, list[int]] = {}
    for at, on in enumerate(pool.deals):
        if pool.units[at]:
            for n in on:
                if n in wanted:
                    covered.setdefault(n, []).append(at)
    tied = [classes for n, classes in covered.items() if not unlimited(deals[n])]
    first = _parts(len(pool.classes), tied)
    members: dict[int, list[int]] = {}
    for at, on in enumerate(pool.deals):
        if pool.units[at] and wanted.intersection(on):
            members.setdefault(first[at], []).append(at)
    return [(found, _component(order, pool, found, wanted)) for found in members.values()]


def _parts(count: int, tied: Sequence[Sequence[int]]) -> list[int]:
    """For each class the first one that it is tied to, directly or not."""
    root = list(range(count))

    def top(at: int) -> int:
        while root[at] != at:
            root[at] = at = root[root[at]]
        return at

    for classes in tied:
        for at in classes[1:]:
            one, other = sorted((top(classes[0]), top(at)))
            root[other] = one
    return [top(at) for at in range(count)]


def _component(
    order: Order, pool: Pool, members: Sequence[int], wanted: frozenset[int]
) -> Component:
    deals = order.offers.deals
    on: dict[int, list[int]] = {}
    for local, at in enumerate(members):
        for n in pool.deals[at]:
            if n in wanted:
                on.setdefault(n, []).append(local)
    ranked = [n for n in order.offers.ranks if n in on]
    return Component(
        tuple([pool.classes[at]._replace(quantity=len(pool.units[at])) for at in members]),
        tuple([
            Contender(deals[n], tuple(on[n]), order.shopper.uses_left(deals[n]), rank)
            for rank, n in enumerate(ranked)
        ]),
        order.rounding,
    )  # fmt: skip
