"""What the shopper's touches mean: answers, "later", paying, leaving, help.

A touch is done once, however often it arrives; a touch that no longer fits (its question is
settled, the trip is elsewhere) changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from cart.core import coach, extras, lines, paying, trip
from cart.core.basket import OpenLine
from cart.core.events import Evidence, LineSettled
from cart.core.observations import Touch
from cart.core.restrictions import NEVER_SOLD
from cart.core.state import INTENTS_REMEMBERED, Draft


def touched(draft: Draft, touch: Touch) -> None:
    """Do what the touch means, once."""
    if touch.intent_id in draft.state.intents:
        return
    draft.note(intents=(*draft.state.intents, touch.intent_id)[-INTENTS_REMEMBERED:])
    MEANINGS[touch.action](draft, touch)


def _start(draft: Draft, _touch: Touch) -> None:
    if draft.basket.phase == "idle":
        trip.open_guest_trip(draft)


def _ask(draft: Draft, touch: Touch) -> None:
    if _open_line(draft, touch.target) is not None:
        draft.note(question=touch.target, weighed=None)


def _later(draft: Draft, touch: Touch) -> None:
    if touch.target in ("", draft.state.question, draft.state.weighed):
        draft.note(question=None, weighed=None)


def _answer(draft: Draft, touch: Touch) -> None:
    open_line = _open_line(draft, touch.target)
    if open_line is not None:
        ANSWERS[open_line.direction](draft, open_line, touch.choice)
        return
    _correct_weighed(draft, touch)


def _answer_in(draft: Draft, line: OpenLine, choice: str) -> None:
    index = draft.state.catalog
    if choice == "own":
        draft.fact(LineSettled(draft.now_ms, line.line_id, "own", _by_shopper(line)))
        lines.close_question(draft, line.line_id)
        draft.tell("own_thing_noted")
    elif index is not None and choice in index.by_sku and line.trouble not in NEVER_SOLD:
        lines.name_open_line(draft, line, choice, None)
    else:
        lines.close_question(draft, line.line_id)  # "none": it stays yellow until somebody knows


def _answer_out(draft: Draft, line: OpenLine, choice: str) -> None:
    candidates = [item for item in draft.basket.lines if item.line_id == choice]
    if candidates:
        proof = _by_shopper(line)
        draft.fact(LineSettled(draft.now_ms, line.line_id, "product", proof))
        lines.remove_what_left(draft, choice, line.mass_mg, proof)
    elif choice in ("own", "none"):
        draft.fact(LineSettled(draft.now_ms, line.line_id, "gone", _by_shopper(line)))
    lines.close_question(draft, line.line_id)


def _correct_weighed(draft: Draft, touch: Touch) -> None:
    index = draft.state.catalog
    weighed = [
        line
        for line in draft.basket.lines
        if line.line_id == touch.target == draft.state.weighed and line.sku != touch.choice
    ]
    if weighed and index is not None and index.sold_by_mass(touch.choice):
        lines.rename_weighed(draft, weighed[0], touch.choice)


def _by_shopper(line: OpenLine) -> Evidence:
    return replace(line.evidence, decided_by="shopper")


def _open_line(draft: Draft, line_id: str) -> OpenLine | None:
    return next((line for line in draft.basket.open_lines if line.line_id == line_id), None)


ANSWERS: dict[str, Callable[[Draft, OpenLine, str], None]] = {
    "in": _answer_in,
    "out": _answer_out,
}

MEANINGS: dict[str, Callable[[Draft, Touch], None]] = {
    "start": _start,
    "answer": _answer,
    "later": _later,
    "ask": _ask,
    "pay_start": lambda draft, _touch: paying.start(draft),
    "pay_confirm": lambda draft, _touch: paying.confirm(draft),
    "fee": extras.choose_fee,
    "benefits": extras.choose_benefits,
    "keep_shopping": lambda draft, _touch: paying.keep_shopping(draft),
    "done": lambda draft, _touch: paying.done(draft),
    "budget": lambda draft, touch: coach.set_budget(draft, touch.choice),
    "contest": lambda draft, touch: coach.contest(draft, touch.target, touch.choice),
    "help": lambda draft, _touch: draft.tell("help_called"),
}
