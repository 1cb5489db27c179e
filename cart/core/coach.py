"""What a careful friend says while one shops: a few pieces more that would make the whole cheaper.

It must never hold up the cart: it thinks in quiet ticks only, a little each.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import almost
from cart.core.basket import Line
from cart.core.observations import Tick
from cart.core.receipt import Receipt
from cart.core.state import Draft, State, receipt_for


def tick(draft: Draft, _tick: Tick) -> None:
    """Look a little further for a nudge, while nothing moves and nothing waits."""
    state = draft.state
    index, receipt, search = state.catalog, state.receipt, state.nudging
    quiet = not state.moving and not state.pending.steps and state.basket.phase == "shopping"
    if not quiet or index is None or receipt is None:
        return
    lines = state.basket.lines
    if search is None:
        draft.note(nudging=almost.begin(lines, receipt, index))
    elif search.waiting:
        draft.note(nudging=almost.go_on(search, lines, receipt, index, _pricing(state)))


def nudge(state: State) -> almost.Nudge | None:
    """What to tell now: only what the whole search found, and only while it holds."""
    search = state.nudging
    done = search is not None and not search.waiting and state.basket.phase == "shopping"
    return search.best if search is not None and done else None


def _pricing(state: State) -> almost.Pricing:
    """The receipt of other lines on the same trip."""

    def receipt_with(lines: tuple[Line, ...]) -> Receipt:
        receipt = receipt_for(replace(state, basket=replace(state.basket, lines=lines)))
        assert receipt is not None, "a trip with a receipt has one for any lines"
        return receipt

    return receipt_with
