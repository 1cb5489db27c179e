"""What the eyes held for possible is what the screen offers: one tap settles it."""

from __future__ import annotations

from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.catalog import CatalogIndex
from cart.core.observations import Candidate, ItemSighted
from tests.unit.mind_world import APPLES, BANANAS, CATALOG, TOMATOES, Hands

FRUIT = tuple(
    replace(CatalogIndex(CATALOG).by_sku[BANANAS], sku=f"a{number}", name="Fruit", plu="")
    for number in range(20)
)
SHOP = replace(CATALOG, products=(*FRUIT, *CATALOG.products))
"""A whole shop of loose goods, which a scale can't tell apart."""


def put_in(scores: dict[str, int]) -> Hands:
    """Something lands that the eyes take for these products, so surely."""
    hands = Hands(catalog=SHOP)
    seen = tuple(Candidate(sku, score) for sku, score in scores.items())
    hands.say(ItemSighted(hands.now_ms, hands.now_ms, seen, -9_000))
    hands.load(740_000)
    return hands


def test_the_weigh_screen_offers_what_the_eyes_held_for_possible_first() -> None:
    """The look's next goods stand on the screen, likeliest first, before the catalog's."""
    scores = {BANANAS: -100, "a17": -4_200, APPLES: -5_000, "a9": -4_500, TOMATOES: -6_000}
    shown = snapshot(put_in(scores).state, 1, 0).weigh
    assert shown is not None
    assert shown.name == "Bananas"
    assert [item.choice for item in shown.alternatives] == ["a17", "a9", APPLES, "a0"]


def test_a_question_offers_the_first_five_of_the_look() -> None:
    """What the eyes can't tell apart is asked about, and the fifth likeliest is one tap away."""
    likely = [f"a{number}" for number in (12, 3, 8, 1, 19)]
    hands = put_in({sku: -1_600 - 10 * place for place, sku in enumerate(likely)})
    hands.wait(3_000)
    question = snapshot(hands.state, 1, 0).question
    assert question is not None
    assert [item.choice for item in question.choices] == likely
