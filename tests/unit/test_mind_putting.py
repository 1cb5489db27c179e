"""What the mind makes of things put into the cart."""

from __future__ import annotations

from cart.contract.view import snapshot
from cart.core.events import (
    ItemAdded,
    LinesWeighed,
    TripOpened,
)
from cart.core.observations import (
    Candidate,
    ItemSighted,
    LoadChanged,
    SenseBack,
    SenseLost,
)
from tests.unit.mind_world import (
    APPLES,
    BANANAS,
    CHEESE,
    GUM,
    PASTA,
    RICE,
    TOMATOES,
    Hands,
    check_digit,
)


def test_a_code_and_its_mass_make_a_line_at_once() -> None:
    """A read code with a fitting load is decided without waiting, in a guest trip of its own."""
    hands = Hands()
    facts = hands.put(TOMATOES)
    assert [type(fact) for fact in facts] == [TripOpened, ItemAdded]
    assert hands.skus == [TOMATOES]
    assert hands.total_minor == 129


def test_a_line_carries_its_evidence() -> None:
    """Code, look and the load before and after stand on the line."""
    hands = Hands()
    hands.sight(TOMATOES, -20)
    hands.put(TOMATOES)
    (line,) = hands.state.basket.lines
    assert line.evidence.code is not None
    assert line.evidence.code.text == "9520000000011"
    assert line.evidence.look is not None
    assert (line.evidence.look.sku, line.evidence.look.score_millinats) == (TOMATOES, -20)
    assert (line.evidence.before_mg, line.evidence.after_mg) == (0, 458_000)


def test_the_same_good_twice_is_two_lines_and_its_deal() -> None:
    """Each piece has a line of its own; two of them cost two for two."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.put(TOMATOES)
    assert hands.skus == [TOMATOES, TOMATOES]
    assert hands.total_minor == 200
    assert hands.told().count("deal_applied") == 1


def test_two_of_the_same_with_one_code_are_counted_by_mass() -> None:
    """Put in together and read once, the mass says that there are two."""
    hands = Hands()
    hands.put(PASTA, pieces=2)
    hands.wait(2_000)
    (line,) = hands.state.basket.lines
    assert (line.sku, line.quantity, line.price_minor) == (PASTA, 2, 298)


def test_two_goods_at_once_are_two_lines() -> None:
    """Two codes and one load step that is their sum."""
    hands = Hands()
    hands.scan(TOMATOES)
    hands.scan(PASTA)
    hands.load(458_000 + 507_000)
    assert sorted(hands.skus) == [PASTA, TOMATOES]
    assert not hands.state.basket.lines[0].evidence.alone


def test_a_code_of_a_good_of_nearly_the_same_mass_is_believed() -> None:
    """Rice and pasta differ by 5 g: the code decides between them."""
    hands = Hands()
    hands.scan(RICE)
    hands.load(509_000)
    hands.wait(2_000)
    assert hands.skus == [RICE]


def test_bananas_are_billed_by_weight_in_whole_intervals() -> None:
    """742.3 g of bananas by look: billed as 740 g at 1.49 a kilogram, rounded once."""
    hands = Hands()
    hands.sight(BANANAS, -60)
    hands.load(742_300)
    hands.wait(2_000)
    (line,) = hands.state.basket.lines
    assert (line.sku, line.mass_mg, line.price_minor) == (BANANAS, 740_000, 110)


def test_the_shopper_corrects_what_was_weighed() -> None:
    """One tap on the weigh screen turns bananas into apples of the same load."""
    hands = Hands()
    hands.sight(BANANAS, -60)
    hands.load(742_300)
    hands.touch("answer", hands.state.basket.lines[0].line_id, APPLES)
    (line,) = hands.state.basket.lines
    assert (line.sku, line.mass_mg, line.price_minor) == (APPLES, 740_000, 184)
    assert line.evidence.decided_by == "shopper"


def test_the_next_thing_ends_the_weigh_screen() -> None:
    """Bananas are shown weighed for a moment, until something else goes in."""
    hands = Hands()
    hands.sight(BANANAS, -60)
    hands.load(742_300)
    assert snapshot(hands.state, 1, 0).route == "weigh"
    hands.put(TOMATOES)
    assert snapshot(hands.state, 2, 0).route == "shop"


def test_a_deli_label_is_charged_as_printed() -> None:
    """The price stands in the code; the mass it implies must fit the load."""
    hands = Hands()
    hands.scan("2802114004525"[:12] + check_digit("280211400452"))
    hands.load(239_000)
    (line,) = hands.state.basket.lines
    assert (line.sku, line.quantity, line.price_minor) == (CHEESE, 1, 452)


def test_a_look_that_comes_just_after_the_load_still_counts() -> None:
    """The eyes are slower than the scale: the step waits for them."""
    hands = Hands()
    assert hands.load(742_300) == []
    hands.sight(BANANAS, -60)
    assert hands.skus == [BANANAS]


def test_a_blurred_look_after_the_load_moved_does_not_outweigh_the_look_before() -> None:
    """The hand showed bananas; the frame after they fell shows a basket and a sleeve."""
    hands = Hands()
    hands.sight(BANANAS, -29)
    onset_ms = hands.now_ms + 200
    hands.say(LoadChanged(onset_ms, onset_ms, 0, 400_000, state="moving"))
    seen = (Candidate(RICE, -1_900), Candidate(BANANAS, -2_661))
    hands.say(ItemSighted(onset_ms + 400, onset_ms + 197, seen, -350))
    hands.now_ms = onset_ms + 700
    hands.say(LoadChanged(hands.now_ms, hands.now_ms, 0, 740_000, onset_ms))
    assert hands.skus == [BANANAS]


def test_the_hand_that_leaves_says_nothing_about_the_next_thing() -> None:
    """What the eyes see just after the load rests is no evidence of the next load step."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.sight(RICE, -10)
    hands.wait(1_500)
    hands.sight(BANANAS, -60)
    hands.load(640_000)
    hands.wait(2_000)
    assert hands.skus == [TOMATOES, BANANAS]


