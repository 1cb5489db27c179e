"""One row of the receipt, and the sheet that says why it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cart.contract.screen import EvidenceView, LineView, StopView
from ui.presenters.figures import Figures
from ui.texts import mark

DECIDERS = {
    "fusion": mark("The cart"),
    "shopper": mark("You"),
    "late_evidence": mark("The cart, later"),
    "code_alone": mark("Its code"),
    "carried": mark("Your other cart"),
}

# Why a line is wrong: a row for each `ContestReason`.
CONTESTS: dict[str, str] = {
    "not_mine": mark("This is not mine"),
    "wrong_product": mark("It is another product"),
    "wrong_price": mark("The price is wrong"),
    "wrong_quantity": mark("The number is wrong"),
    "wrong_weight": mark("The weight is wrong"),
    "deal_missing": mark("A deal is missing"),
}


@dataclass(frozen=True)
class Row:
    """`name` finds it on the screen; `was` is the price before deals, "" without one."""

    name: str
    line_id: str
    title: str
    detail: str
    price: str
    was: str
    image: str
    saving: bool
    is_open: bool
    is_fresh: bool

    def as_data(self) -> dict[str, Any]:
        """Every property of the row's widget: a recycled one keeps nothing of its last line."""
        return dict(vars(self))


@dataclass(frozen=True)
class Fact:
    """A label and what it says."""

    label: str
    value: str


@dataclass(frozen=True)
class Sheet:
    """Why a line is on the receipt."""

    title: str = ""
    detail: str = ""
    price: str = ""
    image: str = ""
    facts: tuple[Fact, ...] = ()
    contest: str = ""
    close: str = ""


def rows_of(lines: tuple[LineView, ...], figures: Figures) -> tuple[Row, ...]:
    """A row a line, in the order of the receipt."""
    return tuple(row_of(line, index, figures) for index, line in enumerate(lines))


def row_of(line: LineView, index: int, figures: Figures) -> Row:
    """One line as a row."""
    is_open = line.state == "open"
    return Row(
        name=f"line.{index}",
        line_id=line.line_id,
        title=line.name or open_title(line, figures),
        detail=open_detail(line, figures) if is_open else sure_detail(line, figures),
        price="" if is_open else figures.money(line.net_minor),
        was="" if line.net_minor == line.price_minor else figures.money(line.price_minor),
        image=line.image or "",
        saving=bool(line.savings),
        is_open=is_open,
        is_fresh=line.newest,
    )


def open_title(line: LineView, figures: Figures) -> str:
    """A yellow line's question: a load that left has a mass below zero."""
    left = line.mass_mg is not None and line.mass_mg < 0
    say = figures.words.say
    return say("What was taken out?") if left else say("What is this?")


def open_detail(line: LineView, figures: Figures) -> str:
    """What is known of a yellow line, and what to do about it."""
    say = figures.words.say
    back = say("Please put it back")
    known = {"recalled": back, "expired": back, None: say("Tap to tell us")}
    tap = known.get(line.trouble) or say("Tap to weigh it again")
    return tap if line.mass_mg is None else f"{figures.mass(line.mass_mg)}  ·  {tap}"


def sure_detail(line: LineView, figures: Figures) -> str:
    """How the price came about: quantity or mass, then the deals."""
    parts: list[str] = []
    weighed = line.weighing or line
    net_mg = line.mass_mg if line.weighing is None else line.weighing.net_mg
    if net_mg is not None and weighed.unit_price_minor:
        rate = figures.money_per(line.price_unit, weighed.unit_price_minor)
        told = line.weight
        weight = (
            figures.weight(net_mg, line.price_unit)
            if told is None
            else figures.told_weight(told.amount, told.unit)
        )
        parts.append(f"{weight} × {rate}")
    elif line.quantity != 1 and line.unit_price_minor:
        parts.append(f"{line.quantity} × {figures.money(line.unit_price_minor)}")
    elif line.quantity != 1:
        parts.append(f"{line.quantity} ×")
    if line.stop is not None:
        parts.append(stop_text(line.stop, figures))
    parts += [f"{saving.title} {figures.money(saving.amount_minor)}" for saving in line.savings]
    return "  ·  ".join(parts)


