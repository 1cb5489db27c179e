"""What offers on the whole basket measure: amounts before and after other offers."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cart.core.units import Rounding, divide

ThresholdBasis = Literal["before_offers", "after_offers"]


class Spend(NamedTuple):
    """The covered goods: `before_minor` by shelf prices, `after_minor` after the offers on items,
    `running_minor` also after the offers on the basket that came first."""

    before_minor: int
    after_minor: int
    running_minor: int
    quantity: int
    uses_max: int
    rounding: Rounding

    def share_minor(self, amount_minor: int, share_ppm: int) -> int:
        """A percentage of an amount, rounded."""
        return divide(amount_minor * share_ppm, 1_000_000, self.rounding)


def reaches(spend: Spend, min_spend_minor: int, basis: ThresholdBasis) -> bool:
    """Whether a threshold is met."""
    measured = spend.before_minor if basis == "before_offers" else spend.after_minor
    return measured >= min_spend_minor and spend.quantity > 0
