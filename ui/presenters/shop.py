"""The main screen: the receipt as it grows, what it costs, what is saved, deals nearby."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import DealView, NudgeView, Snapshot
from ui.presenters.figures import Figures, figures_of
from ui.presenters.rows import Row, rows_of
from ui.texts import Words

DEALS_MAX = 3
BUDGET_NEAR_PERCENT = 80


@dataclass(frozen=True)
class Deal:
    """A deal of this aisle; `was` is "" when there is no price to compare with."""

    title: str
    price: str
    was: str
    image: str


@dataclass(frozen=True)
class Page:
    """`total_caption` counts the items; `check` asks about the first yellow line, "" without;
    `is_spent`: most of the budget, or all of it."""

    rows: tuple[Row, ...] = ()
    empty_title: str = ""
    empty_hint: str = ""
    saved_caption: str = ""
    saved: str = ""
    total_caption: str = ""
    total: str = ""
    deals_title: str = ""
    deals: tuple[Deal, ...] = ()
    tips: tuple[str, ...] = ()
    check: str = ""
    check_line: str = ""
    budget: str = ""
    is_spent: bool = False
    pay: str = ""
    can_pay: bool = False


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot."""
    figures = figures_of(snapshot, words)
    say = words.say
    open_lines = [line.line_id for line in snapshot.lines if line.state == "open"]
    deals = () if snapshot.question else _cards(snapshot, figures)
    return Page(
        rows=rows_of(snapshot.lines, figures),
        empty_title=say("Your cart is empty"),
        empty_hint=say("Put your first item in. It appears here."),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
        total_caption=_total_caption(snapshot, words),
        total=figures.money(snapshot.total_minor),
        deals_title=_deals_title(snapshot, words) if deals else say("How it works"),
        deals=deals,
        tips=(
            say("Put items in, with or without scanning"),
            say("Weigh fruit by putting it in the cart"),
            say("Take anything out any time"),
        ),
        check=words.say_count("{count} item to check", "{count} items to check", len(open_lines))
        if open_lines
        else "",
        check_line=open_lines[0] if open_lines else "",
        budget=_budget(snapshot, figures),
        is_spent=snapshot.budget_percent >= BUDGET_NEAR_PERCENT,
        pay=say("Pay and finish"),
        can_pay=bool(snapshot.lines),
    )


def _total_caption(snapshot: Snapshot, words: Words) -> str:
    pieces = sum(1 if line.mass_mg is not None else line.quantity for line in snapshot.lines)
    if not pieces:
        return words.say("Total")
    counted = words.say_count("{count} item", "{count} items", pieces)
    return f"{words.say('Total')}  ·  {counted}"


def _deals_title(snapshot: Snapshot, words: Words) -> str:
    if snapshot.aisle:
        return words.say("Deals: {aisle}", aisle=snapshot.aisle)
    return words.say("Deals today")


def _budget(snapshot: Snapshot, figures: Figures) -> str:
    if not snapshot.budget_minor:
        return figures.words.say("Set a budget")
    return figures.words.say(
        "Budget {amount}  ·  {percent} %",
        amount=figures.money(snapshot.budget_minor),
        percent=str(snapshot.budget_percent),
    )


def _cards(snapshot: Snapshot, figures: Figures) -> tuple[Deal, ...]:
    """What the shopper almost has comes before what they could have."""
    first = () if snapshot.nudge is None else (_nudge(snapshot.nudge, figures),)
    return (*first, *(_deal(deal, figures) for deal in snapshot.deals))[:DEALS_MAX]


def _nudge(nudge: NudgeView, figures: Figures) -> Deal:
    say = figures.words.say
    first = say("Add {quantity} × {name}", quantity=str(nudge.quantity), name=nudge.name)
    beside = [f" + {part.quantity} × {part.name}" for part in nudge.beside]
    return Deal(
        title=f"{first}{''.join(beside)}",
        price=figures.money(-nudge.saves_minor) if nudge.saves_minor else say("Free"),
        was=nudge.title,
        image=nudge.image or "",
    )


def _deal(deal: DealView, figures: Figures) -> Deal:
    return Deal(
        title=deal.title,
        price="" if deal.price_minor is None else figures.money(deal.price_minor),
        was=""
        if deal.was_minor is None or deal.was_minor == deal.price_minor
        else figures.words.say("was {price}", price=figures.money(deal.was_minor)),
        image=deal.image or "",
    )
