"""Verifies a certificate without the search, against the scenario itself.

It applies what is told again, stage by stage, and compares every sum. Then it asks of each way in
which the offers may take part why nothing in it costs less: by the values that are told, and where
those leave something open by going through what is open. Goods, offers and ways come from the
scenario, never from the certificate. It must never import the search, its bound or its shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from msgspec.structs import replace

from cart.core.pricing.bill import bill_of
from cart.core.pricing.certificate import (
    Certificate,
    RowTold,
    TaxTold,
    UseTold,
    WayTold,
    digest_of,
    digest_of_scenario,
)
from cart.core.pricing.closing import Closing, Uses
from cart.core.pricing.field import Component, Contender, UnitClass
from cart.core.pricing.legal import (
    USES,
    Looks,
    Reader,
    TooManyError,
    is_alone,
    is_ladder,
    ladder,
    saving_alone,
)
from cart.core.pricing.lower import Worths, lower_minor, need_of, reached, worths_of
from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Order, Placed, Way
from cart.core.pricing.proof import closed, upper_bound
from cart.core.pricing.scenario import scenario_of
from cart.core.pricing.stages import apply_coupons, apply_prices, apply_tops, apply_uses
from cart.core.pricing.tally import Tally
from cart.core.pricing.ways import narrower, widest

STEPS_MAX = 4_000_000
WAYS_MAX = 64


class Verdict(NamedTuple):
    """`faults` say what is wrong. `gap_minor` is what is not proved: 0 is all of it."""

    faults: tuple[str, ...]
    gap_minor: int


def check(row: Mapping[str, Any], certificate: Certificate) -> Verdict:
    """Check a certificate against its scenario. Raises ScenarioError."""
    if certificate.scenario != digest_of_scenario(row):
        return Verdict(("scenario: the certificate is of another one",), certificate.total)
    return check_order(scenario_of(row).order, certificate)


def check_order(order: Order, certificate: Certificate) -> Verdict:
    """Check a certificate against what its scenario says."""
    if certificate.digest != digest_of(certificate):
        return Verdict(("digest: the certificate was altered",), certificate.total)
    ids = [deal.deal_id for deal in order.offers.deals]
    if len(frozenset(ids)) < len(ids):
        return Verdict(("promotions: two offers have the same id",), certificate.total)
    faults = tuple(_Told(order, certificate).faults())
    return Verdict(faults, certificate.total) if faults else _bounded(order, certificate)


class _Told:
    """What a certificate says was applied, in the scenario's own goods and offers."""

    def __init__(self, order: Order, certificate: Certificate) -> None:
        self.order = order
        self.certificate = certificate
        self.deals = {deal.deal_id: deal for deal in order.offers.deals}

    def faults(self) -> Iterator[str]:
        """What is wrong with it."""
        told, order = self.certificate, self.order
        names = [*told.prices, *told.on_basket, *told.coupons, *[use.offer for use in told.uses]]
        if not all(name in self.deals for name in names):
            yield "an offer is named that the scenario has not"
            return
        if not any(self._fits(way) for way in islice(widest(order), WAYS_MAX)):
            yield "these offers may not be applied together, or one that is binding is left out"
            return
        start = Tally(order.items)
        apply_prices(order, start, [self.deals[name] for name in told.prices])
        ways = [reached(order, start, way) for way in islice(widest(order), WAYS_MAX)]
        worths = [worths_of(order, way) for way in ways]
        tops = tuple([self.deals[name] for name in told.on_basket])
        worths.append(worths_of(order, Way((), (), tops, ())))
        wrong = list(illegal(order, start, told.uses, worths))
        yield from wrong
        if not wrong:
            apply_uses(start, placed(order, told.uses))
            yield from self._sums(start)

    def _fits(self, way: Way) -> bool:
        told = self.certificate
        items = [self.order.offers.deals[n].deal_id for n in way.item_deals]
        return (
            [deal.deal_id for deal in way.prices] == [*told.prices]
            and all(use.offer in items for use in told.uses)
            and _is_part(told.on_basket, way.tops, ordered=True)
            and _is_part(told.coupons, way.coupons, ordered=False)
        )

    def _sums(self, tally: Tally) -> Iterator[str]:
        """Each sum that another one follows from, told or not."""
        told, order = self.certificate, self.order
        apply_tops(order, tally, [self.deals[name] for name in told.on_basket])
        coupons: Any = [self.deals[name] for name in told.coupons]
        apply_coupons(order, tally, coupons)
        bill = bill_of(order, tally)
        ranks = {deal.deal_id: n for n, deal in enumerate(order.offers.deals)}
        found = {
            "rows": tuple([RowTold(*row) for row in tally.rows(ranks)]),
            "taxes": tuple([TaxTold(*row) for row in bill.taxes]),
            "tax": bill.tax_minor,
            "deposit": bill.deposit_minor,
            "fees": bill.fees_minor,
            "snap": bill.snap_minor,
            "total": bill.total_minor,
        }
        for name, value in found.items():
            if getattr(told, name) != value:
                yield f"{name}: {getattr(told, name)} is told, {value} is right"


