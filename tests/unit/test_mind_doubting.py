"""What the mind does where it can't be sure: it asks, once, and charges nobody meanwhile."""

from __future__ import annotations

from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.catalog import Product
from cart.core.events import (
    ItemAdded,
    LineOpened,
    LineSettled,
    QuestionAsked,
    TripOpened,
)
from tests.unit.mind_world import (
    CATALOG,
    GUM,
    PASTA,
    RICE,
    TOMATOES,
    Hands,
    check_digit,
)


def test_a_deli_label_on_something_else_is_asked_about() -> None:
    """The label says 239 g and the load says two kilograms: nobody is charged silently."""
    hands = Hands()
    hands.scan("280211400452" + check_digit("280211400452"))
    hands.load(2_000_000)
    hands.wait(2_000)
    assert hands.skus == []
    assert hands.state.question is not None


def test_an_unknown_thing_becomes_a_yellow_line_asked_about_once() -> None:
    """No code, no look: after a moment one open line and one question, however long it waits."""
    hands = Hands()
    assert hands.load(512_000) == []
    facts = hands.wait(30_000)
    assert [type(fact) for fact in facts] == [TripOpened, LineOpened, QuestionAsked]
    assert hands.told().count("please_identify") == 1
    assert hands.skus == []


def test_two_seen_and_none_read_is_offered_as_two() -> None:
    """The eyes know the tin, the load is two of them, no code: asked, and answered as two."""
    hands = Hands()
    hands.sight(TOMATOES, -900, unknown_millinats=-700)
    hands.load(2 * 458_000)
    hands.wait(2_000)
    (line,) = hands.state.basket.open_lines
    assert line.choices[0] == TOMATOES
    question = snapshot(hands.state, 1, 0).question
    assert question is not None
    assert (question.choices[0].quantity, question.choices[0].price_minor) == (2, 258)
    hands.touch("answer", line.line_id, TOMATOES)
    assert hands.state.basket.lines[0].quantity == 2


def test_an_answer_settles_the_yellow_line() -> None:
    """The shopper taps rice: the line is priced and keeps its evidence."""
    hands = Hands()
    hands.load(512_000)
    hands.wait(2_000)
    (line,) = hands.state.basket.open_lines
    assert RICE in line.choices
    hands.touch("answer", line.line_id, RICE)
    assert hands.state.basket.open_lines == ()
    (added,) = hands.state.basket.lines
    assert (added.sku, added.line_id, added.evidence.decided_by) == (RICE, line.line_id, "shopper")
    assert (added.evidence.before_mg, added.evidence.after_mg) == (0, 512_000)


def test_later_leaves_it_yellow_and_does_not_ask_again() -> None:
    """Touching "later" closes the question; it opens again only when touched."""
    hands = Hands()
    hands.load(700_000)
    hands.wait(2_000)
    hands.touch("later")
    assert hands.state.question is None
    hands.wait(10_000)
    assert hands.state.question is None
    (line,) = hands.state.basket.open_lines
    hands.touch("ask", line.line_id)
    assert hands.state.question == line.line_id


def test_later_to_another_question_leaves_this_one() -> None:
    """A finger that was late for one question doesn't send the next one away."""
    hands = Hands()
    hands.load(700_000)
    hands.wait(2_000)
    (first,) = hands.state.basket.open_lines
    hands.load(900_000)
    hands.wait(2_000)
    asked = hands.state.question
    assert asked not in {None, first.line_id}
    hands.touch("later", first.line_id)
    assert hands.state.question == asked


def test_a_late_code_answers_the_question_on_the_screen() -> None:
    """Asked what it was, the shopper shows its code."""
    hands = Hands()
    hands.load(458_500)
    hands.wait(2_000)
    assert hands.scan(TOMATOES) == []
    facts = hands.wait(1_500)
    assert [type(fact) for fact in facts] == [LineSettled, ItemAdded]
    assert hands.state.basket.lines[0].evidence.decided_by == "late_evidence"


def test_the_next_goods_code_is_no_answer() -> None:
    """While something unknown is asked about, the next good is shown and put in: it is itself."""
    hands = Hands()
    hands.load(507_000)
    hands.wait(2_000)
    hands.put(PASTA)
    hands.wait(4_000)
    assert hands.skus == [PASTA]
    assert hands.state.basket.lines[0].evidence.before_mg == 507_000
    assert len(hands.state.basket.open_lines) == 1


def test_a_light_goods_code_never_stands_for_many_of_it() -> None:
    """527 g are asked about; the code of a 106 g chocolate is not five chocolates."""
    chocolate = Product("chocolate", "Chocolate", 249, gtins=("09520001000645",), mass_mg=106_000)
    hands = Hands(catalog=replace(CATALOG, products=(*CATALOG.products, chocolate)))
    hands.load(529_000)
    hands.wait(2_000)
    (line,) = hands.state.basket.open_lines
    assert "chocolate" not in line.choices
    hands.scan("9520001000645")
    hands.load(106_000)
    hands.wait(4_000)
    assert [(item.sku, item.quantity) for item in hands.state.basket.lines] == [("chocolate", 1)]


def test_my_own_thing_costs_nothing_and_leaves_silently() -> None:
    """An own bag is noted, and taking it out takes nothing off the receipt."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.load(903_000)
    hands.wait(2_000)
    hands.touch("answer", hands.state.basket.open_lines[0].line_id, "own")
    hands.load(-903_000)
    hands.wait(2_000)
    assert hands.skus == [TOMATOES]
    assert hands.state.basket.own_lines == ()


def test_the_code_of_gum_on_a_pack_of_rice_is_asked_about() -> None:
    """The load moved, so the code was on something heavier than gum: nothing is charged."""
    hands = Hands()
    hands.scan(GUM)
    hands.load(512_000)
    hands.wait(4_000)
    assert hands.skus == []
    assert hands.state.question is not None


def test_a_cheap_code_on_another_thing_is_not_charged_silently() -> None:
    """The code says gum-priced pasta, look and load say otherwise: a question, not a charge."""
    hands = Hands()
    hands.scan(PASTA)
    hands.sight(TOMATOES, -20)
    hands.load(1_400_000)
    hands.wait(2_000)
    assert hands.skus == []
    assert len(hands.state.basket.open_lines) == 1


def test_a_cheap_code_on_a_dear_thing_of_the_same_mass_is_asked_about() -> None:
    """Code and load agree, but the eyes are sure that it is something else."""
    hands = Hands()
    hands.scan(PASTA)
    hands.sight(TOMATOES, -20)
    hands.load(507_000)
    hands.wait(2_000)
    assert hands.skus == []
    assert hands.state.question is not None


def test_a_dear_thing_seen_just_after_its_cheap_code_went_on_is_asked_about() -> None:
    """Code and load agree at once; half a second later the eyes name its equal: a question."""
    hands = Hands()
    hands.put(PASTA)
    assert hands.skus == [PASTA]
    hands.sight(RICE, -300)
    assert hands.skus == []
    (line,) = hands.state.basket.open_lines
    assert line.choices == (RICE, PASTA)
    hands.touch("answer", line.line_id, RICE)
    assert hands.skus == [RICE]


def test_a_wrong_look_at_something_of_another_mass_raises_no_doubt() -> None:
    """An eye that errs seldom errs to something of just this mass."""
    hands = Hands()
    hands.put(PASTA)
    hands.sight(TOMATOES, -20)
    assert hands.skus == [PASTA]
