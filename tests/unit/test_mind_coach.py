"""What stands by the shopper: nudges that really save, a budget, a word against a line."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from msgspec.structs import replace

from cart.contract.screen import NudgeView, PiecesView, UnitPriceView
from cart.contract.view import snapshot
from cart.core import coach
from cart.core.almost import CHANGES_A_TICK, CHANGES_MAX
from cart.core.basket import fold
from cart.core.catalog import Catalog, Product
from cart.core.events import LineContested, TripOpened
from cart.core.observations import CatalogArrived, PaymentAnswered
from cart.core.pricing.basket_amount_off import BasketAmountOff
from cart.core.pricing.bundle import Bundle, Part
from cart.core.pricing.buy_x_get_y import BuyXGetY
from cart.core.pricing.cheapest_free import CheapestFree
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.n_for_price import NForPrice
from rig.money.baskets import deal_of
from tests.unit.mind_world import CATALOG, GUM, PASTA, RICE, TOMATOES, Hands

THIRD_FREE = BuyXGetY(deal_id="x", title="3 for 2", skus=(PASTA, RICE), buy=2, free=1)
FIVE_OFF_TEN = BasketAmountOff(
    deal_id="b", title="5 off 10", everything=True, amount_minor=500, min_spend_minor=1_000
)
QUIET_MS = (CHANGES_MAX // CHANGES_A_TICK + 2) * 100


def told(hands: Hands) -> NudgeView | None:
    """The card on the screen once the cart had time to think."""
    hands.wait(QUIET_MS)
    return snapshot(hands.state, 1, 0).nudge


def with_deals(*deals: AnyDeal, catalog: Catalog = CATALOG) -> Catalog:
    """The store with other deals."""
    return replace(catalog, deals=deals)


def test_a_free_piece_is_told_until_it_is_there() -> None:
    """Two of "buy two, get one": one more is free; one of them makes nobody buy two more."""
    hands = Hands(catalog=with_deals(THIRD_FREE))
    hands.put(PASTA)
    assert told(hands) is None
    hands.put(PASTA)
    assert snapshot(hands.state, 1, 0).nudge is None
    before_minor = hands.total_minor
    assert told(hands) == NudgeView("3 for 2", "Pasta", 1, 0)
    hands.put(PASTA)
    assert hands.total_minor == before_minor
    assert told(hands) is None


def test_the_cheapest_pieces_that_reach_a_threshold() -> None:
    """Five off ten: at 8.94 a gum of 0.59 twice costs less than any other way there."""
    hands = Hands(catalog=with_deals(FIVE_OFF_TEN))
    for _ in range(6):
        hands.put(PASTA)
    assert hands.total_minor == 894
    assert told(hands) == NudgeView("5 off 10", "Gum", 2, 500 - 118)


ONE_GETS_TWO = BuyXGetY(deal_id="x", title="1 + 2", skus=(PASTA,), buy=1, free=2)
MEAL = Bundle(
    deal_id="m",
    title="Meal",
    parts=(Part(skus=(PASTA,)), Part(skus=(RICE,)), Part(skus=(GUM,), count=2)),
    price_minor=100,
)
THREE_FOR = NForPrice(deal_id="n", title="3 for 2.00", skus=(PASTA,), quantity=3, price_minor=200)
FOUR_FOR = NForPrice(deal_id="n", title="4 for 1.40", skus=(PASTA,), quantity=4, price_minor=140)


@pytest.mark.parametrize(
    ("deal", "said"),
    [
        (ONE_GETS_TWO, NudgeView("1 + 2", "Pasta", 2, 0)),
        (MEAL, NudgeView("Meal", "Rice", 1, 49, beside=(PiecesView("Gum", 2),))),
        (THREE_FOR, None),  # two more cost 0.51
        (FOUR_FOR, NudgeView("4 for 1.40", "Pasta", 3, 9)),
    ],
)
def test_several_pieces_that_unlock_a_deal_together(deal: AnyDeal, said: NudgeView | None) -> None:
    """All that the next use lacks, also of several goods, and only if the shopper saves."""
    hands = Hands(catalog=with_deals(deal))
    hands.put(PASTA)
    assert told(hands) == said


@pytest.mark.parametrize("change", [{"minimum_age_years": 18}, {"price_minor": 0}])
def test_what_not_everybody_may_buy_is_never_suggested(change: dict[str, int]) -> None:
    """Neither what asks for an age, nor what has no price."""
    products = tuple(
        replace(product, **change) if product.sku == RICE else product
        for product in CATALOG.products
    )
    deal = BuyXGetY(deal_id="x", skus=(PASTA,), buy=1, get_skus=(RICE,), free=1)
    allowed, refused = (
        Hands(catalog=with_deals(deal, catalog=replace(CATALOG, products=goods)))
        for goods in (CATALOG.products, products)
    )
    for hands in (allowed, refused):
        hands.put(PASTA)
    assert told(allowed) is not None
    assert told(refused) is None


def test_a_basket_that_is_hard_to_price_gets_no_advice() -> None:
    """Where the search for the receipt itself ran out of budget, the cart asks for no other."""
    hands = Hands(catalog=with_deals(THIRD_FREE))
    hands.put(PASTA)
    hands.put(PASTA)
    assert hands.state.receipt is not None
    hard = replace(hands.state.receipt, gap_minor=1)
    hands.state = replace(hands.state, receipt=hard)
    assert told(hands) is None
    assert hands.state.nudging is None
    hands.state = replace(hands.state, receipt=replace(hard, gap_minor=0))
    assert told(hands) is not None


def test_a_nudge_goes_with_its_prices_and_with_the_checkout() -> None:
    """Other prices are thought about anew; at the checkout nobody is sent back to a shelf."""
    hands = Hands(catalog=with_deals(THIRD_FREE))
    hands.put(PASTA)
    hands.put(PASTA)
    assert told(hands) is not None
    hands.touch("pay_start")
    assert snapshot(hands.state, 1, 0).nudge is None
    hands.touch("keep_shopping")
    assert told(hands) is not None
    hands.say(CatalogArrived(hands.now_ms, replace(CATALOG, version=2)))
    assert told(hands) is None


def test_what_is_told_is_what_is_paid() -> None:
    """On random goods and deals: with the pieces on the receipt it costs less by what was said."""
    found = [saves for seed in range(20) for saves in kept_word(Random(seed))]
    assert len(found) >= 3
    assert all(said == really >= 0 for said, really in found)


def kept_word(random: Random) -> Iterator[tuple[int, int]]:
    """What a nudge in a random store says it saves, and what it then saves; nothing without one."""
    goods = tuple(
        Product(f"p{n}", f"P {n}", random.randint(400, 500), mass_mg=1_000_000 + n * 99_000)
        for n in range(4)
    )
    shelf = [(good.sku, good.price_minor) for good in goods]
    spend_minor = random.randint(2_000, 3_500)
    deals = (
        deal_of("d", shelf, random),
        CheapestFree(deal_id="c", skus=("p0", "p1", "p2"), quantity=3),
        replace(FIVE_OFF_TEN, min_spend_minor=spend_minor),
    )
    hands = Hands(catalog=replace(CATALOG, products=goods, deals=deals, aisles=()))
    for good in random.choices(goods, k=6):
        put_in(hands, good)
    hands.wait(QUIET_MS)
    nudge = coach.nudge(hands.state)
    if nudge is None:
        return
    before_minor = hands.total_minor
    for part in nudge.pieces:
        for _ in range(part.quantity):
            put_in(hands, next(good for good in goods if good.sku == part.sku))
    yield nudge.saves_minor, before_minor - hands.total_minor


def put_in(hands: Hands, good: Product) -> None:
    """One piece that the eyes know."""
    count = len(hands.skus)
    hands.sight(good.sku, -1)
    hands.load(good.mass_mg or 0)
    hands.wait(1_500)
    assert len(hands.skus) == count + 1


def test_a_line_tells_its_unit_price_and_what_is_cheaper() -> None:
    """Rice at 2.19 for 500 g, pasta of the same kind at 1.49: on the line as the screen gets it."""
    goods = tuple(
        replace(product, content=500, category="staples")
        if product.sku in (PASTA, RICE)
        else product
        for product in CATALOG.products
    )
    hands = Hands(catalog=replace(CATALOG, products=goods))
    hands.put(RICE)
    hands.put(PASTA)
    rice, pasta = snapshot(hands.state, 1, 0).lines
    assert rice.unit_price == UnitPriceView("Rice", 438, "kg")
    assert rice.cheaper == UnitPriceView("Pasta", 298, "kg")
    assert (pasta.unit_price, pasta.cheaper) == (rice.cheaper, None)


def with_budget(minor: int) -> Hands:
    """A guest with a tin of pasta (1.49) and a budget."""
    hands = Hands()
    hands.put(PASTA)
    hands.touch("budget", choice=str(minor))
    return hands


def test_a_budget_warns_as_the_total_comes_to_it() -> None:
    """At 80 and at 100 percent, once each; again only after the total had fallen below."""
    hands = with_budget(450)
    for sku, warnings in ((TOMATOES, (0, 0)), (TOMATOES, (0, 0)), (GUM, (1, 0)), (GUM, (1, 1))):
        hands.put(sku)
        hands.wait(3_000)
        assert tuple(map(hands.told().count, ("budget_near", "budget_reached"))) == warnings
    hands.load(-458_000)
    hands.wait(1_000)
    hands.put(TOMATOES)
    assert tuple(map(hands.told().count, ("budget_near", "budget_reached"))) == (1, 2)
    shown = snapshot(hands.state, 1, 0)
    assert (shown.budget_minor, shown.budget_percent, shown.total_minor) == (450, 103, 467)
    hands.wait(2_000)
    hands.touch("pay_start")
    assert hands.state.basket.phase == "checkout"


def test_a_budget_that_is_spent_already_is_told_at_once() -> None:
    """It is a fact of the journal, outlives a restart, and ends with 0 or with the trip."""
    hands = with_budget(120)
    assert hands.told()[-1] == "budget_reached"
    again = Hands(journal=tuple(hands.events))
    assert snapshot(again.state, 1, 0).budget_minor == 120
    again.touch("budget", choice="0")
    assert snapshot(again.state, 1, 0).budget_minor == 0
    other = fold([TripOpened(9, "next")], replace(hands.state.basket, phase="idle"))
    assert other.budget_minor == 0


@pytest.mark.parametrize("choice", ["", "-5", "1e3", "12.50", "٣", "9" * 10, "100000001"])
def test_a_budget_that_is_none_changes_nothing(choice: str) -> None:
    """What the screen never sends is not taken for an amount."""
    hands = Hands()
    hands.put(PASTA)
    assert hands.touch("budget", choice=choice) == []


def test_a_paid_line_can_be_contested() -> None:
    """On the receipt's screen, until the trip is closed."""
    hands = Hands()
    hands.put(PASTA)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    trip_id, sum_minor = hands.state.basket.trip_id, hands.total_minor
    hands.say(PaymentAnswered(hands.now_ms, trip_id, 1, "settled", sum_minor, "R00000001"))
    shown = snapshot(hands.state, 1, 0)
    assert (shown.route, len(shown.lines)) == ("receipt", 1)
    assert "wrong_price" in shown.contest_reasons
    assert hands.touch("contest", "L1", "wrong_price") == [
        LineContested(hands.now_ms, "L1", "wrong_price")
    ]


def test_a_contested_line_blocks_nothing() -> None:
    """The word against a line is a fact and stands on its line; sums and payment go on."""
    hands = Hands()
    hands.put(PASTA)
    before_minor = hands.total_minor
    (fact,) = hands.touch("contest", "L1", "wrong_price")
    assert fact == LineContested(hands.now_ms, "L1", "wrong_price")
    assert hands.touch("contest", "L1", "wrong_price") == []
    assert hands.touch("contest", "L1", "i hate it") == []
    assert hands.touch("contest", "L9", "not_mine") == []
    shown = snapshot(hands.state, 1, 0)
    assert (shown.lines[0].contested, shown.total_minor) == ("wrong_price", before_minor)
    assert hands.told().count("line_contested") == 1
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    assert hands.state.basket.phase == "paying"
