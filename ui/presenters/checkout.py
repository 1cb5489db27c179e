"""Before paying: every item, the deals, the tax, the total, and one button."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cart.contract.screen import CouponView, Snapshot, TaxView
from ui.presenters.figures import MINUS, Figures, figures_of
from ui.presenters.menu import Option
from ui.presenters.rows import Fact, Row, rows_of
from ui.texts import Words

PPM_PER_HUNDREDTH_PERCENT = 100


@dataclass(frozen=True)
class Page:
    """`waiting` while the store has not answered; nothing can be tapped twice then."""

    title: str = ""
    rows: tuple[Row, ...] = ()
    facts: tuple[Fact, ...] = ()
    extras: tuple[Option, ...] = ()
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
        facts=facts_of(snapshot, figures),
        extras=() if waiting else extras_of(snapshot, figures),
        saved_caption=say("You saved"),
        saved=figures.money(abs(snapshot.savings_minor)),
        total_caption=say("Total"),
        total=total,
        pay=say("Paying…") if waiting else say("Pay {total}", total=total),
        waiting=waiting,
        keep=say("Keep shopping"),
        can_keep=snapshot.can_go_back or not waiting,
    )


def facts_of(snapshot: Snapshot, figures: Figures) -> tuple[Fact, ...]:
    """Everything between the prices of the goods and the total, and who pays what of it."""
    say, money = figures.words.say, figures.money
    facts = [Fact(say("Before deals and tax"), money(snapshot.subtotal_minor))]
    if snapshot.deposit_minor:
        facts.append(Fact(say("Deposits"), money(snapshot.deposit_minor)))
    facts += [
        Fact(f"{fee.quantity} × {fee.title}", money(fee.amount_minor))
        for fee in snapshot.fees
        if fee.quantity
    ]
    facts += [_coupon_fact(row, figures) for row in snapshot.coupons if not row.on_lines]
    facts += [tax_fact(tax, figures) for tax in snapshot.taxes if tax.rate_ppm]
    if snapshot.benefits:
        facts.append(Fact(say("EBT food pays"), money(snapshot.snap_minor)))
        facts.append(Fact(say("Card pays"), money(snapshot.total_minor - snapshot.snap_minor)))
    return tuple(facts)


def _coupon_fact(coupon: CouponView, figures: Figures) -> Fact:
    """What a voucher takes off, or what a coupon waits for: what it does stands in its lines."""
    say = figures.words.say
    waits = {
        "waits_for_goods": say("waits for its goods"),
        "waits_for_store": say("waits for the store"),
    }
    return Fact(coupon.title, waits.get(coupon.state) or figures.money(coupon.amount_minor))


def extras_of(snapshot: Snapshot, figures: Figures) -> tuple[Option, ...]:
    """A button for one more of each fee, for one less, and for food benefits."""
    say = figures.words.say
    found: list[Option] = []
    for fee in snapshot.fees:
        name, more, less = f"fee.{fee.fee_id}", fee.quantity + 1, fee.quantity - 1
        if more <= fee.quantity_max:
            text = f"+ {fee.title} {figures.money(fee.price_minor)}"
            found.append(Option(name, text, "fee", fee.fee_id, str(more)))
        if less >= 0:
            text = f"{MINUS} {fee.title}"
            found.append(Option(f"{name}.less", text, "fee", fee.fee_id, str(less)))
    if snapshot.benefits is not None:
        text = say("Pay all by card") if snapshot.benefits else say("Pay food with EBT")
        choice = "no" if snapshot.benefits else "yes"
        found.append(Option("benefits", text, "benefits", "", choice))
    return tuple(found)


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
