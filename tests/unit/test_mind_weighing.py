"""A good sold by mass: one weighing, the same from the fact to the screen, or none at all."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.basket import fold
from cart.core.catalog import Catalog, CatalogIndex
from cart.core.events import Event, ItemAdded, LineOpened
from cart.core.observations import AnyObservation, LoadChanged, SenseBack, SenseDoubted, SenseLost
from cart.core.pricing.engine import receipt_of
from cart.core.units import divide_half_up, round_to_step
from cart.core.weighed import (
    INTERVAL_MG,
    MIN_MG,
    LoadReading,
    Readings,
    TakenBack,
    Trouble,
    Weighing,
    weigh,
)
from tests.unit.mind_world import APPLES, BANANAS, CATALOG, PASTA, TOMATOES, Hands

SOFTWARE = "dashcart-metrology 0123456789ab"


def between(before_mg: int, after_mg: int) -> Readings:
    """Two sound indications, in whole intervals."""
    grosses_mg = [round_to_step(load_mg, INTERVAL_MG) for load_mg in (before_mg, after_mg)]
    return Readings(*map(LoadReading, (7, 9), (SOFTWARE, SOFTWARE), grosses_mg))


SOUND = between(0, 740_000)
NOT_SOUND = LoadReading(9, SOFTWARE, 740_000, sound=False, trouble="front left drifts")
UNFIT: dict[Trouble, Readings] = {
    "not_at_rest": Readings(SOUND.before, None),
    "overload": Readings(SOUND.before, LoadReading(9, SOFTWARE, 31_000_000, overload=True)),
    "unfit": Readings(SOUND.before, NOT_SOUND),
}


def with_bananas_at(price_minor: int, tare_mg: int) -> Catalog:
    """The store, with another price and tare of bananas."""
    products = (
        replace(product, price_minor=price_minor, tare_mg=tare_mg)
        if product.sku == BANANAS
        else product
        for product in CATALOG.products
    )
    return replace(CATALOG, products=tuple(products))


def put_bananas(hands: Hands, mass_mg: int, readings: Readings | None) -> list[Event]:
    """Bananas that the eyes are sure of."""
    hands.sight(BANANAS, -60)
    return hands.load(mass_mg, readings=readings)


def decoded(events: list[Event]) -> list[Event]:
    """Facts as the store reads them."""
    return [msgspec.json.decode(msgspec.json.encode(event), type=Event) for event in events]


@given(
    mass_mg=some.integers(MIN_MG + 60_000, 20_000_000),
    price_minor=some.integers(0, 100_000),
    tare_mg=some.integers(0, 50_000),
    indicates=some.booleans(),
)
def test_one_weighing_from_the_fact_to_the_screen_and_the_store(
    mass_mg: int, price_minor: int, tare_mg: int, *, indicates: bool
) -> None:
    """Fact, line, weigh screen, row and the store's receipt say the same; price is net x rate."""
    catalog = with_bananas_at(price_minor, tare_mg)
    hands = Hands(catalog=catalog)
    facts = put_bananas(hands, mass_mg, between(0, mass_mg) if indicates else None)
    (added,) = (fact for fact in facts if isinstance(fact, ItemAdded))
    weighing = added.weighing
    assert weighing is not None
    assert weighing.price_minor == divide_half_up(weighing.net_mg * price_minor, 1_000_000)
    assert weighing.net_mg % INTERVAL_MG == 0
    assert 2 * abs(weighing.net_mg + tare_mg - mass_mg) <= INTERVAL_MG
    assert (added.mass_mg, added.price_minor) == (weighing.net_mg, weighing.price_minor)
    told = (7, 9, SOFTWARE) if indicates else (0, 0, "")
    assert (weighing.reading_before_id, weighing.reading_id, weighing.software_id) == told

    shown = snapshot(hands.state, 1, 0)
    assert shown.weigh is not None
    told_later = {"beside_mg", "taken_back"}
    names = [name for name in Weighing.__struct_fields__ if name not in told_later]
    assert all(getattr(shown.weigh, name) == getattr(weighing, name) for name in names)
    assert shown.lines[0].weighing == weighing
    assert hands.state.receipt is not None
    theirs = fold(decoded(hands.events))
    receipt = receipt_of(theirs.lines, CatalogIndex(catalog), member=False)
    assert receipt == hands.state.receipt
    assert receipt.lines[0].weighing == weighing


