"""What the mind makes of a code that may have been misread: evidence, never proof."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cart.core.catalog import Product
from cart.core.observations import SenseLost
from tests.unit.mind_world import CATALOG, GUM, PASTA, TOMATOES, Hands

BRIE = Product("brie", "Brie", 429, gtins=("09520000000059",))  # of a mass that nobody has told


def test_the_mass_may_confirm_it() -> None:
    """A doubtful code of a tin and the tin's own mass: on the receipt, at once."""
    hands = Hands()
    hands.glimpse(TOMATOES)
    hands.load(458_000)
    assert hands.skus == [TOMATOES]
    (line,) = hands.state.basket.lines
    assert line.evidence.score_millinats == -105


def test_another_mass_refutes_it() -> None:
    """A misread tin and a load that no code explains: asked, and nobody charged."""
    hands = Hands()
    hands.glimpse(TOMATOES)
    hands.load(733_000)
    hands.wait(2_000)
    assert hands.skus == []
    assert hands.state.question is not None


@pytest.mark.parametrize("proven", [True, False])
def test_where_any_mass_would_do_it_charges_nobody(*, proven: bool) -> None:
    """Of a thing of unknown mass only a proven code names what was put in; else it is offered."""
    hands = Hands(catalog=replace(CATALOG, products=(*CATALOG.products, BRIE)))
    show = hands.scan if proven else hands.glimpse
    show("9520000000059")
    hands.load(233_000)
    hands.wait(2_000)
    assert hands.skus == ["brie"] * proven
    assert [line.choices for line in hands.state.basket.open_lines] == [("brie",)] * (not proven)


def test_it_never_counts_alone() -> None:
    """Chewing gum moves no scale, and without a scale no mass confirms: only proof counts."""
    resting, blind = Hands(), Hands()
    blind.say(SenseLost(blind.now_ms, "scale", "cable"))
    resting.glimpse(GUM)
    blind.glimpse(TOMATOES)
    for hands in (resting, blind):
        hands.wait(12_000)
        assert hands.skus == []
    resting.scan(GUM)
    blind.scan(TOMATOES)
    for hands, sku in ((resting, GUM), (blind, TOMATOES)):
        hands.wait(3_000)
        assert hands.skus == [sku]


def test_nobody_hears_of_it_when_nothing_comes_of_it() -> None:
    """Neither "not put in" nor "unknown": perhaps nobody ever showed that code."""
    hands = Hands()
    hands.glimpse(TOMATOES)
    hands.glimpse("4006381333931")
    hands.wait(12_000)
    assert hands.told() == []


def test_it_hardly_stands_in_the_way_of_what_the_rest_says() -> None:
    """A misread beside a proven code of the thing that lands changes nothing but the score."""
    hands = Hands()
    hands.glimpse(PASTA)
    hands.put(TOMATOES)
    assert hands.skus == [TOMATOES]
    (line,) = hands.state.basket.lines
    assert line.evidence.score_millinats == -500


@pytest.mark.parametrize("text", ["952000", "9520000000", "952000000011", "00004135"])
def test_a_short_interleaved_code_names_no_item(text: str) -> None:
    """Interleaved 2 of 5 is read into pieces of other codes: 6 to 12 digits never name a thing."""
    hands = Hands()
    hands.say(SenseLost(hands.now_ms, "scale", "cable"))
    hands.scan(text, "ITF")
    hands.wait(3_000)
    assert hands.skus == []
