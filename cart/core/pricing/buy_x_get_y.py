"""Buy one, get one free or at half price: the bought pieces and the got ones may differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from msgspec import Meta

from cart.core.pricing.field import SHARES, Field, Use
from cart.core.pricing.grouping import Grouped, Grouping
from cart.core.pricing.offers import Deal, SharePpm, Sku
from cart.core.pricing.shapes import Counts, Groups, Slot
from cart.core.pricing.uses import Compiled, units_of_counts
from cart.core.pricing.uses_cheapest import cheapest_of_groups

GetItem = Literal["default", "cheapest_of_pair", "any"]


class BuyXGetY(Deal, tag="buy_x_get_y", kw_only=True):
    """For every `buy` pieces of what the offer is on, `free` pieces of `get_skus` cost `share_ppm`
    less; without `get_skus` those are of the same goods, and the cheapest of the group.

    `get_item` "any" lets the shopper have any piece of them, also a dearer one; with
    "cheapest_of_pair" the cheapest of what is bought and got together costs less."""

    buy: Annotated[int, Meta(ge=1, le=100)]
    free: Annotated[int, Meta(ge=1, le=100)]
    get_skus: tuple[Sku, ...] = ()
    share_ppm: SharePpm = SHARES
    get_item: GetItem = "default"

    def touches(self, sku: str, category: str) -> bool:
        """What is bought, and what is got."""
        return self.gets(sku) or self.covers(sku, category)

    def gets(self, sku: str) -> bool:
        """Whether a product is named as what is got."""
        return sku in self.get_skus and sku not in self.except_skus

    @property
    def is_same(self) -> bool:
        """Whether what is bought is what is got."""
        return not self.get_skus or frozenset(self.get_skus) == frozenset(self.skus)

    def role(self, sku: str, category: str) -> tuple[bool, ...]:
        """Bought, got, or both."""
        return (self.covers(sku, category), self.gets(sku))


def compiled(deal: BuyXGetY, field: Field) -> Iterator[Compiled]:
    """The cheapest of one set of goods, or a slot for what is bought and one for what is got."""
    if deal.is_same and deal.get_item != "any":
        yield cheapest_of_groups(field, deal.buy, deal.free, deal.share_ppm)
        return
    pieces = field.pieces()
    skus = [field.classes[at].good.sku for at in pieces]
    got = tuple(
        [at for at, sku in zip(pieces, skus, strict=True) if deal.is_same or deal.gets(sku)]
    )
    bought = tuple(
        [
            at
            for at, sku in zip(pieces, skus, strict=True)
            if deal.covers(sku, field.classes[at].good.category)
        ]
    )
    if deal.get_item == "cheapest_of_pair":
        yield _cheapest_of_pair(deal, field, bought, got)
        return
    savings_minor = {at: field.share_minor(field.price_minor(at), deal.share_ppm) for at in got}

    def uses(counts: Counts) -> list[Use]:
        buys = units_of_counts(bought, counts[: len(bought)])
        gets = units_of_counts(got, counts[len(bought) :])
        return [
            (
                *((at, 0) for at in buys[use * deal.buy : (use + 1) * deal.buy]),
                *((at, savings_minor[at]) for at in gets[use * deal.free : (use + 1) * deal.free]),
            )
            for use in range(len(gets) // deal.free)
        ]

    slots = [
        Slot(deal.buy, bought, tuple([field.worth(at, 0) for at in bought])),
        Slot(deal.free, got, tuple([field.worth(at, savings_minor[at]) for at in got])),
    ]
    yield Compiled(Groups(slots, 0, field.uses_max, budget=field.budget), uses)


def _cheapest_of_pair(deal: BuyXGetY, field: Field, bought: Counts, got: Counts) -> Compiled:
    """What is bought and what is got together: the cheapest of them cost less, whichever it is."""
    pieces = dict.fromkeys((*bought, *got))
    off_minor = {at: field.share_minor(field.price_minor(at), deal.share_ppm) for at in pieces}

    def most(at: int) -> int:
        return max(field.worth(at, 0), field.worth(at, off_minor[at]))

    def use_of(units: Sequence[int]) -> Use:
        ranked = sorted(units, key=lambda at: (field.price_minor(at), -field.unit_worth(at), at))
        return tuple([(at, off_minor[at] if n < deal.free else 0) for n, at in enumerate(ranked)])

    slots = [
        Slot(deal.buy, bought, tuple(map(most, bought))),
        Slot(deal.free, got, tuple(map(most, got))),
    ]
    groups = Grouping(slots, use_of, field)
    return Compiled(Grouped(slots, 0, field.uses_max, groups), groups.uses)
