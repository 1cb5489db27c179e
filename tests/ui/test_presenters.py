"""What each screen says, without a window."""

from __future__ import annotations

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cart.contract.screen import (
    ChoiceView,
    DealView,
    EvidenceView,
    FeeView,
    LineView,
    NoticeView,
    NudgeView,
    PiecesView,
    QuestionView,
    SavingView,
    Snapshot,
    StopView,
    TaxView,
    UnitPriceView,
)
from cart.core.events import ContestReason, Hold
from cart.core.notices import NOTICES
from cart.core.weighed import TakenBack, Trouble, Weighing
from tests.ui.harness import kept_snapshots
from ui.presenters import bar, checkout, menu, question, receipt, shop, weigh, welcome
from ui.presenters.figures import Figures
from ui.presenters.notices import SENTENCES, sentence
from ui.presenters.rows import CONTESTS, Fact, row_of, sheet_of
from ui.texts import Words

WORDS = Words("en")
DOLLARS = Figures(WORDS, "USD", 2)
EMPTY = Snapshot(revision=1, cause_ms=0, route="shop")
WORDS_MAX = 12


@pytest.mark.parametrize(
    ("language", "currency", "digits", "minor", "text"),
    [
        ("en", "USD", 2, 119, "$1.19"),
        ("en", "USD", 2, 0, "$0.00"),
        ("en", "USD", 2, -5, "−$0.05"),
        ("en", "USD", 2, 123456789, "$1,234,567.89"),
        ("en", "JPY", 0, 1200, "¥1,200"),
        ("en", "KWD", 3, 1005, "KWD\u00a01.005"),
        ("de", "EUR", 2, 123456, "1.234,56\u00a0€"),
        ("de", "EUR", 2, -9, "−0,09\u00a0€"),
    ],
)
def test_money(language: str, currency: str, digits: int, minor: int, text: str) -> None:
    """Money is written from whole minor units in the way of the language."""
    assert Figures(Words(language), currency, digits).money(minor) == text


@given(st.integers(-(10**12), 10**12), st.integers(0, 4))
def test_money_loses_nothing(minor: int, digits: int) -> None:
    """The amount can be read back from the text to the last minor unit."""
    text = Figures(WORDS, "USD", digits).money(minor)
    amount = Decimal(text.replace("−", "-").replace("$", "").replace(",", ""))
    assert int(amount.scaleb(digits)) == minor


@pytest.mark.parametrize(
    ("mass_mg", "said", "weighed"),
    [
        (412_000, "412\u00a0g", "0.412\u00a0kg"),
        (411_500, "412\u00a0g", "0.412\u00a0kg"),
        (999_400, "999\u00a0g", "0.999\u00a0kg"),
        (999_500, "1.000\u00a0kg", "1.000\u00a0kg"),
        (1_030_000, "1.030\u00a0kg", "1.030\u00a0kg"),
        (-412_000, "−412\u00a0g", "−0.412\u00a0kg"),
        (-400, "0\u00a0g", "0.000\u00a0kg"),
    ],
)
def test_mass(mass_mg: int, said: str, weighed: str) -> None:
    """Masses are rounded to the gram, halves up, and never show a minus zero."""
    assert DOLLARS.mass(mass_mg) == said
    assert DOLLARS.kilograms(mass_mg) == weighed


def test_a_price_for_a_pound_shows_pounds() -> None:
    """A weighed mass to the thousandth, a label's weight with its own digits."""
    assert DOLLARS.weight(500_000, "lb") == "1.102\u00a0lb"
    assert DOLLARS.told_weight("1.25", "lb") == "1.25\u00a0lb"
    assert DOLLARS.money_per("lb", 79) == "$0.79 / lb"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("code", NOTICES)
def test_every_notice_has_words(code: str, language: str) -> None:
    """Each notice of the cart has a sentence of at most twelve words, with or without values."""
    assert code in SENTENCES
    figures = Figures(Words(language), "USD", 2)
    values_of_all = {"name": "Milk", "title": "3 for 2", "shopper": "Ana", "budget_minor": "5000"}
    for values in ({}, values_of_all):
        said = sentence(NoticeView(code, 1, values), figures)
        assert said
        assert "{" not in said
        assert len(said.split()) <= WORDS_MAX


def test_no_words_without_a_notice() -> None:
    """The screen has no sentence for a notice that the cart does not know."""
    assert SENTENCES.keys() <= NOTICES.keys()


def test_an_unknown_notice_is_told_too() -> None:
    """A newer cart's notice does not stop an older screen."""
    assert "call for help" in sentence(NoticeView("from_the_future", 1), DOLLARS)


