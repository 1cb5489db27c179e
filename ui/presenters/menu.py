"""A few things to choose from beside the receipt: a budget, or what is wrong with a line."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import Snapshot
from ui.presenters.figures import figures_of
from ui.presenters.rows import CONTESTS
from ui.texts import Words


@dataclass(frozen=True)
class Option:
    """One button: `name` finds it on the screen; the rest is the intent it sends."""

    name: str
    text: str
    action: str
    target: str
    choice: str


@dataclass(frozen=True)
class Menu:
    """A question with its answers, and the way back."""

    title: str = ""
    items: tuple[Option, ...] = ()
    close: str = ""


def budgets(snapshot: Snapshot, words: Words) -> Menu:
    """How much the shopper wants to spend at most."""
    money = figures_of(snapshot, words).money
    amounts = [(money(minor), minor) for minor in snapshot.budgets_minor]
    rows = [*amounts, (words.say("No budget"), 0)]
    items = tuple(
        Option(f"budget.{index}", text, "budget", "", str(minor))
        for index, (text, minor) in enumerate(rows)
    )
    return Menu(words.say("Your budget"), items, words.say("Close"))


def contests(snapshot: Snapshot, line_id: str, words: Words) -> Menu:
    """What is wrong with a line; a reason that this screen has no words for is left out."""
    items = tuple(
        Option(f"contest.{index}", words.say(CONTESTS[reason]), "contest", line_id, reason)
        for index, reason in enumerate(snapshot.contest_reasons)
        if reason in CONTESTS
    )
    return Menu(words.say("What is wrong?"), items, words.say("Close"))