def _is_part(names: Sequence[str], deals: Sequence[Deal], *, ordered: bool) -> bool:
    """Whether these are some of the offers, each once, and all binding ones."""
    all_names = [deal.deal_id for deal in deals]
    forced = [deal.deal_id for deal in deals if deal.binding]
    kept = [name for name in all_names if name in names]
    same = kept == [*names] if ordered else sorted(kept) == sorted(names)
    return same and all(name in names for name in forced)


def placed(order: Order, uses: Sequence[UseTold]) -> Placed:
    """Uses on units: of each line the next that is free."""
    numbers = {item.line_id: n for n, item in enumerate(order.items)}
    deals = {deal.deal_id: deal for deal in order.offers.deals}
    taken = [0] * len(order.items)
    made = []
    for use in uses:
        units = []
        for line, off_minor in use.units:
            number = numbers[line]
            units.append((number, taken[number], off_minor))
            taken[number] += 1
        made.append((deals[use.offer], tuple(units)))
    return tuple(made)


def illegal(
    order: Order, start: Tally, uses: Sequence[UseTold], ways: Sequence[Worths]
) -> Iterator[str]:
    """What is wrong with uses of offers on items: binding ones take from all goods, the others from
    what is left. `ways`: what decides who gets a cent that does not divide, each of which will do.
    """
    numbers = {item.line_id: n for n, item in enumerate(order.items)}
    by_offer: dict[str, list[UseTold]] = {}
    for told in uses:
        if not all(line in numbers for line, _ in told.units):
            yield "a use names a line that the scenario has not"
            return
        by_offer.setdefault(told.offer, []).append(told)
    left = [item.quantity for item in order.items]
    free = left[:]
    ranked = [n for n in order.offers.ranks if order.offers.deals[n].deal_id in by_offer]
    for n in sorted(ranked, key=lambda n: not order.offers.deals[n].binding):
        deal = order.offers.deals[n]
        shelves = [shelf_of(order, start, free, [n], worths) for worths in ways]
        if not any(_allowed(order, shelf, by_offer[deal.deal_id]) for shelf in shelves):
            yield f"{deal.deal_id} does not allow its uses"
        for use in by_offer[deal.deal_id]:
            for line, _ in use.units:
                left[numbers[line]] -= 1
        if min(left) < 0:
            yield "a unit is used twice"
            return
        free = left[:] if deal.binding else free


class Shelf(NamedTuple):
    """Goods and the offers on them: each class is a line, `lines` says which."""

    case: Component
    lines: tuple[int, ...]


def shelf_of(
    order: Order, start: Tally, left: Sequence[int], numbers: Sequence[int], worths: Worths
) -> Shelf:
    """The lines that these offers touch, dear ones first."""
    items, deals = order.items, [order.offers.deals[n] for n in numbers]
    touched = [
        n for n, item in enumerate(items)
        if item.quantity
        and any(deal.touches(item.good.sku, item.good.category) for deal in deals)
    ]  # fmt: skip
    lines = sorted(touched, key=lambda n: (-start.units_minor[n][0], items[n].good.sku))
    by_line = any(getattr(deal, "pick", "") == "line_order" for deal in deals)
    classes = []
    for n in lines:
        good = items[n].good.at(start.units_minor[n][0])
        good = replace(good, position=n) if by_line else good
        classes.append(UnitClass(good, left[n], worths.open[n], worths.alone[n]))
    contenders = []
    for rank, deal in enumerate(deals):
        goods = [items[n].good for n in lines]
        on = [at for at, good in enumerate(goods) if deal.touches(good.sku, good.category)]
        contenders.append(Contender(deal, tuple(on), order.shopper.uses_left(deal), rank))
    return Shelf(Component(tuple(classes), tuple(contenders), order.rounding), tuple(lines))


def _allowed(order: Order, shelf: Shelf, told: Sequence[UseTold]) -> bool:
    """Whether one offer allows these uses, as far as so many looks show."""
    places = {order.items[n].line_id: at for at, n in enumerate(shelf.lines)}
    if not all(line in places for use in told for line, _ in use.units):
        return False
    uses = [tuple([(places[line], off) for line, off in use.units]) for use in told]
    (offer,) = shelf.case.contenders
    reader = Reader(shelf.case, offer, Looks(STEPS_MAX))
    pairs = sorted(pair for use in uses for pair in use)
    if is_alone(offer):
        taken: dict[int, list[int]] = {}
        for at, off_minor in pairs:
            taken.setdefault(at, []).append(off_minor)
        return all(sum(off) == saving_alone(reader, at, len(off)) for at, off in taken.items())
    if is_ladder(offer.deal):
        return pairs in [sorted(rung) for rung in ladder(reader)]
    try:
        legal = frozenset(tuple(sorted(use)) for use in USES[type(offer.deal)](reader))
    except TooManyError:
        return False
    return len(uses) <= reader.uses_max and all(tuple(sorted(use)) in legal for use in uses)