def test_a_name_with_braces_is_only_a_name() -> None:
    """Values are data: braces in them are not placeholders."""
    told = sentence(NoticeView("item_added", 20, {"name": "{0.__class__}"}), DOLLARS)
    assert told == "Added: {0.__class__}"


def test_rows_say_how_the_price_came_about() -> None:
    """Quantity, mass and deals stand under the name; the old price beside the new one."""
    line = LineView("L1", "Tins", 3, 387, 300, 129, savings=(SavingView("3 for $3.00", -87),))
    row = row_of(line, 0, DOLLARS)
    assert (row.price, row.was) == ("$3.00", "$3.87")
    assert row.detail == "3 × $1.29  ·  3 for $3.00 −$0.87"
    weighed = row_of(LineView("L2", "Bananas", 1, 96, 96, 129, mass_mg=742_000), 1, DOLLARS)
    assert weighed.detail == "0.742\u00a0kg × $1.29 / kg"
    assert weighed.was == ""


def test_open_lines_ask() -> None:
    """A yellow line has no price, and asks what went in or what came out."""
    came = row_of(LineView("L1", "", 1, 0, 0, mass_mg=412_000, state="open"), 0, DOLLARS)
    left = row_of(LineView("L2", "", 1, 0, 0, mass_mg=-90_000, state="open"), 1, DOLLARS)
    assert (came.title, came.price, came.is_open) == ("What is this?", "", True)
    assert left.title == "What was taken out?"
    assert left.detail.startswith("−90\u00a0g")


def test_several_of_a_kind_are_offered_as_such() -> None:
    """What one tap would charge stands on the tile: the number and the price of all."""
    (choice,) = question.choices_of((ChoiceView("tomatoes", "Tomatoes", 258, quantity=2),), DOLLARS)
    assert (choice.title, choice.detail) == ("2 × Tomatoes", "$2.58")


def test_evidence_leaves_out_what_is_absent() -> None:
    """The sheet shows code, look, weights and who decided, as far as they are known."""
    evidence = EvidenceView("4006", "Bananas", 93, 1_000_000, 1_742_000, "shopper")
    full = sheet_of(LineView("L1", "Bananas", 1, 96, 96, evidence=evidence), DOLLARS)
    assert [fact.value for fact in full.facts] == [
        "4006",
        "Bananas  ·  93 %",
        "1.000\u00a0kg",
        "1.742\u00a0kg",
        "You",
    ]
    bare = sheet_of(LineView("L1", "Gum", 1, 96, 96), DOLLARS)
    assert [fact.label for fact in bare.facts] == ["Decided by"]


def test_the_bar_shows_the_news_before_what_stands_elsewhere() -> None:
    """Something that just happened is louder than a state that has its own chip."""
    notices = (NoticeView("offline", 30), NoticeView("item_added", 20, {"name": "Milk"}))
    shown = bar.present(
        Snapshot(revision=1, cause_ms=0, route="shop", notices=notices, senses_lost=("scale",)),
        WORDS,
        contact_lost=False,
    )
    assert (shown.text, shown.tone) == ("Added: Milk", "info")
    assert shown.chips == ("Offline", "No scale")
    assert "Lost contact" in bar.present(EMPTY, WORDS, contact_lost=True).text


def test_what_the_shopper_almost_has_comes_first() -> None:
    """A nudge is the first card, with what it saves in all, or that it is free."""
    nudge = NudgeView("3 for 2", "Pasta", 1, 45)
    deals = (DealView("d", "5 for 4"),) * 3
    page = shop.present(replace(EMPTY, deals=deals, nudge=nudge), WORDS)
    assert [card.title for card in page.deals] == ["Add 1 × Pasta", "5 for 4", "5 for 4"]
    assert (page.deals[0].price, page.deals[0].was) == ("−$0.45", "3 for 2")
    free = shop.present(replace(EMPTY, nudge=replace(nudge, saves_minor=0)), WORDS)
    both = shop.present(replace(EMPTY, nudge=replace(nudge, beside=(PiecesView("Gum", 2),))), WORDS)
    assert both.deals[0].title == "Add 1 × Pasta + 2 × Gum"
    assert free.deals[0].price == "Free"


def test_a_budget_is_seen_and_may_be_chosen() -> None:
    """Its button says how much of it is spent; the choices are the cart's, and none at all."""
    assert shop.present(EMPTY, WORDS).budget == "Set a budget"
    spent = replace(EMPTY, budget_minor=5_000, budget_percent=83, budgets_minor=(2_000, 5_000))
    page = shop.present(spent, WORDS)
    assert (page.budget, page.is_spent) == ("Budget $50.00  ·  83 %", True)
    chosen = [(item.text, item.choice) for item in menu.budgets(spent, WORDS).items]
    assert chosen == [("$20.00", "2000"), ("$50.00", "5000"), ("No budget", "0")]


