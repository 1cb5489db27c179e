"""What the shopper chooses on the pay screen: bags and other fees, and who pays for the food.

It must never add up: what a choice costs, the receipt says.
"""

from __future__ import annotations

from cart.core.events import BenefitsChosen, FeeChosen
from cart.core.observations import Touch
from cart.core.state import Draft, State


def choose_fee(draft: Draft, touch: Touch) -> None:
    """Take the fee `target` so many times as `choice` says, 0 to the most the catalog allows."""
    index = draft.state.catalog
    if index is None or draft.basket.phase != "checkout" or not touch.choice.isdecimal():
        return
    for fee in index.catalog.fees:
        if fee.fee_id == touch.target and len(touch.choice) < 4:
            quantity = min(int(touch.choice), fee.quantity_max)
            rate_ppm = index.rate_ppm_by_category.get(fee.tax_category, 0)
            row = (fee.fee_id, fee.title, quantity, fee.price_minor, rate_ppm, fee.snap)
            draft.fact(FeeChosen(draft.now_ms, *row))


def choose_benefits(draft: Draft, touch: Touch) -> None:
    """Let food benefits pay for what they may ("yes"), or for nothing."""
    if draft.basket.phase == "checkout" and offers_benefits(draft.state):
        draft.fact(BenefitsChosen(draft.now_ms, touch.choice == "yes"))


def offers_benefits(state: State) -> bool:
    """Whether food benefits may pay for anything in the basket."""
    index = state.catalog
    products = () if index is None else [index.by_sku.get(line.sku) for line in state.basket.lines]
    return any(product is not None and product.snap for product in products)
