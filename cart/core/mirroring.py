"""When the store is told the whole basket, and how the cart is: often enough that what it lost
comes back in time.

The journal's rows are what counts; the snapshot only shows whether they arrived unchanged. It must
never state a fact.
"""

from __future__ import annotations

from cart.core.effects import TellBasket, TellHealth
from cart.core.observations import BasketViewed
from cart.core.settings import period_ms
from cart.core.state import Draft


def keep_telling(draft: Draft) -> None:
    """Tell a basket that has changed now and then, and at each new phase before anything that
    rests on it."""
    state = draft.state
    basket, told = state.basket, state.basket_told
    if not state.online or basket.phase == "idle":
        return
    since_ms = draft.now_ms - state.basket_told_ms
    is_new = told is None or (told.trip_id, told.phase) != (basket.trip_id, basket.phase)
    if is_new or (since_ms >= period_ms(draft, "basket_s") and told != basket):
        _tell(draft)


def keep_telling_health(draft: Draft) -> None:
    """Tell how the machine is now and then; what is lost is told again soon."""
    state, told_ms = draft.state, draft.state.health_told_ms
    due = told_ms is None or draft.now_ms - told_ms >= period_ms(draft, "telemetry_s")
    if state.online and due:
        draft.do(TellHealth(state.battery_percent, state.inputs_refused))
        draft.note(health_told_ms=draft.now_ms)


def viewed(draft: Draft, view: BasketViewed) -> None:
    """The store says what it holds of the trip: tell the whole basket where that differs."""
    basket, receipt = draft.basket, draft.state.receipt
    total_minor = 0 if receipt is None else receipt.total_minor
    if basket.phase == "idle" or view.trip_id != basket.trip_id:
        return
    if (view.lines, view.total_minor) != (len(basket.lines), total_minor):
        _tell(draft)


def _tell(draft: Draft) -> None:
    draft.do(TellBasket(draft.basket))
    draft.note(basket_told=draft.basket, basket_told_ms=draft.now_ms)
