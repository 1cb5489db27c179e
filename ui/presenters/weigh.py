"""What was just weighed: net, tare, price for a kilogram, price, by which reading; how to
correct it. It must never compute one of these."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import Snapshot
from ui.presenters.figures import figures_of
from ui.presenters.question import Choice, choices_of
from ui.presenters.rows import reading_text
from ui.texts import Words


@dataclass(frozen=True)
class Page:
    """`line_id` is what a correction is about."""

    line_id: str = ""
    name: str = ""
    image: str = ""
    net: str = ""
    tare: str = ""
    reading: str = ""
    rate: str = ""
    price: str = ""
    wrong: str = ""
    alternatives: tuple[Choice, ...] = ()
    right: str = ""
    total_caption: str = ""
    total: str = ""
    saved_caption: str = ""
    saved: str = ""


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot; without a weighing it is empty."""
    weigh = snapshot.weigh
    if weigh is None:
        return Page()
    figures = figures_of(snapshot, words)
    say = words.say
    told = reading_text(str(weigh.reading_id), weigh.software_id)
    return Page(
        line_id=weigh.line_id,
        name=weigh.name,
        image=weigh.image or "",
        net=figures.weight(weigh.net_mg, weigh.price_unit),
        tare=say("Bag taken off: {mass}", mass=figures.mass(weigh.tare_mg))
        if weigh.tare_mg
        else f"{say('Net weight')}  ·  {say('Tare')} {figures.mass(weigh.tare_mg)}",
        reading=f"{say('Reading')} {told}" if told else "",
        rate=figures.money_per(weigh.price_unit, weigh.unit_price_minor),
        price=figures.money(weigh.price_minor),
        wrong=say("Something else? Tap it.") if weigh.alternatives else say("Added to your cart"),
        alternatives=choices_of(weigh.alternatives, figures),
        right=say("That is right"),
        total_caption=say("Total"),
        total=figures.money(snapshot.total_minor),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
    )
