"""What the mind makes of things put into the cart."""

from __future__ import annotations

from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.catalog import Product
from cart.core.events import (
    ItemAdded,
    LineOpened,
    LineSettled,
    LinesWeighed,
    QuestionAsked,
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
    CATALOG,
    CHEESE,
    GUM,
    PASTA,
    RICE,
    TOMATOES,
    Hands,
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
    hands.scan("2802114004525"[:12] + _check_digit("280211400452"))
    hands.load(239_000)
    (line,) = hands.state.basket.lines
    assert (line.sku, line.quantity, line.price_minor) == (CHEESE, 1, 452)


def test_a_deli_label_on_something_else_is_asked_about() -> None:
    """The label says 239 g and the load says two kilograms: nobody is charged silently."""
    hands = Hands()
    hands.scan("280211400452" + _check_digit("280211400452"))
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


def test_a_look_that_comes_just_after_the_load_still_counts() -> None:
    """The eyes are slower than the scale: the step waits for them."""
    hands = Hands()
    assert hands.load(742_300) == []
    hands.sight(BANANAS, -60)
    assert hands.skus == [BANANAS]


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


def test_the_code_of_gum_on_a_pack_of_rice_is_asked_about() -> None:
    """The load moved, so the code was on something heavier than gum: nothing is charged."""
    hands = Hands()
    hands.scan(GUM)
    hands.load(512_000)
    hands.wait(4_000)
    assert hands.skus == []
    assert hands.state.question is not None


def test_without_a_scale_goods_go_on_by_code() -> None:
    """A dead scale does not end the trip."""
    hands = Hands()
    hands.say(SenseLost(hands.now_ms, "scale", "cable"))
    hands.scan(TOMATOES)
    assert hands.skus == [TOMATOES]
    assert "scale_lost" in hands.told()


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


def _check_digit(twelve: str) -> str:
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str(-weighted % 10)


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