def test_what_was_given_back_stands_under_the_receipt() -> None:
    """Below zero, and only when something was."""
    paid = replace(EMPTY, route="receipt", total_minor=478)
    assert "Given back" not in [fact.label for fact in receipt.present(paid, WORDS).facts]
    page = receipt.present(replace(paid, credited_minor=159), WORDS)
    assert page.facts[-1] == Fact("Given back", "−$1.59")


def test_every_reason_to_contest_has_words() -> None:
    """Each reason of the cart can be said, and stands on the sheet once it was."""
    assert CONTESTS.keys() == set(get_args(ContestReason))
    asked = menu.contests(replace(EMPTY, contest_reasons=("wrong_price",)), "L1", WORDS)
    assert [(item.target, item.choice) for item in asked.items] == [("L1", "wrong_price")]
    sheet = sheet_of(LineView("L1", "Milk", 1, 9, 9, contested="wrong_price"), DOLLARS)
    assert sheet.facts[0] == Fact("You told us", "The price is wrong")


def test_taxes_of_nothing_are_left_out() -> None:
    """A rate of zero is no line; other rates are written without needless zeros."""
    taxes = (TaxView("food", 0, 0), TaxView("household", 72_500, 228), TaxView("toys", 200_000, 9))
    page = checkout.present(Snapshot(revision=1, cause_ms=0, route="checkout", taxes=taxes), WORDS)
    labels = [fact.label for fact in page.facts]
    assert labels[1:] == ["Tax 7.25 % (household)", "Tax 20 % (toys)"]


def test_nothing_is_paid_twice_while_paying() -> None:
    """While the store has not answered, the button says so and is not to be tapped."""
    page = checkout.present(
        Snapshot(revision=1, cause_ms=0, route="checkout", phase="paying"), WORDS
    )
    assert page.waiting
    assert page.pay == "Paying…"
    assert not page.can_keep


def test_a_payment_that_never_left_the_cart_can_be_left() -> None:
    """Without Wi-Fi the shopper may go on shopping."""
    page = checkout.present(
        Snapshot(revision=1, cause_ms=0, route="checkout", phase="paying", can_go_back=True), WORDS
    )
    assert page.waiting
    assert page.can_keep