@pytest.mark.parametrize("trouble", UNFIT)
def test_what_was_not_soundly_indicated_is_weighed_again(trouble: Trouble) -> None:
    """A yellow line that knows its name and costs nothing; out and in again it is billed."""
    hands = Hands()
    facts = put_bananas(hands, 740_000, UNFIT[trouble])
    (opened,) = (fact for fact in facts if isinstance(fact, LineOpened))
    assert (opened.trouble, opened.choices) == (trouble, (BANANAS,))
    shown = snapshot(hands.state, 1, 0)
    assert (shown.route, shown.total_minor) == ("rescan", 0)
    assert shown.question is not None
    assert (shown.question.kind, shown.question.trouble) == ("weigh_again", trouble)
    assert (shown.lines[0].name, shown.lines[0].state) == ("Bananas", "open")
    assert "please_weigh_again" in hands.told()
    hands.touch("pay_start")
    assert hands.state.basket.phase == "shopping"
    hands.load(-740_000, readings=between(740_000, 0))
    assert hands.state.basket.open_lines == ()
    hands.wait(1_000)
    put_bananas(hands, 740_000, SOUND)
    assert (hands.skus, hands.total_minor) == ([BANANAS], 110)


@pytest.mark.parametrize(("indicated_mg", "billed"), [(746_000, True), (750_000, False)])
def test_readings_that_contradict_the_load_change_are_not_of_it(
    indicated_mg: int, *, billed: bool
) -> None:
    """An interval and the uncertainty of 1 g apart is sold; more is weighed again."""
    hands = Hands()
    indicated = Readings(SOUND.before, LoadReading(9, SOFTWARE, indicated_mg))
    put_bananas(hands, 740_000, indicated)
    assert hands.skus == ([BANANAS] if billed else [])
    troubles = [line.trouble for line in hands.state.basket.open_lines]
    assert troubles == ([] if billed else ["not_at_rest"])


def two_touches(hands: Hands) -> None:
    """Half a kilogram of bananas lands 0.2 and 0.3 kg at a time, never at rest in between."""
    hands.sight(BANANAS, -60)
    hands.load(200_000, readings=Readings(SOUND.before, None))
    hands.load(300_000, readings=Readings(None, None))
    hands.wait(3_000)


