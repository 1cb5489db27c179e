"""What deals are about: single units of goods, and offers on some of them.

Each promotion kind turns one deal and the units it may use into offers. An offer must never take
more off a unit than the unit costs.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.basket import Line
from cart.core.catalog import CatalogIndex
from cart.core.units import PARTS_PER_MILLION, allocate
from cart.core.value import Value


class Unit(Value):
    """One piece, or one weighed good: the smallest thing a deal can take part in.

    `number` names it within one computation. `mass_mg` of a good sold `by_mass` is None where only
    its price is known, from a label. `worth_ppm` is what one minor unit off it saves the shopper
    in the end, tax and all, in parts per million."""

    number: int
    line_id: str
    sku: str
    price_minor: int
    by_mass: bool
    mass_mg: int | None
    worth_ppm: int


class Offer(Value):
    """One use of a deal: all its units are taken by it, each costs `savings_minor` less."""

    units: tuple[Unit, ...]
    savings_minor: tuple[int, ...]

    def worth(self) -> int:
        """What the shopper saves in the end, in millionths of a minor unit."""
        return sum(
            unit.worth_ppm * saving
            for unit, saving in zip(self.units, self.savings_minor, strict=True)
        )


def units_of(lines: Sequence[Line], index: CatalogIndex) -> tuple[Unit, ...]:
    """Take lines apart into units, dearest first; the order of the lines changes nothing.

    The prices of a line's units sum to the line's price.
    """
    prices = sorted(
        (
            (price_minor, line)
            for line in lines
            for price_minor in allocate(line.price_minor, [1] * line.quantity)
        ),
        key=lambda row: (-row[0], row[1].sku, row[1].line_id),
    )
    return tuple(
        Unit(
            number=number,
            line_id=line.line_id,
            sku=line.sku,
            price_minor=price_minor,
            by_mass=line.mass_mg is not None or index.sold_by_mass(line.sku),
            mass_mg=line.mass_mg,
            worth_ppm=PARTS_PER_MILLION + index.rate_on_top_ppm(line.sku),
        )
        for number, (price_minor, line) in enumerate(prices)
    )


def groups(units: Sequence[Unit], size: int) -> list[tuple[Unit, ...]]:
    """Cut the pieces (not what is sold by mass) into whole groups of `size`, in order."""
    pieces = [unit for unit in units if not unit.by_mass]
    return [tuple(pieces[at : at + size]) for at in range(0, len(pieces) - size + 1, size)]
