"""What every unit of a basket still costs while offers are applied one after another.

It must never decide whether an offer applies; it only keeps that no unit goes below zero and that
no cent is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from cart.core.pricing.offers import Deal
from cart.core.pricing.order import Item, Row
from cart.core.units import allocate


class Tally:
    """Open amounts of a basket's units. Items are numbered as in the order."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.units_minor = [allocate(item.price_minor, [1] * item.quantity) for item in items]
        self.closed = [[False] * item.quantity for item in items]
        self.off_minor: dict[tuple[int, str, str], int] = {}
        self.applied: dict[str, int] = {}

    def copy(self) -> Tally:
        """The same, to go on from."""
        other = Tally.__new__(Tally)
        other.items = self.items
        other.units_minor = [units[:] for units in self.units_minor]
        other.closed = [units[:] for units in self.closed]
        other.off_minor = dict(self.off_minor)
        other.applied = dict(self.applied)
        return other

    def count(self, deal: Deal, uses: int = 1) -> None:
        """More uses of a deal."""
        self.applied[deal.deal_id] = self.applied.get(deal.deal_id, 0) + uses

    def take(
        self, number: int, unit: int, deal: Deal, amount_minor: int, funder: str | None = None
    ) -> None:
        """Take something off one unit."""
        if amount_minor:
            self.units_minor[number][unit] -= amount_minor
            assert self.units_minor[number][unit] >= 0, "an offer takes more than a unit costs"
            key = (number, deal.deal_id, funder or deal.funder)
            self.off_minor[key] = self.off_minor.get(key, 0) + amount_minor

    def open_minor(self, number: int) -> int:
        """What the units of a line cost that offers on the basket still reach."""
        units, closed = self.units_minor[number], self.closed[number]
        if not any(closed):
            return sum(units)
        return sum([amount for amount, shut in zip(units, closed, strict=True) if not shut])

    def opened(self, number: int) -> int:
        """How many units of a line no exclusive offer has for itself."""
        return self.closed[number].count(False)

    def shelf_minor(self, number: int) -> int:
        """What those units cost before all offers."""
        item = self.items[number]
        if not any(self.closed[number]):
            return item.price_minor
        units = allocate(item.price_minor, [1] * item.quantity)
        return sum([minor for minor, shut in zip(units, self.closed[number], strict=True)
                    if not shut])  # fmt: skip

    def net_minor(self, number: int) -> int:
        """What a line costs now."""
        return sum(self.units_minor[number])

    def spread(self, numbers: Sequence[int], deal: Deal, amount_minor: int) -> None:
        """Take something off several lines, in proportion to what they still cost: first over
        products, then over their lines, so that it makes no difference how lines are split."""
        by_sku: dict[str, list[int]] = {}
        for n in sorted(numbers, key=lambda n: (self.items[n].good.sku, self.items[n].line_id)):
            by_sku.setdefault(self.items[n].good.sku, []).append(n)
        lines = list(by_sku.values())
        open_minor = [[self.open_minor(n) for n in group] for group in lines]
        parts = allocate(amount_minor, [sum(amounts) for amounts in open_minor])
        for group, amounts, part in zip(lines, open_minor, parts, strict=True):
            for number, own in zip(group, allocate(part, amounts), strict=True):
                self.spread_line(number, deal, own)

    def spread_line(self, number: int, deal: Deal, amount_minor: int) -> None:
        """Take something off a line, in proportion to what its units still cost."""
        shut = self.closed[number]
        units = [0 if shut[n] else open_ for n, open_ in enumerate(self.units_minor[number])]
        for unit, part in enumerate(allocate(amount_minor, units)):
            self.take(number, unit, deal, part)

    def rows(self, ranks: dict[str, int]) -> tuple[Row, ...]:
        """Every cent that was taken off: by line, then by offer in the order of the offers."""
        keys = sorted(self.off_minor, key=lambda key: (key[0], ranks[key[1]], key[2]))
        return tuple([
            Row(self.items[number].line_id, deal_id, self.off_minor[key], funder)
            for key in keys
            for number, deal_id, funder in (key,)
        ])  # fmt: skip
