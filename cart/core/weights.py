"""Weights in the unit they were told in, and what they cost: exact until the one rounding.

A label's weight keeps its own unit and digits; a price goes by the unit it is told for. It must
never round a weight on the way to a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Literal

from msgspec import Meta

from cart.core.units import round_fraction
from cart.core.value import END, Value

# What prices are for, and what labels tell.
WeightUnit = Literal["kg", "lb"]
LabelUnit = Literal["kg", "lb", "oz"]
# An avoirdupois pound is 453.59237 g and 16 ounces (NIST Handbook 44, appendix C).
MILLIGRAMS: Mapping[LabelUnit, Fraction] = {
    "kg": Fraction(1_000_000),
    "lb": Fraction(45_359_237, 100),
    "oz": Fraction(45_359_237, 1_600),
}


class Weight(Value):
    """A weight as it was told: "1.25" of "lb"."""

    amount: Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?" + END)]
    unit: LabelUnit


def exact_mg(told: Weight | int) -> Fraction:
    """A weight, or so many milligrams, in milligrams."""
    if isinstance(told, int):
        return Fraction(told)
    return Fraction(told.amount) * MILLIGRAMS[told.unit]


def weight_in(told: Weight | int, unit: WeightUnit) -> Fraction:
    """How many of a unit a weight (or so many milligrams) is, exactly."""
    return Fraction(exact_mg(told), MILLIGRAMS[unit])


def price_of_weight_minor(told: Weight | int, price_minor: int, unit: WeightUnit = "kg") -> int:
    """What a weight (or so many milligrams) costs at a price for one `unit`, rounded half up
    once."""
    return round_fraction(weight_in(told, unit) * price_minor, "half_up")
