"""The best combination by SciPy's HiGHS: a mixed integer programme, written from the offers.

An oracle and a yardstick; it knows the kinds of `rig.money.baskets` and no tax.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from cart.core.pricing.bundle import Bundle
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.n_for_price import NForPrice
from cart.core.pricing.order import Order
from cart.core.pricing.percent_off import PercentOff
from cart.core.units import divide

# So many units out of these goods, each bringing so much.
Slot = tuple[int, list[tuple[str, int]]]


class Programme:
    """Columns: how often a group is made, and how many units of a good fill a slot of it."""

    def __init__(self, order: Order) -> None:
        self.price_minor = {item.good.sku: item.good.price_minor for item in order.items}
        self.gains: list[int] = []
        self.whole: list[int] = []
        self.entries: list[tuple[int, int, float]] = []
        self.filled: list[tuple[float, float]] = []
        self.row_of = {item.good.sku: n for n, item in enumerate(order.items)}
        self.filled = [(0, item.quantity) for item in order.items]
        for deal in order.offers.deals:
            self._add(deal)

    def best(self) -> int:
        """The largest saving there is, in minor units."""
        if not self.gains:
            return 0
        rows, columns, values = zip(*self.entries, strict=True)
        shape = (len(self.filled), len(self.gains))
        matrix = csr_matrix((values, (rows, columns)), shape=shape)
        low, high = zip(*self.filled, strict=True)
        done: Any = milp(
            -np.array(self.gains, dtype=float),
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(0, np.inf),
            integrality=self.whole,
            options={"mip_rel_gap": 0},
        )
        assert done.success, done.message
        return int(round(-done.fun))  # noqa: RUF046 - SciPy's number is NumPy's

    def _add(self, deal: Any) -> None:  # noqa: ANN401 - one of the kinds
        price = self.price_minor
        match deal:
            case NForPrice():
                self._group(
                    -deal.price_minor, [(deal.quantity, [(s, price[s]) for s in deal.skus])]
                )
            case CheapestFree():
                self._cheapest(deal.skus, (deal.quantity or 2) - 1, 1_000_000)
            case BuyXGetY(get_skus=()):
                self._cheapest(deal.skus, deal.buy, deal.share_ppm)
            case BuyXGetY():
                got = [(sku, _share(price[sku], deal.share_ppm)) for sku in deal.get_skus]
                self._group(0, [(deal.buy, [(sku, 0) for sku in deal.skus]), (deal.free, got)])
            case Bundle():
                slots = [(1, [(part.skus[0], 0)]) for part in deal.parts]
                self._group(deal.amount_minor or 0, slots)
            case PercentOff():
                self._percent(deal)
            case _:
                raise AssertionError(type(deal))

    def _cheapest(self, skus: tuple[str, ...], paid: int, share_ppm: int) -> None:
        """One group for each price that the cheapest piece may have."""
        price = self.price_minor
        for floor in sorted({price[sku] for sku in skus}):
            dear = [(sku, 0) for sku in skus if price[sku] >= floor]
            got = [(sku, _share(price[sku], share_ppm)) for sku in skus if price[sku] == floor]
            self._group(0, [(paid, dear), (1, got)])

    def _percent(self, deal: PercentOff) -> None:
        """A share of n units together is rounded once, so each number of units is a column."""
        for sku in deal.skus:
            count = int(self.filled[self.row_of[sku]][1])
            once = len(self.filled)
            self.filled.append((0, 1))
            for n in range(1, count + 1):
                column = self._column(_share(self.price_minor[sku] * n, deal.share), 1)
                self.entries += [(self.row_of[sku], column, n), (once, column, 1)]

    def _group(self, constant: int, slots: list[Slot]) -> None:
        group = self._column(constant, 1)
        for need, goods in slots:
            row = len(self.filled)
            self.filled.append((0, 0))
            self.entries.append((row, group, -need))
            for sku, gain in goods:
                column = self._column(gain, 0)
                self.entries += [(row, column, 1), (self.row_of[sku], column, 1)]

    def _column(self, gain: int, whole: int) -> int:
        self.gains.append(gain)
        self.whole.append(whole)
        return len(self.gains) - 1


def _share(amount_minor: int, share_ppm: int) -> int:
    return divide(amount_minor * share_ppm, 1_000_000, "half_up")