def stop_text(stop: StopView, figures: Figures) -> str:
    """Why a line can't be paid yet, without blame."""
    say = figures.words.say
    if stop.why == "age":
        return say("From {years}: our staff will look", years=str(stop.age_years))
    if stop.why == "hours" and stop.hours is not None:
        return say("Sold from {first} to {last}", first=stop.hours[0], last=stop.hours[1])
    return (
        say("Called back: please put it back") if stop.why == "recalled" else say("Past its date")
    )


def sheet_of(line: LineView, figures: Figures) -> Sheet:
    """The evidence of a line."""
    return Sheet(
        title=line.name,
        detail=sure_detail(line, figures),
        price=figures.money(line.net_minor),
        image=line.image or "",
        facts=(
            *price_facts(line, figures),
            *weighed_facts(line, figures),
            *facts_of(line.evidence, figures),
        ),
        contest=figures.words.say("Something is wrong"),
        close=figures.words.say("Close"),
    )


def price_facts(line: LineView, figures: Figures) -> tuple[Fact, ...]:
    """What the measure costs, and what of the same kind costs less; a weighed line has its rate
    above already."""
    say, own, cheaper = figures.words.say, line.unit_price, line.cheaper
    facts = []
    if own is not None and line.mass_mg is None:
        facts.append(Fact(say("Unit price"), figures.money_per(own.unit, own.price_minor)))
    if line.higher_unit_minor is not None:
        other = figures.money(line.higher_unit_minor)
        facts.append(Fact(say("Lower price counts"), say("instead of {price}", price=other)))
    if line.contested is not None:
        facts.append(Fact(say("You told us"), say(CONTESTS[line.contested])))
    if cheaper is not None:
        rate = figures.money_per(cheaper.unit, cheaper.price_minor)
        facts.append(Fact(say("Cheaper"), f"{rate}  ·  {cheaper.name}"))
    return tuple(facts)


def weighed_facts(line: LineView, figures: Figures) -> tuple[Fact, ...]:
    """Net and tare of a weighing, and what was taken back of it, as the cart stated them; its
    prices stand above, in the sheet."""
    weighing, say = line.weighing, figures.words.say
    if weighing is None:
        return ()
    tare = f"{say('Tare')} {figures.mass(weighing.tare_mg)}"
    net = Fact(say("Net weight"), f"{figures.kilograms(weighing.net_mg)}  ·  {tare}")
    back = (
        (figures.kilograms(taken.mass_mg), ids_text(taken.reading_before_id, taken.reading_id))
        for taken in weighing.taken_back
    )
    return (net, *(Fact(say("Taken back"), "  ·  ".join(filter(None, parts))) for parts in back))


def ids_text(*reading_ids: int) -> str:
    """The readings that there were: "7, 9"."""
    return ", ".join(str(reading_id) for reading_id in reading_ids if reading_id)


def reading_text(ids: str, software_id: str) -> str:
    """Which indications of which software; "" for a scale that does not tell."""
    return f"{ids}  ·  {software_id}" if software_id else ""


def facts_of(evidence: EvidenceView, figures: Figures) -> tuple[Fact, ...]:
    """What the cart saw, weighed and read; what it did not is left out."""
    say = figures.words.say
    facts: list[Fact] = []
    if evidence.code:
        facts.append(Fact(say("Code"), evidence.code))
    if evidence.look:
        percent = "" if evidence.look_percent is None else f"  ·  {evidence.look_percent} %"
        facts.append(Fact(say("Looks like"), evidence.look + percent))
    if evidence.before_mg is not None and evidence.after_mg is not None:
        facts.append(Fact(say("Cart before"), figures.kilograms(evidence.before_mg)))
        facts.append(Fact(say("Cart after"), figures.kilograms(evidence.after_mg)))
    ids = ids_text(evidence.reading_before_id, evidence.reading_id)
    readings = reading_text(ids, evidence.software_id)
    if readings:
        facts.append(Fact(say("Readings"), readings))
    decided = DECIDERS.get(evidence.decided_by)
    facts.append(Fact(say("Decided by"), say(decided) if decided else evidence.decided_by))
    return tuple(facts)