def test_a_scan_without_a_good_is_dropped_and_never_charged() -> None:
    """Scanned and put back on the shelf: a soft word, no line."""
    hands = Hands()
    hands.scan(TOMATOES)
    hands.wait(9_000)
    assert "scanned_not_put_in" in hands.told()
    hands.load(458_000)
    hands.wait(2_000)
    assert hands.skus == []


def test_gum_is_too_light_for_the_scale_and_goes_by_its_code() -> None:
    """Below the scale's floor the code alone counts, and the evidence says so."""
    hands = Hands()
    assert hands.scan(GUM) == []
    hands.wait(2_000)
    assert hands.skus == [GUM]
    assert hands.state.basket.lines[0].evidence.decided_by == "code_alone"


def test_without_a_scale_goods_go_on_by_code() -> None:
    """A dead scale does not end the trip."""
    hands = Hands()
    hands.say(SenseLost(hands.now_ms, "scale", "cable"))
    hands.scan(TOMATOES)
    assert hands.skus == [TOMATOES]
    assert "scale_lost" in hands.told()


def test_a_product_the_eyes_never_learnt_goes_by_code_and_mass() -> None:
    """The eyes list other things without being sure of any: code and mass decide."""
    hands = Hands()
    hands.scan(PASTA)
    hands.sight(TOMATOES, -900, unknown_millinats=-1_500)
    hands.load(507_000)
    assert hands.skus == [PASTA]


def test_an_unknown_code_is_told_and_charged_to_nobody() -> None:
    """A right code that the store does not sell."""
    hands = Hands()
    hands.scan("4006381333931")
    assert "unknown_code" in hands.told()
    assert hands.skus == []


def test_a_weighed_good_beside_a_coded_one_is_billed_for_the_rest() -> None:
    """Tomatoes by code and bananas by look in one move: the bananas weigh what is left."""
    hands = Hands()
    hands.scan(TOMATOES)
    hands.sight(BANANAS, -100)
    hands.load(458_000 + 742_000)
    hands.wait(2_000)
    masses = {line.sku: line.mass_mg for line in hands.state.basket.lines}
    assert masses == {TOMATOES: None, BANANAS: 740_000}


def test_two_codes_shown_and_put_in_one_after_the_other_are_both_believed() -> None:
    """The second code waits for its good while the first lands."""
    hands = Hands()
    hands.scan(TOMATOES)
    hands.scan(PASTA)
    hands.load(458_000)
    hands.load(507_000)
    assert hands.skus == [TOMATOES, PASTA]


def test_gum_shown_before_a_heavy_good_is_not_forgotten() -> None:
    """The load is the pasta's, whether the gum lies in it or not; the gum goes by its code."""
    hands = Hands()
    hands.scan(GUM)
    hands.put(PASTA)
    assert hands.skus == [PASTA]
    hands.wait(3_000)
    assert hands.skus == [PASTA, GUM]


def test_two_labels_of_one_product_cost_what_each_says() -> None:
    """Two pieces of cheese with two prices in one move."""
    hands = Hands()
    hands.scan("280211400452" + check_digit("280211400452"))
    hands.scan("280211400700" + check_digit("280211400700"))
    hands.load(239_000 + 370_000)
    assert sorted(line.price_minor for line in hands.state.basket.lines) == [452, 700]


def test_what_went_on_without_a_scale_is_not_charged_again_when_it_is_back() -> None:
    """The scale comes back and finds the pasta that its code had put on the receipt."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.say(SenseLost(hands.now_ms, "scale", "cable"))
    hands.scan(PASTA)
    hands.sight(PASTA, -20)
    hands.say(SenseBack(hands.now_ms, "scale"))
    facts = hands.load(507_000)
    assert [type(fact) for fact in facts] == [LinesWeighed]
    assert hands.skus == [TOMATOES, PASTA]
    assert hands.state.basket.lines[1].evidence.after_mg == 965_000
    assert hands.load(-507_000)
    assert hands.skus == [TOMATOES]


def test_a_code_that_comes_just_after_the_load_is_used_once() -> None:
    """Read 300 ms after the rest, it explains that load and not the next one too."""
    hands = Hands()
    assert hands.load(458_000) == []
    hands.wait(200)
    hands.scan(TOMATOES)
    assert hands.skus == [TOMATOES]
    hands.load(458_000)
    hands.wait(2_000)
    assert hands.skus == [TOMATOES]


def test_an_hour_of_rolling_with_a_hand_in_view_keeps_little() -> None:
    """What waits to be used is bounded, whatever the eyes say."""
    hands = Hands()
    hands.put(TOMATOES)
    hands.say(LoadChanged(hands.now_ms, hands.now_ms, hands.load_mg, hands.load_mg, state="moving"))
    for _ in range(1_000):
        hands.sight(RICE, -900)
        hands.scan(RICE)
    pending = hands.state.pending
    assert len(pending.sights) <= 32
    assert len(pending.claims) <= 16
