"""From items and offers on items to chosen uses, unit by unit.

Equal units become classes, offers that share classes become components, components are searched,
and what was chosen goes back to the units of the lines. Neither the order of the lines nor how
equal goods lie on lines changes what is saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

from cart.core.pricing.component import (
    Chosen,
    Component,
    Contender,
    Form,
    chosen,
    compiled,
    rest_uses,
)
from cart.core.pricing.field import SHARES, Good, UnitClass, Use
from cart.core.pricing.kinds import ITEM_KINDS
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Proof
from cart.core.pricing.shapes import Plan
from cart.core.pricing.shares import running_share
from cart.core.pricing.singles import unlimited
from cart.core.pricing.tally import Tally
from cart.core.units import PARTS_PER_MILLION

# What an offer takes off which unit: (item, unit, amount).
Parts = tuple[tuple[int, int, int], ...]


class Choice(NamedTuple):
    """Chosen uses, how much better they could be at most, and the proofs of the components."""

    uses: tuple[tuple[Deal, Parts], ...]
    gap_minor: int
    proofs: tuple[Proof, ...] = ()


class Pool(NamedTuple):
    """Classes, the offers on each, and the units of each: (item, unit), in a fixed order."""

    classes: list[UnitClass]
    deals: list[tuple[int, ...]]
    units: list[list[tuple[int, int]]]


def choose(order: Order, start: Tally, item_deals: Sequence[int], tops: Sequence[Deal]) -> Choice:
    """The best uses of these offers: binding ones first, the others by search."""
    pool = _pool(order, start, item_deals, tops)
    uses = list(_bound_uses(order, pool, item_deals))
    scale = _scale(order, tops)
    gap_minor = 0
    proofs = []
    free = [n for n in item_deals if not order.offers.deals[n].binding]
    for members, component in _components(order, pool, free):
        found = chosen(component, order.nodes_max)
        gap_minor += -(-(found.bound - found.worth) // scale)
        proofs.append(_proof(component, found, scale))
        uses += _on_units(pool, members, component, found.uses)
    return Choice(tuple(uses), gap_minor, tuple(proofs))


def _proof(component: Component, found: Chosen, scale: int) -> Proof:
    return Proof(component, found, scale)


def components_of(order: Order) -> list[Component]:
    """The components of an order's offers on items."""
    numbers = [n for n, deal in enumerate(order.offers.deals) if type(deal) in ITEM_KINDS]
    pool = _pool(order, Tally(order.items), numbers, ())
    return [component for _, component in _components(order, pool, numbers)]


def every_choice(
    order: Order, start: Tally, item_deals: Sequence[int], tops: Sequence[Deal], most: int
) -> Iterator[Choice]:
    """Every legal set of uses of these offers, if there are no more than `most`: more of them tell
    that these are not all."""
    pool = _pool(order, start, item_deals, tops)
    first = list(_bound_uses(order, pool, item_deals))
    free = [n for n in item_deals if not order.offers.deals[n].binding]
    parts = list(_components(order, pool, free))
    ways = [list(islice(_every_way(component), most + 1)) for _, component in parts]
    for way in product(*ways):
        copy = Pool(pool.classes, pool.deals, [units[:] for units in pool.units])
        uses = list(first)
        for (members, component), chosen_uses in zip(parts, way, strict=True):
            uses += _on_units(copy, members, component, chosen_uses)
        yield Choice(tuple(uses), 0)


def _every_way(component: Component) -> Iterator[list[tuple[int, Use]]]:
    """All combinations of plans, and of how many leftovers take an offer."""
    form = compiled(component)
    zeros = [0] * len(form.problem.caps)

    def decide(number: int, left: list[int]) -> Iterator[list[tuple[int, Use]]]:
        if number == len(form.groups):
            yield from _every_rest(form, left)
            return
        index, part = form.groups[number]
        none = Plan(0, 0, (0,) * len(part.shape.classes))
        for plan in (*part.shape.plans(zeros, left, 0), none):
            after = left[:]
            for at, n in zip(part.shape.classes, plan.use, strict=True):
                after[at] -= n
            uses = [(index, use) for use in part.uses(plan.use)] if any(plan.use) else []
            for rest in decide(number + 1, after):
                yield uses + rest

    yield from decide(0, list(form.problem.caps))


