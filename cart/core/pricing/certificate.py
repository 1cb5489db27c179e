"""What proves an answer: for each component its goods, its offers, what was chosen, and the values
of units that bound every other choice. `checker.py` verifies it.

It must never hold more than a stranger needs to check the claim, nor less.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cart.core.pricing.component import Chosen, Component
from cart.core.pricing.field import Good
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.order import Priced
from cart.core.units import Rounding
from cart.core.value import Value


class Goods(Value):
    """A class of equal units: see `Good` and `UnitClass`. A weight is told as a fraction."""

    sku: str
    price_minor: int
    quantity: int
    worth: int
    worth_alone: int
    category: str = ""
    unit_price_minor: int = 0
    weight: str | None = None
    by_weight: bool = False
    position: int = 0

    def good(self) -> Good:
        """A unit, as offers see it."""
        return Good(
            self.sku,
            self.price_minor,
            self.category,
            self.unit_price_minor,
            None if self.weight is None else Fraction(self.weight),
            self.by_weight,
            self.position,
        )


class Contending(Value):
    """An offer, the classes it touches, how often it may be used."""

    deal: AnyDeal
    covered: tuple[int, ...]
    uses_max: int


class ChosenUse(Value):
    """One use: the number of the offer, and (class, amount off) of each unit it takes."""

    offer: int
    units: tuple[tuple[int, int], ...]


class ComponentProof(Value):
    """The claim: `chosen` is worth `worth`, and no choice is worth more than `bound`. `values` are
    prices on units under which every offer alone brings so little that the sum is `root`."""

    goods: tuple[Goods, ...]
    offers: tuple[Contending, ...]
    rounding: Rounding
    chosen: tuple[ChosenUse, ...]
    worth: int
    bound: int
    root: int
    values: tuple[int, ...]
    scale: int


class Certificate(Value):
    """All components; offers on the basket and coupons follow a told order and need no proof."""

    total_minor: int
    gap_minor: int
    components: tuple[ComponentProof, ...]


def certificate_of(priced: Priced) -> Certificate:
    """The certificate of an answer."""
    return Certificate(
        total_minor=priced.total_minor,
        gap_minor=priced.gap_minor,
        components=tuple([
            _component(proof.component, proof.chosen, proof.scale) for proof in priced.proofs
        ]),
    )  # fmt: skip


def _component(component: Component, chosen: Chosen, scale: int) -> ComponentProof:
    return ComponentProof(
        goods=tuple([
            Goods(**_told(found.good), quantity=found.quantity, worth=found.worth,
                  worth_alone=found.worth_alone)
            for found in component.classes
        ]),
        offers=tuple([
            Contending(_any(contender.deal), contender.covered, contender.uses_max)
            for contender in component.contenders
        ]),
        rounding=component.rounding,
        chosen=tuple([ChosenUse(number, use) for number, use in chosen.uses]),
        worth=chosen.worth,
        bound=chosen.bound,
        root=chosen.root,
        values=chosen.values,
        scale=scale,
    )  # fmt: skip


def _any(deal: Any) -> AnyDeal:  # noqa: ANN401 - a Deal is always one of the kinds
    found: AnyDeal = deal
    return found


def _told(good: Good) -> dict[str, Any]:
    return {
        "sku": good.sku,
        "price_minor": good.price_minor,
        "category": good.category,
        "unit_price_minor": good.unit_price_minor,
        "weight": None if good.weight is None else str(good.weight),
        "by_weight": good.by_weight,
        "position": good.position,
    }
