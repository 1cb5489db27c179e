"""The units that offers are about: goods, and classes of units that nothing tells apart.

It must never know how an offer works.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from cart.core.pricing.budget import LOOKS_MAX, Budget
from cart.core.pricing.offers import Deal
from cart.core.units import Rounding, allocate, divide, round_fraction
from cart.core.value import Value

SHARES = 1_000_000


class Good(Value):
    """What offers may know of a unit. `price_minor` is of one unit; `unit_price_minor` and `weight`
    of a good sold by weight go by the unit of its price (a label may tell only the price: then
    `weight` is None and `by_weight` true all the same). `position` is its line's place, where an
    offer goes by that, else 0."""

    sku: str
    price_minor: int
    category: str = ""
    unit_price_minor: int = 0
    weight: Fraction | None = None
    by_weight: bool = False
    position: int = 0

    def at(self, price_minor: int) -> Good:
        """The same at what it costs by now."""
        if self.price_minor == price_minor:
            return self
        return replace(self, price_minor=price_minor)


class UnitClass(NamedTuple):
    """So many equal units. A minor unit taken off one of them is worth `worth`; `worth_alone` if
    no offer on the whole basket reaches it."""

    good: Good
    quantity: int
    worth: int
    worth_alone: int

    @property
    def price_minor(self) -> int:
        """The price of one unit."""
        return self.good.price_minor


class Contender(NamedTuple):
    """An offer and the classes it covers; `rank` 0 is the one that ties go to."""

    deal: Deal
    covered: tuple[int, ...]
    uses_max: int
    rank: int


class Component(NamedTuple):
    """Classes of units and the offers that contend for them."""

    classes: tuple[UnitClass, ...]
    contenders: tuple[Contender, ...]
    rounding: Rounding


# One use of an offer: the class of each unit it takes, and what it takes off that unit.
Use = tuple[tuple[int, int], ...]


class Field:
    """What an offer is compiled against: the classes, the rounding, what a discount is worth.

    `factor` makes equal discounts of offers with priority worth a little more."""

    def __init__(
        self, classes: Sequence[UnitClass], rounding: Rounding, covered: Sequence[int], deal: Deal,
        uses_max: int, factor: int, budget: Budget | None = None,
    ) -> None:  # fmt: skip
        self.classes = classes
        self.budget = budget or Budget(LOOKS_MAX)
        self.deal = deal
        self.rounding: Rounding = deal.rounding or rounding
        self.covered = covered
        # Only where an offer on the whole basket would reach its units does it matter here.
        self.exclusive = deal.stack == "exclusive" and any(
            classes[at].worth != classes[at].worth_alone for at in covered
        )
        self.uses_max = uses_max
        self.factor = factor

    def price_minor(self, at: int) -> int:
        """The price of a unit of this class."""
        return self.classes[at].price_minor

    def pieces(self) -> list[int]:
        """The covered classes of pieces, dear ones first: nothing that is weighed makes a group."""
        found = [at for at in self.covered if not self.classes[at].good.by_weight]
        return sorted(found, key=lambda at: (-self.classes[at].price_minor, at))

    def in_order(self, pick: str) -> list[int]:
        """The covered pieces as an offer tells them ("line_order", "cheapest", "dearest"); of equal
        prices first what saves the shopper most, then by name."""

        def rank(at: int) -> tuple[int, int, str]:
            good = self.classes[at].good
            first = {"line_order": good.position, "dearest": -good.price_minor}
            return first.get(pick, good.price_minor), -self.unit_worth(at), good.sku

        return sorted(self.pieces(), key=rank)

    def share_minor(self, amount_minor: int, share_ppm: int) -> int:
        """A percentage of an amount, rounded as the offer says."""
        return divide(amount_minor * share_ppm, SHARES, self.rounding)

    def weigh_minor(self, at: int, unit_price_minor: int) -> int:
        """The price of a weighed unit at another price for its unit of weight."""
        weight = self.classes[at].good.weight
        assert weight is not None, "only what is weighed has a price by weight"
        return round_fraction(weight * unit_price_minor, self.rounding)

    def worth(self, at: int, discount_minor: int) -> int:
        """What a discount on one taken unit is worth, in the search's scale."""
        found = self.classes[at]
        if not self.exclusive:
            return discount_minor * found.worth * self.factor
        lost = found.price_minor * (found.worth_alone - found.worth)
        return (discount_minor * found.worth_alone - lost) * self.factor

    def worth_of_uses(self, uses: Sequence[Use]) -> int:
        """What all units of some uses are worth."""
        return sum([self.worth(at, discount_minor) for use in uses for at, discount_minor in use])

    def unit_worth(self, at: int) -> int:
        """What one minor unit off a unit of this class is worth."""
        found = self.classes[at]
        return (found.worth_alone if self.exclusive else found.worth) * self.factor

    def top_worth(self, classes: Sequence[int]) -> int:
        """The most that one minor unit off one of these classes is worth."""
        return max([self.unit_worth(at) for at in classes], default=0)

    def spread(self, units: Sequence[int], saving_minor: int) -> Use:
        """A saving on some units, in proportion to their prices. Of equal claims to a cent the unit
        has it where it is worth most to the shopper, then the one that stands first."""
        ordered = sorted(units, key=lambda at: -self.unit_worth(at))
        prices_minor = [self.price_minor(at) for at in ordered]
        return tuple(zip(ordered, allocate(saving_minor, prices_minor), strict=True))

    def counts(self, classes: Sequence[int]) -> list[int]:
        """How many units each of these classes has."""
        return [self.classes[at].quantity for at in classes]

    def even(self, classes: Sequence[int]) -> bool:
        """Whether a discount is worth the same on all of these classes, wherever it falls."""
        return len(frozenset([self.unit_worth(at) for at in classes])) < 2
