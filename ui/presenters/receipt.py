"""After paying: thanks, the receipt's number and its QR code, and its lines to contest."""

from __future__ import annotations

from dataclasses import dataclass

from cart.contract.screen import Snapshot
from ui.presenters.codes import qr_modules
from ui.presenters.figures import figures_of
from ui.presenters.rows import Fact, Row, rows_of
from ui.texts import Words


@dataclass(frozen=True)
class Page:
    """`modules` are the rows of the receipt's QR code."""

    title: str = ""
    hint: str = ""
    modules: tuple[bytes, ...] = ()
    no_code: str = ""
    facts: tuple[Fact, ...] = ()
    total_caption: str = ""
    total: str = ""
    saved_caption: str = ""
    saved: str = ""
    done: str = ""
    rows: tuple[Row, ...] = ()
    contest: str = ""
    close: str = ""


def present(snapshot: Snapshot, words: Words) -> Page:
    """The page of a snapshot."""
    figures = figures_of(snapshot, words)
    say = words.say
    named = snapshot.shopper and say("Thank you, {shopper}", shopper=snapshot.shopper)
    pieces = sum(1 if line.mass_mg is not None else line.quantity for line in snapshot.lines)
    back_minor = snapshot.credited_minor
    credited = (Fact(say("Given back"), figures.money(-back_minor)),) if back_minor else ()
    return Page(
        title=named or say("Thank you"),
        hint=say("It is all paid. You can simply walk out."),
        modules=qr_modules(snapshot.receipt_id),
        no_code=say("Your receipt is on its way."),
        facts=(
            Fact(say("Receipt"), snapshot.receipt_id or "–"),
            Fact(say("Items"), str(pieces)),
            Fact(say("Tax"), figures.money(snapshot.tax_minor)),
            *credited,
        ),
        total_caption=say("Paid"),
        total=figures.money(snapshot.total_minor),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
        done=say("Done"),
        rows=rows_of(snapshot.lines, figures),
        contest=say("Something is wrong") if snapshot.lines and snapshot.contest_reasons else "",
        close=say("Close"),
    )
