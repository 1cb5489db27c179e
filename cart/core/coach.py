"""What stands by the shopper: advice that saves, a budget, a word against a line.

It must never hold up the cart: it thinks in quiet ticks only, a little each, and neither a budget
nor a contested line stops anything.
"""

from __future__ import annotations

from typing import get_args

from msgspec.structs import replace

from cart.core import almost
from cart.core.basket import Line
from cart.core.events import BudgetSet, ContestReason, LineContested
from cart.core.observations import Tick
from cart.core.pricing.offers import PRICE_MINOR_MAX
from cart.core.receipt import Receipt
from cart.core.state import Draft, State, receipt_for


def tick(draft: Draft, _tick: Tick) -> None:
    """Look a little further for a nudge, while nothing moves and nothing waits."""
    state = draft.state
    index, receipt, search = state.catalog, state.receipt, state.nudging
    quiet = not state.moving and not state.pending.steps and state.basket.phase == "shopping"
    if not quiet or index is None or receipt is None:
        return
    if receipt.gap_minor:
        return  # so many deals compete that each answer would hold the cart up
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


# Choices of a budget, in units of a hundred minor units, or of one of a finer currency.
BUDGETS = (20, 50, 100, 150, 200)
REASONS: tuple[ContestReason, ...] = get_args(ContestReason)


def budgets_minor(state: State) -> tuple[int, ...]:
    """What the screen offers as budgets."""
    digits = 2 if state.catalog is None else state.catalog.catalog.currency_digits
    return tuple(budget * 10 ** max(2, digits) for budget in BUDGETS)


def set_budget(draft: Draft, choice: str) -> None:
    """Set the trip's budget, or end it with 0; warn at once where it is as good as spent."""
    digits = choice.isascii() and choice.isdecimal() and len(choice) <= len(str(PRICE_MINOR_MAX))
    budget_minor = int(choice) if digits else -1
    trip_goes_on = draft.basket.phase in ("shopping", "checkout")
    if not trip_goes_on or not 0 <= budget_minor <= PRICE_MINOR_MAX:
        return
    draft.fact(BudgetSet(draft.now_ms, budget_minor))
    receipt = draft.state.receipt
    draft.warn_of_budget(0, 0 if receipt is None else receipt.total_minor)


def contest(draft: Draft, line_id: str, reason: str) -> None:
    """Note that the shopper contests a line; the same word twice is one."""
    known = [item for item in REASONS if item == reason]
    lines = [line for line in draft.basket.lines if line.line_id == line_id]
    if known and lines and lines[0].contested != reason:
        draft.fact(LineContested(draft.now_ms, line_id, known[0]))
        draft.tell("line_contested")


def _pricing(state: State) -> almost.Pricing:
    """The receipt of other lines on the same trip."""

    def receipt_with(lines: tuple[Line, ...]) -> Receipt:
        receipt = receipt_for(replace(state, basket=replace(state.basket, lines=lines)))
        assert receipt is not None, "a trip with a receipt has one for any lines"
        return receipt

    return receipt_with
