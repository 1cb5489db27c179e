"""Before paying: every item, the deals, the tax, the total, and one button."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cart.contract.screen import Snapshot, TaxView
from ui.presenters.figures import Figures, figures_of
from ui.presenters.rows import Fact, Row, rows_of
from ui.texts import Words

PPM_PER_HUNDREDTH_PERCENT = 100


@dataclass(frozen=True)
class Page:
    """`waiting` while the store has not answered; nothing can be tapped twice then."""

    title: str = ""
    rows: tuple[Row, ...] = ()
    facts: tuple[Fact, ...] = ()
    saved_caption: str = ""
    saved: str = ""
    total_caption: str = ""
    total: str = ""
    pay: str = ""
    waiting: bool = False
    keep: str = ""
    can_keep: bool = True


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot."""
    figures = figures_of(snapshot, words)
    say = words.say
    waiting = snapshot.phase == "paying"
    total = figures.money(snapshot.total_minor)
    return Page(
        title=say("Ready to pay?"),
        rows=tuple(replace(row, is_fresh=False) for row in rows_of(snapshot.lines, figures)),
        facts=(
            Fact(say("Before deals and tax"), figures.money(snapshot.subtotal_minor)),
            *(tax_fact(tax, figures) for tax in snapshot.taxes if tax.rate_ppm),
        ),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
        total_caption=say("Total"),
        total=total,
        pay=say("Paying…") if waiting else say("Pay {total}", total=total),
        waiting=waiting,
        keep=say("Keep shopping"),
        can_keep=snapshot.can_go_back or not waiting,
    )


def tax_fact(tax: TaxView, figures: Figures) -> Fact:
    """One tax line: "Tax 7.25 %" and its sum."""
    percent = percent_text(tax.rate_ppm, "," if figures.words.language == "de" else ".")
    label = figures.words.say(
        "Tax {percent} % ({category})", percent=percent, category=tax.category
    )
    return Fact(label, figures.money(tax.tax_minor))


def percent_text(rate_ppm: int, decimal: str) -> str:
    """Parts per million as percent, without needless zeros: 72500 -> "7.25"."""
    whole, part = divmod(rate_ppm, 100 * PPM_PER_HUNDREDTH_PERCENT)
    digits = f"{part:04}".rstrip("0")
    return f"{whole}{decimal}{digits}" if digits else str(whole)