def _bounded(order: Order, certificate: Certificate) -> Verdict:
    """Whether each way is bounded as is told."""
    ways = list(islice(widest(order), WAYS_MAX + 1))
    if len(ways) != len(certificate.ways):
        return Verdict(("ways: there are others than are told",), certificate.total)
    faults = []
    leasts = []
    for number, (way, told) in enumerate(zip(ways, certificate.ways, strict=True)):
        found = _Bound(order, way, told)
        faults += [f"ways[{number}]: {fault}" for fault in found.faults]
        least = min(certificate.total, found.least(certificate.total, told.least))
        leasts.append(least)
        if least < told.least:
            faults.append(f"ways[{number}]: {told.least} is told, not proved is less than {least}")
    if certificate.gap != certificate.total - min(told.least for told in certificate.ways):
        faults.append("gap: it does not follow from the ways")
    return Verdict(tuple(faults), certificate.total - min(leasts))


class _Bound:
    """What nothing in a way costs less than."""

    def __init__(self, order: Order, way: Way, told: WayTold) -> None:
        self.order = order
        self.start = Tally(order.items)
        apply_prices(order, self.start, way.prices)
        self.way = reached(order, self.start, way)
        self.worths = worths_of(order, self.way)
        self.values = told.values
        self.faults = list(self._faults(told))
        self.first = () if self.faults else placed(order, told.first)
        left = [item.quantity for item in order.items]
        for _, units in self.first:
            for n, _, _ in units:
                left[n] -= 1
        deals = order.offers.deals
        free = [n for n in self.way.item_deals if not deals[n].binding]
        self.shelf = shelf_of(order, self.start, left, free, self.worths)
        self.first_worth = sum([self._worth(deal, units) for deal, units in self.first])

    def _worth(self, deal: Deal, units: Sequence[tuple[int, int, int]]) -> int:
        """What a use of a binding offer is worth: see `legal.worth`."""
        open_, alone = self.worths.open, self.worths.alone
        if deal.stack != "exclusive":
            return sum([off * open_[n] for n, _, off in units])
        prices = self.start.units_minor
        return sum([off * alone[n] - prices[n][0] * (alone[n] - open_[n]) for n, _, off in units])

    def _faults(self, told: WayTold) -> Iterator[str]:
        if len(told.values) != len(self.order.items) or min(told.values, default=0) < 0:
            yield "a value of each line is needed, none below zero"
        deals = {deal.deal_id: deal for deal in self.order.offers.deals}
        if not all(use.offer in deals and deals[use.offer].binding for use in told.first):
            yield "only binding offers come first"
            return
        yield from illegal(self.order, self.start, told.first, [self.worths])

    def least(self, total: int, told: int) -> int:
        """By the values; where those prove less than is told, by what they leave open."""
        if self.faults:
            return 0
        told = min(told, total)
        values = [self.values[n] for n in self.shelf.lines]
        bound = upper_bound(self.shelf.case, values)
        least = self._lower(bound)
        if least >= told:
            return least
        best = closed(self.shelf.case, values, self._need(bound, told) - 1)
        least = max(least, self._lower(best))
        return least if least >= told else self._tried(values, best, told, least)

    def _need(self, bound: int, total: int) -> int:
        """What the free uses must be worth for this way to cost less than a total."""
        whole = bound + self.first_worth
        need = need_of(self.order, self.start, self.way, self.worths, whole, total)
        return need - self.first_worth

    def _lower(self, bound: int) -> int:
        whole = bound + self.first_worth
        return lower_minor(self.order, self.start, self.way, self.worths, whole)

    def _tried(self, values: Sequence[int], best: int, total: int, least: int) -> int:
        """Price every choice that may cost less."""
        closing = Closing(self.shelf.case, values, self._need(best, total), STEPS_MAX)
        cheapest = total
        try:
            closing.open()
            for uses in closing.sets():
                for way in narrower(self.way):
                    cheapest = min(cheapest, self._total(uses, way))
        except TooManyError:
            return least
        return cheapest

    def _total(self, uses: Uses, way: Way) -> int:
        told = [
            UseTold(self.shelf.case.contenders[number].deal.deal_id, tuple([
                (self.order.items[self.shelf.lines[at]].line_id, off) for at, off in use
            ]))
            for number, use in uses
        ]  # fmt: skip
        first = [
            UseTold(deal.deal_id, tuple([(self.order.items[n].line_id, o) for n, _, o in units]))
            for deal, units in self.first
        ]
        tally = self.start.copy()
        apply_uses(tally, placed(self.order, [*first, *told]))
        apply_tops(self.order, tally, way.tops)
        apply_coupons(self.order, tally, way.coupons)
        return bill_of(self.order, tally).total_minor
