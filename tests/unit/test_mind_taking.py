"""What the mind makes of things taken out, of jolts, drift and a restart."""

from __future__ import annotations

import pytest

from cart.core.events import ItemRemoved, LineOpened
from tests.unit.mind_world import BANANAS, PASTA, RICE, TOMATOES, Hands


def test_taking_out_one_good_takes_it_off() -> None:
    """Three different goods in, one out: the mass names it."""
    hands = Hands()
    for sku in (TOMATOES, PASTA, TOMATOES):
        hands.put(sku)
    facts = hands.load(-507_000)
    assert [type(fact) for fact in facts] == [ItemRemoved]
    assert hands.skus == [TOMATOES, TOMATOES]


def test_of_two_alike_the_newest_line_goes() -> None:
    """Two equal tins are the same to the scale and to the price."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.put(TOMATOES)
    hands.load(-458_000)
    assert [line.line_id for line in hands.state.basket.lines] == ["L1"]


def test_goods_of_the_same_mass_are_asked_about_not_guessed() -> None:
    """Pasta and rice measured alike: nothing leaves the receipt until the shopper says which."""
    hands = Hands()
    hands.scan(PASTA)
    hands.load(509_000)
    hands.scan(RICE)
    hands.load(509_500)
    hands.load(-509_200)
    hands.wait(2_000)
    assert hands.skus == [PASTA, RICE]
    (line,) = hands.state.basket.open_lines
    assert line.direction == "out"
    rice = hands.state.basket.lines[1].line_id
    hands.touch("answer", line.line_id, rice)
    assert hands.skus == [PASTA]
    assert hands.state.basket.open_lines == ()


def test_two_taken_out_at_once() -> None:
    """One step that is the sum of two lines."""
    hands = Hands()
    for sku in (TOMATOES, PASTA):
        hands.put(sku)
    hands.load(-(458_000 + 507_000))
    assert hands.skus == []


def test_what_comes_back_is_put_on_again_without_its_code() -> None:
    """Lifted out and put back within seconds: the line returns, no question."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.load(-458_000)
    assert hands.skus == []
    hands.load(458_000)
    hands.wait(2_000)
    assert hands.skus == [TOMATOES]
    assert hands.state.basket.open_lines == ()


def test_an_unexplained_loss_is_a_question_that_ends_when_it_returns() -> None:
    """Nothing in the basket weighs 333 g: asked, and silent again once the load is back."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.load(-333_000)
    hands.wait(2_000)
    assert hands.state.question is not None
    hands.load(333_000)
    hands.wait(2_000)
    assert hands.state.basket.open_lines == ()
    assert hands.skus == [TOMATOES]


def test_a_yellow_thing_that_leaves_again_is_forgotten() -> None:
    """An unknown thing in and out leaves nothing behind."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.load(777_000)
    hands.wait(2_000)
    hands.load(-777_400)
    hands.wait(2_000)
    assert hands.state.basket.open_lines == ()
    assert hands.skus == [TOMATOES]


def test_some_bananas_taken_back_are_priced_again() -> None:
    """Half the bananas go back: the shopper confirms, the rest is billed."""
    hands = Hands()
    hands.sight(BANANAS, -60)
    hands.load(1_000_000)
    hands.wait(2_000)
    hands.load(-400_000)
    hands.wait(2_000)
    (line,) = hands.state.basket.open_lines
    hands.touch("answer", line.line_id, hands.state.basket.lines[0].line_id)
    (bananas,) = hands.state.basket.lines
    assert (bananas.mass_mg, bananas.price_minor) == (600_000, 89)


@pytest.mark.parametrize("change_mg", [0, 800, -900, 4_000, -9_000])
def test_a_jolt_or_a_sag_changes_nothing(change_mg: int) -> None:
    """The load rests about where it was: no fact, no notice."""
    hands = Hands()
    hands.put(TOMATOES)
    told = len(hands.notices)
    assert hands.load(change_mg) == []
    assert hands.wait(3_000) == []
    assert len(hands.notices) == told


def test_slow_drift_never_becomes_a_removal() -> None:
    """Ninety steps of -1 g, ninety grams in all: still nothing was taken out."""
    hands = Hands()
    hands.put(TOMATOES)
    for _ in range(90):
        assert hands.load(-1_000) == []
    assert hands.skus == [TOMATOES]


def test_after_a_restart_the_basket_and_the_total_are_the_same() -> None:
    """The journal alone brings them back."""
    hands = Hands()
    for sku in (TOMATOES, PASTA, TOMATOES):
        hands.put(sku)
    again = Hands(journal=tuple(hands.events))
    assert again.state.basket == hands.state.basket
    assert again.total_minor == hands.total_minor
    assert again.events == []


def test_what_left_while_nobody_watched_is_found_after_the_restart() -> None:
    """The first load after the restart is compared with the load the journal accounts for."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.put(PASTA)
    again = Hands(journal=tuple(hands.events))
    again.load_mg = 458_000
    again.load(0)
    again.wait(2_000)
    assert again.skus == [TOMATOES]


def test_a_strange_load_after_the_restart_is_a_question_never_a_line() -> None:
    """Something was added while nobody watched."""
    hands = Hands()
    hands.put(TOMATOES)
    again = Hands(journal=tuple(hands.events))
    again.load_mg = 458_000 + 350_000
    again.load(0)
    facts = again.wait(2_000)
    assert isinstance(facts[0], LineOpened)
    assert again.skus == [TOMATOES]


def test_of_three_put_in_together_two_leave_one_by_one() -> None:
    """A piece weighs the same however many of its line are left."""
    hands = Hands()
    hands.put(PASTA, pieces=3)
    hands.wait(2_000)
    if hands.state.question is not None:
        hands.touch("answer", hands.state.question, PASTA)
    hands.load(-507_000)
    hands.load(-507_000)
    assert [line.quantity for line in hands.state.basket.lines] == [1]


def test_one_good_comes_for_another_in_one_move() -> None:
    """The tomatoes leave and the rice, whose code was read, comes: only 54 g more on the scale."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.scan(RICE)
    hands.load(512_000 - 458_000)
    assert hands.skus == [RICE]
