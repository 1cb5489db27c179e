"""Every legal use of an offer on given goods, straight from what the offer says.

This is the slow and plain reading that the checker and the tests hold against the search. It shares
no code with it, and it must never be fast at the cost of being plain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from cart.core.pricing.amount_off_each import AmountOffEach
from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.field import Component, Contender, UnitClass
from cart.core.pricing.member_price import Markdown, MemberPrice
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.offers import Deal
from cart.core.pricing.percent_off import PercentOff
from cart.core.pricing.weight_price import WeightPrice
from cart.core.units import Rounding, allocate, divide, round_fraction

MILLION = 1_000_000
# So many units of a group are a look more.
UNITS_A_LOOK = 8
Use = tuple[tuple[int, int], ...]
Vector = tuple[int, ...]


class TooManyError(Exception):
    """There is more than may be looked at."""


class Looks:
    """Counts looks, for what must not take long: after `left` of them it raises TooManyError."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, looks: int) -> None:
        """So many more."""
        self.left -= looks
        if self.left < 0:
            raise TooManyError


def uncounted(_looks: int) -> None:
    """For who has the time for every use."""


class Reader:
    """One offer on the goods of one component. `look` hears of each group of units before it is
    told; `dear_first` tells the groups of dear units first."""

    def __init__(
        self,
        case: Component,
        offer: Contender,
        look: Callable[[int], None] = uncounted,
        *,
        dear_first: bool = False,
    ) -> None:
        self.look = look
        self.dear_first = dear_first
        self.goods = case.classes
        self.deal: Any = offer.deal
        self.covered = offer.covered
        units_max = getattr(offer.deal, "max_units", None)
        group_size = getattr(offer.deal, "group_size", 1)
        limits = [] if units_max is None else [units_max // group_size]
        self.uses_max = min([offer.uses_max, *limits])
        self.rounding: Rounding = offer.deal.rounding or case.rounding

    def share(self, amount_minor: int, share_ppm: int) -> int:
        """A percentage of an amount."""
        return divide(amount_minor * share_ppm, MILLION, self.rounding)

    def pieces(self) -> list[int]:
        """What is not weighed, cheap ones first, of equal prices the last."""
        found = [at for at in self.covered if not self.goods[at].good.by_weight]
        return sorted(found, key=lambda at: (self.goods[at].price_minor, -at))

    def groups(
        self, among: Sequence[int], size: int, taken: Sequence[int] = ()
    ) -> Iterator[Vector]:
        """Every group of `size` units of these classes, in their order, that is there beside the
        units that are taken."""
        units = [at for at in among for _ in range(self.goods[at].quantity - taken.count(at))]
        way = -1 if self.dear_first else 1
        for group in _some(units[::way], size):
            self.look(1 + size // UNITS_A_LOOK)
            yield group[::way]

    def unit_worth(self, at: int) -> int:
        """What one minor unit off a unit is worth."""
        goods = self.goods[at]
        return goods.worth_alone if self.deal.stack == "exclusive" else goods.worth

    def prices(self, units: Sequence[int]) -> list[int]:
        """The price of each unit."""
        return [self.goods[at].price_minor for at in units]

    def spread(self, units: Sequence[int], saving_minor: int) -> Use:
        """A saving in proportion to the prices; of equal claims to a cent that is met first which
        is worth most."""
        ordered = sorted(units, key=lambda at: -self.unit_worth(at))
        return tuple(zip(ordered, allocate(saving_minor, self.prices(ordered)), strict=True))


def _some(units: Sequence[int], size: int) -> Iterator[Vector]:
    """Every choice of `size` of these units; equal ones, which stand together, are told apart by
    nothing. Where there are too few there is none, at once."""
    most = len(units)
    behind = list(range(1, most + 1))  # where the units end that equal each
    for n in reversed(range(most - 1)):
        if units[n] == units[n + 1]:
            behind[n] = behind[n + 1]
    chosen = list(range(size))
    while size <= most:
        yield tuple([units[n] for n in chosen])
        moved = [k for k in range(size) if units[chosen[k]] != units[most - size + k]]
        if not moved:
            return
        start = behind[chosen[moved[-1]]]
        chosen[moved[-1] :] = range(start, start + size - moved[-1])


def worth(case: Component, offer: Contender, use: Use) -> int:
    """What a use is worth: what it takes off, less what its units lose elsewhere."""
    total = 0
    for at, off_minor in use:
        goods = case.classes[at]
        if offer.deal.stack == "exclusive":
            lost = goods.price_minor * (goods.worth_alone - goods.worth)
            total += off_minor * goods.worth_alone - lost
        else:
            total += off_minor * goods.worth
    return total


def is_alone(offer: Contender) -> bool:
    """Whether an offer is on each product alone, so that n units save what they save together."""
    deal: Any = offer.deal
    return (
        isinstance(deal, PercentOff | AmountOffEach | MemberPrice | Markdown | WeightPrice)
        and deal.stack != "exclusive"
        and deal.max_applications is None
        and deal.max_per_shopper is None
        and getattr(deal, "max_units", None) is None
        and getattr(deal, "group_size", 1) == 1
        and getattr(deal, "pick", "best") == "best"
    )


def saving_alone(reader: Reader, at: int, units: int) -> int:
    """What an offer on single units takes off n units of a class."""
    deal, goods = reader.deal, reader.goods[at]
    if isinstance(deal, PercentOff):
        return reader.share(goods.price_minor * units, deal.share)
    if isinstance(deal, AmountOffEach):
        return min(deal.amount_minor, goods.price_minor) * units
    return max(0, goods.price_minor - _new_price(reader, goods)) * units


def _new_price(reader: Reader, goods: UnitClass) -> int:
    deal = reader.deal
    weight = goods.good.weight
    if isinstance(deal, WeightPrice) and (weight is None or weight < Fraction(deal.min_weight)):
        return goods.price_minor
    share_ppm = getattr(deal, "share_ppm", None)
    if share_ppm is not None:
        return goods.price_minor - reader.share(goods.price_minor, share_ppm)
    unit_minor = deal.price_minor
    if isinstance(deal, WeightPrice) and unit_minor is None:
        unit_minor = max(0, goods.good.unit_price_minor - (deal.amount_minor or 0))
    if unit_minor is None or (goods.good.by_weight and weight is None):
        return goods.price_minor
    if weight is None:
        return int(unit_minor)
    return round_fraction(weight * unit_minor, reader.rounding)


def _n_for_price(reader: Reader) -> Iterator[Use]:
    for units in reader.groups(reader.pieces(), reader.deal.quantity):
        saving_minor = sum(reader.prices(units)) - reader.deal.price_minor
        if saving_minor > 0:
            yield reader.spread(units[::-1], saving_minor)


def _cheapest(reader: Reader, size: int, free: int, share_ppm: int) -> Iterator[Use]:
    pieces = _in_order(reader, reader.pieces())
    for units in reader.groups(pieces, size):
        yield from _frees(reader, units, free, share_ppm)


def _frees(reader: Reader, units: Sequence[int], free: int, share_ppm: int) -> Iterator[Use]:
    """Units, cheap ones first, of which the cheapest are free: of equal prices any, those first
    that are worth most."""
    prices = reader.prices(units)
    sure = [at for at, minor in zip(units, prices, strict=True) if minor < prices[free - 1]]
    tied = [at for at, minor in zip(units, prices, strict=True) if minor == prices[free - 1]]
    dear = list(units[len(sure) + len(tied) :])
    for chosen in _some(tied, free - len(sure)):
        reader.look(1 + len(units) // UNITS_A_LOOK)
        left = tied[:]
        for at in chosen:
            left.remove(at)
        free_units = (*sure, *chosen)
        off = [(at, reader.share(reader.goods[at].price_minor, share_ppm)) for at in free_units]
        yield (*off, *[(at, 0) for at in (*left, *dear)])


def _cheapest_free(reader: Reader) -> Iterator[Use]:
    deal: CheapestFree = reader.deal
    assert deal.quantity is not None, "offers by spend are ladders"
    if deal.free < deal.quantity:
        yield from _cheapest(reader, deal.quantity, deal.free, deal.share_ppm)


def _buy_x_get_y(reader: Reader) -> Iterator[Use]:
    deal: BuyXGetY = reader.deal
    same = not deal.get_skus or sorted(frozenset(deal.get_skus)) == sorted(frozenset(deal.skus))
    if same and deal.get_item != "any":
        yield from _cheapest(reader, deal.buy + deal.free, deal.free, deal.share_ppm)
        return
    goods = reader.goods
    skus = {at: goods[at].good.sku for at in reader.pieces()}
    bought = [at for at, sku in skus.items() if deal.covers(sku, goods[at].good.category)]
    wanted = [sku for sku in deal.get_skus if sku not in deal.except_skus]
    got = [at for at, sku in skus.items() if same or sku in wanted]
    for paid, free in _beside(reader, ((bought, deal.buy), (got, deal.free))):
        if deal.get_item == "cheapest_of_pair":
            units = _in_order(reader, (*paid, *free))
            yield from _frees(reader, units, deal.free, deal.share_ppm)
            continue
        off = [(at, reader.share(goods[at].price_minor, deal.share_ppm)) for at in free]
        yield (*off, *[(at, 0) for at in paid])


def _beside(
    reader: Reader, parts: Sequence[tuple[Sequence[int], int]], chosen: tuple[Vector, ...] = ()
) -> Iterator[tuple[Vector, ...]]:
    """Of each part, classes and how many units, a group: beside each other."""
    if len(chosen) == len(parts):
        yield chosen
        return
    among, size = parts[len(chosen)]
    taken = [at for group in chosen for at in group]
    for group in reader.groups(among, size, taken):
        yield from _beside(reader, parts, (*chosen, group))


def _bundle(reader: Reader) -> Iterator[Use]:
    deal: Bundle = reader.deal
    parts = []
    for part in deal.parts:
        wanted = [
            at
            for at in reader.pieces()
            if reader.goods[at].good.sku in part.skus
            or reader.goods[at].good.category in part.categories
        ]
        parts.append((wanted, part.count))
    for choice in _beside(reader, parts):
        units = [at for group in choice for at in group[::-1]]
        whole_minor = sum(reader.prices(units))
        if deal.price_minor is not None:
            saving_minor = whole_minor - deal.price_minor
        elif deal.amount_minor is not None:
            saving_minor = min(whole_minor, deal.amount_minor)
        else:
            saving_minor = reader.share(whole_minor, deal.share_ppm or 0)
        if saving_minor > 0:
            yield reader.spread(units, saving_minor)


def _grouped(reader: Reader) -> Iterator[Use]:
    size = getattr(reader.deal, "group_size", 1)
    pieces = list(reader.covered) if size == 1 else reader.pieces()
    for units in reader.groups(pieces, size):
        yield tuple((at, saving_alone(reader, at, 1)) for at in units)


# All uses of an offer, one at a time, units without order.
USES: Mapping[type[Deal], Callable[[Reader], Iterator[Use]]] = {
    NForPrice: _n_for_price,
    CheapestFree: _cheapest_free,
    BuyXGetY: _buy_x_get_y,
    Bundle: _bundle,
    PercentOff: _grouped,
    AmountOffEach: _grouped,
    MemberPrice: _grouped,
    Markdown: _grouped,
    WeightPrice: _grouped,
}


def is_ladder(deal: Deal) -> bool:
    """Whether an offer's units are told: its first use takes these, its second those."""
    by_basket = isinstance(deal, CheapestFree) and (
        deal.quantity is None or deal.free_item == "cheapest_eligible_in_basket"
    )
    return by_basket or getattr(deal, "pick", "best") != "best"


def uses_in(deal: Deal, offs_minor: Sequence[int]) -> int:
    """How many uses take these amounts off: the units of a told offer are told all together."""
    if not is_ladder(deal):
        return 1
    if isinstance(deal, CheapestFree):
        free = 1 if deal.quantity is None else deal.free
        return max(1, -(-sum([off_minor > 0 for off_minor in offs_minor]) // free))
    return len(offs_minor) // getattr(deal, "group_size", 1)


def _in_order(reader: Reader, units: Sequence[int], pick: str = "cheapest") -> list[int]:
    """Units as they are told; of equal prices first what saves the shopper most, then by name."""

    def rank(at: int) -> tuple[int, int, str]:
        good = reader.goods[at].good
        first = {"line_order": good.position, "dearest": -good.price_minor}
        return first.get(pick, good.price_minor), -reader.unit_worth(at), good.sku

    return sorted(units, key=rank)


def ladder(reader: Reader) -> Iterator[Use]:
    """All uses of a told offer together: once, twice, and so on."""
    deal = reader.deal
    pick = getattr(deal, "pick", "cheapest")
    units = [
        at
        for at in _in_order(reader, reader.pieces(), pick)
        for _ in range(reader.goods[at].quantity)
    ]
    if isinstance(deal, CheapestFree):
        whole_minor = sum(reader.prices(units))
        if deal.quantity is None:
            needed_minor = deal.min_spend_minor or 0
            most = whole_minor // needed_minor if needed_minor else 1
        else:
            most = len(units) // deal.quantity
        for uses in range(1, min(reader.uses_max, most, len(units)) + 1):
            taken = units if deal.quantity is None else units[: uses * deal.quantity]
            frees = uses if deal.quantity is None else uses * deal.free
            yield tuple(
                (at, reader.share(reader.goods[at].price_minor, deal.share_ppm) if n < frees else 0)
                for n, at in enumerate(taken)
            )
        return
    most = min(reader.uses_max, (deal.max_units or len(units)) // deal.group_size)
    for uses in range(1, min(most, len(units) // deal.group_size) + 1):
        yield tuple((at, saving_alone(reader, at, 1)) for at in units[: uses * deal.group_size])
