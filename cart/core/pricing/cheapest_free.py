"""Three for two: of every group the cheapest piece costs nothing, or a percentage less."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from cart.core.pricing.field import SHARES, Field, Use
from cart.core.pricing.offers import Deal, PriceMinor, SharePpm, assert_one
from cart.core.pricing.shapes import Counts, Fixed
from cart.core.pricing.uses import Compiled, units_of_counts
from cart.core.pricing.uses_cheapest import cheapest_of_groups

FreeItem = Literal["cheapest_of_group", "cheapest_eligible_in_basket"]


class CheapestFree(Deal, tag="cheapest_free", kw_only=True):
    """Of every `quantity` pieces the cheapest `free` cost `share_ppm` less.

    `free_item` says whether that is the cheapest of a group that is the shopper's best choice, or
    the cheapest that the whole basket has. With `min_spend_minor` instead of a quantity, the
    cheapest piece is free once the covered goods cost that much."""

    quantity: Annotated[int, Meta(ge=1, le=100)] | None = None
    free: Annotated[int, Meta(ge=1, le=100)] = 1
    share_ppm: SharePpm = SHARES
    min_spend_minor: PriceMinor | None = None
    free_item: FreeItem = "cheapest_of_group"

    def __post_init__(self) -> None:
        assert_one(self, "quantity", "min_spend_minor")
        if self.quantity is not None and self.free >= self.quantity:
            raise ValueError("`free` must be less than `quantity`: somebody pays for something")


def compiled(deal: CheapestFree, field: Field) -> Iterator[Compiled]:
    """Groups of the shopper's choice, or a ladder of told units."""
    if deal.quantity is None:
        yield _by_spend(deal, field)
    elif deal.free_item == "cheapest_eligible_in_basket":
        yield _cheapest_of_basket(deal, deal.quantity, field)
    elif deal.free < deal.quantity:
        yield cheapest_of_groups(field, deal.quantity - deal.free, deal.free, deal.share_ppm)


def _rising(field: Field) -> list[int]:
    """All covered pieces, the cheapest first."""
    classes = field.in_order("cheapest")
    return units_of_counts(classes, field.counts(classes))


def _ladder(field: Field, rungs: list[tuple[list[int], int, int]]) -> Compiled:
    """Plans of told units: of each rung's units the first so many have a share taken off."""
    classes = tuple(sorted({at for units, _, _ in rungs for at in units}))
    made: dict[Counts, list[Use]] = {}
    for units, frees, share_ppm in rungs:
        use = tuple(
            (at, field.share_minor(field.price_minor(at), share_ppm) if n < frees else 0)
            for n, at in enumerate(units)
        )
        made[tuple([units.count(at) for at in classes])] = [use]
    ladder = [(counts, field.worth_of_uses(uses)) for counts, uses in made.items()]
    return Compiled(Fixed(classes, ladder), lambda counts: made.get(counts, []))


def _cheapest_of_basket(deal: CheapestFree, quantity: int, field: Field) -> Compiled:
    """The cheapest pieces are free; those paid for are the next cheapest, to leave the dear ones
    to other offers."""
    units = _rising(field)
    uses_max = min(field.uses_max, len(units) // quantity)
    rungs = [
        (units[: uses * quantity], uses * deal.free, deal.share_ppm)
        for uses in range(1, uses_max + 1)
    ]
    return _ladder(field, rungs)


def _by_spend(deal: CheapestFree, field: Field) -> Compiled:
    """Every use needs so much spent on pieces of its own; once, that is the whole basket."""
    units = _rising(field)
    spend_minor = deal.min_spend_minor or 0
    total_minor = sum(field.price_minor(at) for at in units)
    uses_max = min(field.uses_max, total_minor // spend_minor if spend_minor else 1, len(units))
    return _ladder(field, [(units, uses, deal.share_ppm) for uses in range(1, uses_max + 1)])