def _every_rest(form: Form, left: Sequence[int]) -> Iterator[list[tuple[int, Use]]]:
    counts = [range(n, -1, -1) if form.problem.rests[at][-1] else (0,) for at, n in enumerate(left)]
    for taken in product(*counts):
        yield [use for at, n in enumerate(taken) for use in rest_uses(form, at, n)]


def _scale(order: Order, tops: Sequence[Deal]) -> int:
    """What one minor unit is worth in the search."""
    shares = [running_share(deal) for deal in tops]
    scale = PARTS_PER_MILLION if any(item.rate_ppm for item in order.items) else 1
    for share in shares:
        scale *= SHARES if share else 1
    return scale


def _pool(order: Order, start: Tally, item_deals: Sequence[int], tops: Sequence[Deal]) -> Pool:
    """Units that nothing tells apart, together."""
    deals = order.offers.deals
    wanted = frozenset(item_deals)
    by_line = frozenset([n for n in item_deals if getattr(deals[n], "pick", "") == "line_order"])
    apart = frozenset([n for n in item_deals if unlimited(deals[n])])
    scale = _scale(order, tops)
    taxed = any(item.rate_ppm for item in order.items)
    found: dict[tuple[object, ...], list[tuple[str, str, int, int]]] = {}
    goods: dict[tuple[object, ...], UnitClass] = {}
    for number, item in enumerate(order.items):
        on = tuple([n for n in order.offers.on(item.good.sku, item.good.category) if n in wanted])
        if not on:
            continue
        paid_by_snap = item.snap and order.tenders.snap
        rate_ppm = 0 if paid_by_snap or order.tax_inside else item.rate_ppm
        alone = scale // PARTS_PER_MILLION * (PARTS_PER_MILLION + rate_ppm) if taxed else scale
        worth = alone
        for deal in tops:
            if running_share(deal) and deal.covers(item.good.sku, item.good.category):
                worth = worth // SHARES * (SHARES - running_share(deal))
        for unit, open_minor in enumerate(start.units_minor[number]):
            good = _good(item.good, open_minor, number if by_line.intersection(on) else 0)
            product_ = good.sku if apart.intersection(on) or good.by_weight else ""
            key = (good.price_minor, on, product_, worth, alone, good.position, good.weight)
            if key not in found:
                found[key] = []
                goods[key] = UnitClass(good, 0, worth, alone)
            elif good.sku < goods[key].good.sku:
                goods[key] = UnitClass(good, 0, worth, alone)
            found[key].append((item.good.sku, item.line_id, number, unit))
    keys = sorted(goods, key=lambda key: (-goods[key].price_minor, goods[key].good.sku, str(key)))
    return Pool(
        [goods[key]._replace(quantity=len(found[key])) for key in keys],
        [key[1] for key in keys],  # type: ignore[misc]  # the second part of a key
        [[(n, unit) for *_, n, unit in sorted(found[key])] for key in keys],
    )


def _good(good: Good, price_minor: int, position: int) -> Good:
    """A unit as the offers see it, at what it costs by now."""
    if good.price_minor == price_minor and good.position == position:
        return good
    return Good(
        good.sku, price_minor, good.category, good.unit_price_minor, good.weight,
        good.by_weight, position,
    )  # fmt: skip


def _bound_uses(
    order: Order, pool: Pool, item_deals: Sequence[int]
) -> Iterator[tuple[Deal, Parts]]:
    """Binding offers take the best for themselves, one after the other."""
    for number in item_deals:
        if order.offers.deals[number].binding:
            for members, component in _components(order, pool, [number]):
                found = chosen(component, order.nodes_max)
                yield from _on_units(pool, members, component, found.uses)


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
