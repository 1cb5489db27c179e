"""The one open question: which thing went in, which came out, or please show its barcode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cart.contract.screen import ChoiceView, QuestionView, Snapshot
from ui.presenters.figures import Figures, figures_of
from ui.texts import Words, mark

CHOICES_MAX = 5


@dataclass(frozen=True)
class Choice:
    """A tile to tap: `name` finds it on the screen, `choice` goes back to the cart."""

    name: str
    choice: str
    title: str
    detail: str
    image: str


@dataclass(frozen=True)
class Page:
    """`list` opens the choices from the barcode's screen, or does another `list_action`. `image` is
    of a thing that is known."""

    question_id: str = ""
    title: str = ""
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    steps: tuple[str, ...] = ()
    promise: str = ""
    none: str = ""
    own: str = ""
    list: str = ""
    list_action: str = "ask"
    image: str = ""
    later: str = ""
    total_caption: str = ""
    total: str = ""
    saved_caption: str = ""
    saved: str = ""


# kind: title, hint, "none of these", "my own"
WORDING: dict[str, tuple[str, str, str, str]] = {
    "which_in": (
        mark("What did you put in?"),
        mark("The cart is {mass} heavier. Tap the right one, or show its barcode."),
        mark("None of these"),
        mark("It is my own thing"),
    ),
    "which_out": (
        mark("What did you take out?"),
        mark("The cart is {mass} lighter. Tap the right one."),
        mark("None of these"),
        mark("It was my own thing"),
    ),
    "rescan": (
        mark("Please show its barcode"),
        mark("The cart is {mass} heavier, and we could not see what it is."),
        mark("None of these"),
        mark("It is my own thing"),
    ),
}


# Why a known good could not be sold by its mass: title, hint.
TROUBLES: dict[str, tuple[str, str]] = {
    "too_light": (
        mark("{name}: a little more, please"),
        mark("It weighs {mass}. This scale sells from {least} on."),
    ),
    "not_at_rest": (
        mark("{name}: please weigh it again"),
        mark("The scale could not come to rest."),
    ),
    "overload": (
        mark("{name}: this cart is too heavy to weigh"),
        mark("Please take something heavy out first, or call for help."),
    ),
    "unfit": (
        mark("{name}: this cart cannot weigh it"),
        mark("Please call for help, or take it to another scale."),
    ),
}


# Why a known thing must not be sold: title, hint without a reason of the store's own.
PUT_BACK: dict[str, tuple[str, str]] = {
    "recalled": (
        mark("{name}: please put it back"),
        mark("It was called back, to be on the safe side. Our staff can help."),
    ),
    "expired": (
        mark("{name}: please take another one"),
        mark("The date on this one has passed. Our staff can help."),
    ),
}


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot; without a question it is empty."""
    question = snapshot.question
    if question is None:
        return Page()
    figures = figures_of(snapshot, words)
    say = words.say
    page = PAGES.get(question.kind, _which)
    return replace(
        page(question, figures),
        question_id=question.question_id,
        choices=choices_of(question.choices, figures, signed=_signed(question)),
        later=say("Later"),
        total_caption=say("Total"),
        total=figures.money(snapshot.total_minor),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
    )


def _which(question: QuestionView, figures: Figures) -> Page:
    """What to do about a thing that nobody knows."""
    say = figures.words.say
    title, hint, none, own = WORDING[question.kind]
    return Page(
        title=say(title),
        hint=say(hint, mass=figures.mass(question.mass_mg)),
        steps=(
            say("Lift the item out"),
            say("Turn its barcode to the camera"),
            say("Put it back in"),
        ),
        promise=say("Nothing is charged until we know what it is."),
        none=say(none),
        own=say(own),
        list=say("Choose from pictures"),
    )


def _weigh_again(question: QuestionView, figures: Figures) -> Page:
    """What to do about a good that is known, and could not be weighed."""
    say = figures.words.say
    title, hint = TROUBLES[question.trouble or "unfit"]
    (known,) = question.choices
    light = question.trouble == "too_light"
    return Page(
        title=say(title, name=known.name),
        hint=say(hint, mass=figures.mass(question.mass_mg), least=figures.mass(question.least_mg)),
        steps=(
            say("Lift the item out"),
            say("Take some more of it") if light else say("Let the cart stand still"),
            say("Put it back in, alone"),
        ),
        promise=say("Nothing is charged until it is weighed."),
        own=say("It is my own thing"),
        list=say("Call for help"),
        list_action="help",
        image=known.image or "",
    )


def _put_back(question: QuestionView, figures: Figures) -> Page:
    """What to do about a thing that must not be sold."""
    say = figures.words.say
    title, hint = PUT_BACK[question.trouble or "recalled"]
    (known,) = question.choices
    why = say("It was called back: {reason}. Our staff can help.", reason=question.reason)
    return Page(
        title=say(title, name=known.name),
        hint=why if question.reason else say(hint),
        steps=(
            say("Lift the item out"),
            say("Put it back, or give it to our staff"),
            say("Take another one, if you like"),
        ),
        promise=say("Nothing is charged for it."),
        own=say("It is my own thing"),
        list=say("Call for help"),
        list_action="help",
        image=known.image or "",
    )


PAGES: dict[str, Callable[[QuestionView, Figures], Page]] = {
    "weigh_again": _weigh_again,
    "put_back": _put_back,
}


def _signed(question: QuestionView) -> int:
    """What came out takes its price away."""
    return -1 if question.kind == "which_out" else 1


def choices_of(
    choices: tuple[ChoiceView, ...], figures: Figures, signed: int = 1
) -> tuple[Choice, ...]:
    """The first few choices, the likeliest first."""
    return tuple(
        Choice(
            name=f"choice.{index}",
            choice=choice.choice,
            title=_title(choice),
            detail=_price(choice, figures, signed),
            image=choice.image or "",
        )
        for index, choice in enumerate(choices[:CHOICES_MAX])
    )


def _title(choice: ChoiceView) -> str:
    return choice.name if choice.quantity == 1 else f"{choice.quantity} × {choice.name}"


def _price(choice: ChoiceView, figures: Figures, signed: int) -> str:
    if choice.sold_by == "mass":
        return figures.money_per(choice.price_unit, choice.price_minor)
    return figures.money(signed * choice.price_minor) if choice.price_minor else ""