def test_what_landed_as_two_yellow_lines_leaves_in_one_hand() -> None:
    """Both lines end, nothing is asked, the shopper can pay; put in again it is weighed anew."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.wait(1_000)
    two_touches(hands)
    assert [line.mass_mg for line in hands.state.basket.open_lines] == [200_000, 300_000]
    hands.load(-500_000)
    hands.wait(3_000)
    assert not hands.state.basket.open_lines
    assert hands.state.question is None
    put_bananas(hands, 500_000, None)
    assert hands.skus == [TOMATOES, BANANAS]
    hands.touch("pay_start")
    assert hands.state.basket.phase == "checkout"


def test_two_of_three_yellow_things_may_leave_together() -> None:
    """The pair whose masses fit goes; the third stays."""
    hands = Hands()
    two_touches(hands)
    hands.load(911_000)
    hands.wait(3_000)
    hands.load(-1_211_000)
    hands.wait(3_000)
    assert [line.mass_mg for line in hands.state.basket.open_lines] == [200_000]


def test_less_than_min_is_never_billed_by_weight() -> None:
    """20 g of bananas: told why, charged nothing, and billed once more of them are put in."""
    hands = Hands()
    put_bananas(hands, 20_000, between(0, 20_000))
    (line,) = hands.state.basket.open_lines
    assert (line.trouble, hands.skus) == ("too_light", [])
    assert "too_light_to_weigh" in hands.told()
    hands.touch("answer", line.line_id, BANANAS)
    assert (hands.state.basket.open_lines[0].trouble, hands.skus) == ("too_light", [])
    hands.load(-20_000, readings=between(20_000, 0))
    hands.wait(1_000)
    put_bananas(hands, 180_000, between(0, 180_000))
    assert (hands.skus, hands.total_minor) == ([BANANAS], 27)


@pytest.mark.parametrize(("mass_mg", "billed"), [(97_499, False), (97_500, True)])
def test_min_is_asked_of_what_is_billed(mass_mg: int, *, billed: bool) -> None:
    """100 g after rounding to the interval may be sold, 95 g may not."""
    assert isinstance(weigh(mass_mg, 0, 149, SOUND), Weighing) == billed


def test_what_stays_of_some_bananas_is_weighed_or_asked_about() -> None:
    """Of a kilogram 940 g go back: the 60 g that stay are too light to be sold by weight."""
    hands = Hands()
    put_bananas(hands, 1_000_000, between(0, 1_000_000))
    hands.load(-940_000, readings=between(1_000_000, 60_000))
    hands.wait(2_000)
    (line,) = hands.state.basket.open_lines
    hands.touch("answer", line.line_id, hands.state.basket.lines[0].line_id)
    (rest,) = hands.state.basket.open_lines
    assert (rest.trouble, rest.mass_mg, hands.skus) == ("too_light", 60_000, [])
    hands.load(-60_000, readings=between(60_000, 0))
    assert hands.state.basket.open_lines == ()


def take_back(hands: Hands, mass_mg: int, readings: Readings | None) -> None:
    """Some of the bananas leave, and the shopper says that it was they."""
    hands.load(-mass_mg, readings=readings)
    hands.wait(2_000)
    (asked,) = hands.state.basket.open_lines
    hands.touch("answer", asked.line_id, hands.state.basket.lines[0].line_id)


def test_what_stays_of_some_bananas_stands_on_the_readings_of_both_ways() -> None:
    """Of a kilogram 400 g go back: line, row and receipt name what went in and what came out."""
    hands = Hands()
    put_bananas(hands, 1_000_000, between(0, 1_000_000))
    later = Readings(LoadReading(31, SOFTWARE, 1_000_000), LoadReading(36, SOFTWARE, 600_000))
    take_back(hands, 400_000, later)
    (line,) = hands.state.basket.lines
    taken = (TakenBack(400_000, 31, 36),)
    assert line.weighing == Weighing(600_000, 0, 149, 89, 0, 7, 9, SOFTWARE, taken)
    (row,) = snapshot(hands.state, 1, 0).lines
    assert (row.weighing, row.mass_mg, row.price_minor) == (line.weighing, 600_000, 89)
    assert fold(decoded(hands.events)).lines == hands.state.basket.lines


@given(mass_mg=some.integers(1_000_000, 2_000_000), back_mg=some.integers(100_000, 400_000))
def test_what_stays_is_rounded_once(mass_mg: int, back_mg: int) -> None:
    """However often some goes back, the net is half an interval off at most."""
    hands = Hands(catalog=with_bananas_at(149, 12_000))
    put_bananas(hands, mass_mg, None)
    for times in (1, 2):
        take_back(hands, back_mg, None)
        (line,) = hands.state.basket.lines
        assert line.mass_mg is not None
        exact_mg = mass_mg - times * back_mg - 12_000
        assert 2 * abs(line.mass_mg - exact_mg) <= INTERVAL_MG


def test_what_went_back_by_an_unfit_scale_is_weighed_again() -> None:
    """The first weighing was sound; what stays is not sold by a taking-back that was not."""
    hands = Hands()
    put_bananas(hands, 1_000_000, between(0, 1_000_000))
    take_back(hands, 400_000, Readings(LoadReading(31, SOFTWARE, 1_000_000), None))
    assert hands.skus == []
    assert [line.trouble for line in hands.state.basket.open_lines] == ["not_at_rest"]


def test_the_sheet_shows_what_was_indicated() -> None:
    """Before and after are the two readings' own figures beside their ids, not the filter's."""
    hands = Hands()
    put_bananas(hands, 742_300, between(0, 742_300))
    (line,) = hands.state.basket.lines
    assert line.evidence.after_mg == 742_300
    (row,) = snapshot(hands.state, 1, 0).lines
    shown = row.evidence
    assert (shown.before_mg, shown.after_mg) == (0, 740_000)
    assert (shown.reading_before_id, shown.reading_id, shown.software_id) == (7, 9, SOFTWARE)


def test_a_yellow_thing_that_the_shopper_names_is_weighed_by_its_own_readings() -> None:
    """The readings of the step wait with the yellow line until it has a name."""
    hands = Hands()
    hands.load(740_000, readings=SOUND)
    hands.wait(2_000)
    hands.touch("answer", hands.state.basket.open_lines[0].line_id, APPLES)
    (line,) = hands.state.basket.lines
    assert line.weighing is not None
    assert (line.weighing.reading_id, line.weighing.price_minor) == (9, 184)


def test_a_correction_of_what_lay_beside_a_tin_bills_no_tin() -> None:
    """Tomatoes and bananas in one move; the bananas turn out to be apples."""
    hands = Hands()
    hands.scan(TOMATOES)
    hands.sight(BANANAS, -100)
    hands.load(458_000 + 742_000, readings=between(0, 1_200_000))
    bananas = next(line for line in hands.state.basket.lines if line.sku == BANANAS)
    hands.touch("answer", bananas.line_id, APPLES)
    apples = next(line for line in hands.state.basket.lines if line.sku == APPLES)
    assert apples.weighing is not None
    assert (apples.weighing.net_mg, apples.weighing.beside_mg) == (740_000, 458_000)


def test_a_code_without_a_scale_charges_nothing_that_only_a_scale_can_price() -> None:
    """The shopper is told; nothing stands on the receipt for nothing."""
    catalog = replace(
        CATALOG, products=(*CATALOG.products[:-3], replace(CATALOG.products[-3], gtins=(GTIN,)))
    )
    hands = Hands(catalog=catalog)
    hands.say(SenseLost(hands.now_ms, "scale", "cable"))
    hands.scan(GTIN[1:])
    assert (hands.skus, "cannot_weigh_now" in hands.told()) == ([], True)


GTIN = "09520000000059"


@pytest.mark.parametrize("readings", [SOUND, None])
def test_what_came_while_nobody_watched_has_no_reading_before(readings: Readings | None) -> None:
    """After a restart the load is elsewhere: bananas for it are weighed again, on any scale."""
    hands = Hands()
    hands.put(TOMATOES)
    again = Hands(journal=tuple(hands.events))
    again.load_mg = 458_000 + 740_000
    again.load(0, readings=readings)
    again.wait(2_000)
    again.touch("answer", again.state.basket.open_lines[0].line_id, BANANAS)
    assert again.state.basket.open_lines[0].trouble == "not_at_rest"


def test_a_bad_corner_is_a_quiet_word_for_staff() -> None:
    """It is the quietest of all notices, once, and goes with the next start; goods go on."""
    hands = Hands()
    hands.say(SenseDoubted(hands.now_ms, "scale", "front left drifts"))
    hands.say(SenseDoubted(hands.now_ms, "scale", "rear right is loud"))
    hands.put(PASTA)
    assert hands.told().count("scale_wants_staff") == 1
    assert snapshot(hands.state, 1, 0).notices[-1].code == "scale_wants_staff"
    hands.say(SenseBack(hands.now_ms, "scale"))
    assert (hands.skus, hands.state.doubted) == ([PASTA], ("scale",))


def test_what_older_carts_wrote_is_still_read() -> None:
    """Records and journals from before there were readings."""
    load: AnyObservation = msgspec.json.decode(
        b'{"kind":"load_changed","t_ms":1,"sensed_ms":1,"before_mg":0,"after_mg":5}',
        type=AnyObservation,
    )
    added: Event = msgspec.json.decode(
        b'{"kind":"item_added","t_ms":1,"line_id":"L1","sku":"bananas","name":"Bananas",'
        b'"quantity":1,"unit_price_minor":149,"price_minor":110,"mass_mg":740000}',
        type=Event,
    )
    assert isinstance(load, LoadChanged)
    assert isinstance(added, ItemAdded)
    assert (load.readings, added.weighing) == (None, None)


def test_a_price_for_a_pound_bills_pounds() -> None:
    """Bananas at 0.79 a pound: half a kilogram is 1.102 lb and costs 0.87, at the store too."""
    products = tuple(
        replace(row, price_minor=79, price_unit="lb") if row.sku == BANANAS else row
        for row in CATALOG.products
    )
    catalog = replace(CATALOG, products=products, deals=())
    hands = Hands(catalog=catalog)
    (added,) = (fact for fact in put_bananas(hands, 500_000, None) if isinstance(fact, ItemAdded))
    assert (added.mass_mg, added.price_minor, added.price_unit) == (500_000, 87, "lb")
    shown = snapshot(hands.state, 1, 0)
    assert shown.weigh is not None
    assert (shown.weigh.price_unit, shown.lines[0].price_unit) == ("lb", "lb")
    assert hands.state.receipt is not None
    basket = fold(decoded(hands.events))
    assert receipt_of(basket.lines, CatalogIndex(catalog), member=False) == hands.state.receipt