PRESENTERS = {
    "welcome": welcome.present,
    "shop": shop.present,
    "weigh": weigh.present,
    "choose": question.present,
    "rescan": question.present,
    "checkout": checkout.present,
    "receipt": receipt.present,
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("route", PRESENTERS)
def test_every_screen_stands_an_empty_snapshot(route: str, language: str) -> None:
    """No presenter fails on a snapshot with nothing in it, nor on a kept one."""
    for snapshot in (EMPTY, *kept_snapshots()):
        PRESENTERS[route](snapshot, Words(language))


def test_the_weigh_screen_says_what_the_scale_said() -> None:
    """Net, tare, rate, price and which reading, as they came; without one nothing is made up."""
    (kept,) = (one.weigh for one in kept_snapshots() if one.weigh is not None)
    assert kept is not None
    shown = Snapshot(revision=1, cause_ms=0, route="weigh", weigh=kept)
    page = weigh.present(shown, WORDS)
    assert (page.net, page.rate, page.price) == ("0.742\u00a0kg", "$1.29 / kg", "$0.96")
    assert page.tare == "Net weight  ·  Tare 0\u00a0g"
    assert page.reading == "Reading 105  ·  dashcart-metrology beb2bdf87c55"
    silent = replace(kept, tare_mg=12_000, reading_id=0, software_id="")
    page = weigh.present(replace(shown, weigh=silent), WORDS)
    assert (page.tare, page.reading) == ("Bag taken off: 12\u00a0g", "")


def test_bags_and_benefits_are_chosen_before_paying() -> None:
    """Deposits and fees are rows; a bag can be taken and given back; food may be paid apart."""
    bags = FeeView("bag", "Paper bag", 10, 1, 10)
    shown = Snapshot(
        revision=1, cause_ms=0, route="checkout", total_minor=500, deposit_minor=25,
        fees=(bags,), benefits=True, snap_minor=300,
    )  # fmt: skip
    page = checkout.present(shown, WORDS)
    assert [(fact.label, fact.value) for fact in page.facts[1:]] == [
        ("Deposits", "$0.25"),
        ("1 × Paper bag", "$0.10"),
        ("EBT food pays", "$3.00"),
        ("Card pays", "$2.00"),
    ]
    chosen = [(extra.name, extra.action, extra.target, extra.choice) for extra in page.extras]
    assert chosen == [
        ("fee.bag", "fee", "bag", "2"),
        ("fee.bag.less", "fee", "bag", "0"),
        ("benefits", "benefits", "", "no"),
    ]
    assert checkout.present(replace(shown, phase="paying"), WORDS).extras == ()
    most = replace(bags, quantity=9, amount_minor=90)
    full = checkout.present(replace(shown, fees=(most,), benefits=None), WORDS)
    assert [extra.name for extra in full.extras] == ["fee.bag.less"]


def test_a_weighed_line_explains_itself() -> None:
    """The sheet has the weighing's own figures, and which reading of which software they are."""
    taken = (TakenBack(300_000, 31, 36),)
    weighing = Weighing(740_000, 12_000, 149, 110, taken_back=taken)
    evidence = EvidenceView(reading_before_id=7, reading_id=9, software_id="metrology ab")
    line = LineView("L1", "Bananas", 1, 110, 99, 149, 740_000, evidence=evidence, weighing=weighing)
    sheet = sheet_of(line, DOLLARS)
    assert sheet.detail == "0.740\u00a0kg × $1.49 / kg"
    assert {fact.label: fact.value for fact in sheet.facts} == {
        "Net weight": "0.740\u00a0kg  ·  Tare 12\u00a0g",
        "Taken back": "0.300\u00a0kg  ·  31, 36",
        "Readings": "7, 9  ·  metrology ab",
        "Decided by": "The cart",
    }


def test_the_sheet_compares_by_the_measure() -> None:
    """What a litre costs, and which product of the kind costs least; no word where nothing does."""
    own = UnitPriceView("Milk 1 L", 109, "l")
    line = LineView("L1", "Milk 1 L", 1, 109, 109, 109, unit_price=own)
    assert sheet_of(line, DOLLARS).facts[0] == Fact("Unit price", "$1.09 / l")
    cheaper = replace(line, cheaper=UnitPriceView("Milk 2 L", 99, "l"))
    assert sheet_of(cheaper, DOLLARS).facts[1] == Fact("Cheaper", "$0.99 / l  ·  Milk 2 L")
    weighed = replace(line, mass_mg=740_000, unit_price=UnitPriceView("Bananas", 149, "kg"))
    assert [fact.label for fact in sheet_of(weighed, DOLLARS).facts] == ["Decided by"]


@pytest.mark.parametrize("trouble", ["too_light", "not_at_rest", "overload", "unfit"])
def test_what_has_to_be_weighed_again_is_told_without_blame(trouble: Trouble) -> None:
    """By name, with what to do; help is one tap away; its yellow line says it too."""
    known = ChoiceView("bananas", "Bananas", 149, "mass", "bananas")
    asked = QuestionView("L1", "weigh_again", 60_000, (known,), trouble, least_mg=100_000)
    page = question.present(replace(EMPTY, question=asked), WORDS)
    assert page.title.startswith("Bananas: ")
    assert (page.list_action, page.image) == ("help", "bananas")
    assert page.steps[-1] == "Put it back in, alone"
    assert "{" not in page.hint + page.title
    line = LineView("L1", "Bananas", 1, 0, 0, mass_mg=60_000, state="open", trouble=trouble)
    row = row_of(line, 0, DOLLARS)
    assert (row.title, row.price) == ("Bananas", "")
    assert row.detail.endswith("Tap to weigh it again")


@pytest.mark.parametrize("trouble", ["recalled", "expired"])
@pytest.mark.parametrize("reason", ["", "glass"])
def test_what_must_not_be_sold_is_told_without_blame(trouble: Hold, reason: str) -> None:
    """By name, with the reason, and what to do; nothing is charged; help is one tap away."""
    known = ChoiceView("rice", "Rice", 219, "each", "rice")
    asked = QuestionView("L1", "put_back", 512_000, (known,), trouble, reason=reason)
    page = question.present(replace(EMPTY, question=asked), WORDS)
    assert page.title.startswith("Rice: ")
    assert reason in page.hint
    assert (page.promise, page.list_action) == ("Nothing is charged for it.", "help")
    line = LineView("L1", "Rice", 1, 0, 0, mass_mg=512_000, state="open", trouble=trouble)
    assert row_of(line, 0, DOLLARS).detail.endswith("Please put it back")


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (StopView("age", 18), "From 18: our staff will look"),
        (StopView("hours", hours=("08:00", "22:00")), "Sold from 08:00 to 22:00"),
        (StopView("recalled"), "Called back: please put it back"),
        (StopView("expired"), "Past its date"),
    ],
)
def test_a_line_says_why_it_cannot_be_paid_yet(stop: StopView, words: str) -> None:
    """The reason stands in its row, with its price."""
    row = row_of(LineView("L1", "Wine", 1, 900, 900, stop=stop), 0, DOLLARS)
    assert (row.detail, row.price) == (words, "$9.00")
