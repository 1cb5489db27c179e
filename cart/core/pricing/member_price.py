"""A lower price for members, a piece or a kilogram. It never raises a price."""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.catalog import MemberPrice
from cart.core.pricing.offers import Offer, Unit
from cart.core.units import price_of_mass_minor


def offers(deal: MemberPrice, units: Sequence[Unit]) -> list[Offer]:
    """The saving is the difference of the two prices, each rounded; who is a member isn't asked.

    A label that tells the price but not the mass of a good gets no other price for a kilogram.
    """
    return [
        Offer((unit,), (max(0, unit.price_minor - _price_minor(deal, unit)),)) for unit in units
    ]


def _price_minor(deal: MemberPrice, unit: Unit) -> int:
    if not unit.by_mass:
        return deal.price_minor
    if unit.mass_mg is None:
        return unit.price_minor
    return price_of_mass_minor(unit.mass_mg, deal.price_minor)
