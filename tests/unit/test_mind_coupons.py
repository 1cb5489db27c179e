"""Coupons and bottle vouchers on a live trip: each once, by its own rules, to the store's cent."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from cart.contract.screen import CouponView
from cart.contract.view import snapshot
from cart.core.basket import fold
from cart.core.catalog import Catalog, CatalogIndex, CodeLayout, PositiveOffer
from cart.core.effects import ReserveCoupon
from cart.core.events import CouponRefused, CouponReserved, CouponTaken, Event
from cart.core.observations import CouponAnswered, LinkChanged, StoreTime
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.engine import receipt_of
from cart.core.receipt import Modifier, Receipt
from tests.unit.mind_world import (
    BANANAS,
    CATALOG,
    MASSES_MG,
    PASTA,
    RICE,
    TOMATOES,
    Hands,
    check_digit,
)

FAMILIES = {TOMATOES: "100", PASTA: "200", RICE: "200"}
GCP = "952000"
POSITIVE = "8112" + "0" + "0" + GCP + "000777" + "0" + "123456"
STORE = replace(
    CATALOG,
    products=tuple(
        replace(row, coupon_family=FAMILIES.get(row.sku, "")) for row in CATALOG.products
    ),
    deals=(),
    retailer="5901234",
    code_layouts=(CodeLayout("298", "bottles", 5, 4),),
    positive_offers=(
        PositiveOffer(
            GCP, "000777",
            Coupon(deal_id="777", title="Rice coupon", skus=(RICE,), amount_minor=100,
                   funder="manufacturer"),
        ),
    ),
)  # fmt: skip


BANANAS_EAN = "952000000005" + check_digit("952000000005")


def printed(save: int = 50, need: str = "11" + "0" + "000", gcp: str = GCP, more: str = "") -> str:
    """A coupon of AI 8110: 1 piece of any family asked for, unless said otherwise."""
    vli = str(len(gcp) - 6)
    value = f"{len(str(save))}{save}"
    return f"8110{vli}{gcp}123456{value}{need}{more}"


def hands(catalog: Catalog = STORE, online: bool = True) -> Hands:
    """A cart whose store says that it is noon of 2026-11-22."""
    made = Hands(catalog=catalog)
    wall_ms = (20_779 * 24 + 12) * 3_600_000
    made.say(StoreTime(made.now_ms, wall_ms - made.now_ms))
    made.say(LinkChanged(made.now_ms, online=online))
    made.touch("start")
    return made


def present(made: Hands, text: str) -> list[Event]:
    """Show a coupon as its DataBar says it."""
    return made.scan(text, "]e0")


def store_receipt(made: Hands, catalog: Catalog = STORE) -> Receipt:
    """What the store adds up from the journal's bytes."""
    basket = fold(msgspec.json.decode(msgspec.json.encode(made.events), type=list[Event]))
    index = CatalogIndex(msgspec.json.decode(msgspec.json.encode(catalog), type=Catalog))
    return receipt_of(basket.lines, index, basket.member, basket.terms)


def test_a_coupon_is_a_row_with_rule_line_and_funder() -> None:
    """Fifty cents off one of the company's goods, the dearest, once; the maker pays."""
    made = hands()
    made.put(PASTA)
    made.put(RICE)
    (fact,) = present(made, printed())
    assert isinstance(fact, CouponTaken)
    assert "coupon_taken" in made.told()
    assert made.state.receipt is not None
    row = made.state.receipt.lines[1].modifiers
    assert row == (Modifier(fact.coupon_id, "Coupon 123456", -50, "manufacturer"),)
    assert made.total_minor == 149 + 219 - 50
    assert store_receipt(made) == made.state.receipt
    assert snapshot(made.state, 1, 0).coupons == (
        CouponView(fact.coupon_id, "Coupon 123456", "counts", -50, on_lines=True),
    )
    assert made.scan("]e0" + printed(), "") == []
    assert made.told()[-1] == "coupon_known"
    assert made.total_minor == 149 + 219 - 50


def test_a_coupon_without_its_goods_waits_for_them() -> None:
    """Kept and shown as waiting; it counts when they come, and stops when they leave."""
    made = hands()
    made.put(TOMATOES)
    present(made, printed(need="12" + "0" + "200"))  # two of family 200
    assert made.told()[-1] == "coupon_waits_for_goods"
    made.put(PASTA)
    assert snapshot(made.state, 1, 0).coupons[0].state == "waits_for_goods"
    made.put(RICE)
    assert snapshot(made.state, 1, 0).coupons[0].state == "counts"
    assert made.total_minor == store_receipt(made).total_minor == 129 + 149 + 219 - 50
    made.wait(16_000)
    made.load(-MASSES_MG[TOMATOES])
    assert made.total_minor == 149 + 219 - 50


@pytest.mark.parametrize(
    ("rule", "counts"), [("0", (True, True)), ("1", (False, True)), ("2", (False, True))]
)
def test_no_piece_counts_for_two_purchases(rule: str, counts: tuple[bool, bool]) -> None:
    """One of the family and another one of it are two pieces, unless any one will do."""
    made = hands()
    need = "11" + "0" + "200"
    present(made, printed(need=need, more=f"1{rule}{need}9"))
    for counted in counts:
        made.put(PASTA)
        assert (snapshot(made.state, 1, 0).coupons[0].state == "counts") == counted


def test_purchases_share_the_goods_as_the_shopper_would() -> None:
    """Any of the company's and one of a family: the only one of the family is kept for it."""
    made = hands()
    present(made, printed(need="11" + "0" + "000", more="11" + "11" + "0" + "200" + "9"))
    made.put(PASTA)
    assert snapshot(made.state, 1, 0).coupons[0].state == "waits_for_goods"
    made.put(TOMATOES)
    assert snapshot(made.state, 1, 0).coupons[0].state == "counts"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (printed(more="3" + "261121"), "coupon_expired"),
        (printed(more="3" + "271231" + "4" + "261123"), "coupon_too_early"),
        (printed(more="6" + "1" + "5901235"), "coupon_of_others"),
        (printed(gcp="614141"), "coupon_not_for_us"),
        (printed(need="11" + "0" + "999"), "coupon_not_for_us"),
        (POSITIVE.replace("000777", "000778"), "coupon_not_for_us"),
    ],
)
def test_a_coupon_that_is_not_taken_says_why(text: str, why: str) -> None:
    """The reason on the screen, and nothing on the receipt."""
    made = hands()
    made.put(RICE)
    assert present(made, text) == []
    assert made.told()[-1] == why
    assert made.state.basket.terms.coupons == ()


@pytest.mark.parametrize(
    ("text", "off_minor"),
    [
        (printed(more="3" + "261122" + "4" + "261122"), 50),  # its one day
        (printed(more="6" + "1" + "5901234"), 50),  # this retailer
        (printed(more="6" + "0" + "590123"), None),
        (printed(need="3300" + "1" + "000"), 50),  # three dollars of goods
        (printed(need="3500" + "1" + "000"), 0),
        (printed(need="3300" + "4" + "000"), 50),  # three dollars in the whole basket
        (printed(need="3500" + "4" + "000"), 0),
        (printed(need="11" + "9" + "000"), 50),  # nothing asked for
        (printed(save=0, more="9" + "1" + "0" + "0" + "0"), 219),  # the dearest is free
        (printed(save=200, more="9" + "1" + "0" + "0" + "0"), 200),  # up to a price
        (printed(save=2, need="12" + "0" + "000", more="9" + "2" + "0" + "0" + "0"), 368),
        (printed(save=10, more="9" + "5" + "0" + "0" + "0"), 22),  # 10 % of the dearest
        (printed(save=75, more="9" + "6" + "0" + "0" + "0"), 75),  # off the whole basket
        (printed(save=10, need="11" + "9" + "000", more="9" + "5" + "0" + "0" + "0"), 37),
        # Beside the first (tomatoes, which are not there) two of family 200:
        (printed(need="11" + "0" + "100", more="1" + "0" + "12" + "0" + "200" + "9"
                 + "9" + "0" + "1" + "0" + "0"), 50),
        (printed(need="11" + "0" + "100", more="1" + "1" + "12" + "0" + "200" + "9"
                 + "9" + "0" + "1" + "0" + "0"), 0),
    ],
)  # fmt: skip
def test_the_rules_of_a_coupon(text: str, off_minor: int | None) -> None:
    """Pasta and rice are in the cart, 1.49 and 2.19: what each kind of coupon takes off them."""
    made = hands()
    made.put(PASTA)
    made.put(RICE)
    present(made, text)
    taken_minor = None if not made.state.basket.terms.coupons else 368 - made.total_minor
    assert taken_minor == off_minor
    assert store_receipt(made).total_minor == made.total_minor


def test_two_coupons_do_not_share_a_piece() -> None:
    """Of one issuer a piece takes part in one coupon: the second takes the next piece."""
    made = hands()
    made.put(PASTA)
    present(made, printed())
    present(made, printed(save=60))
    assert 149 - made.total_minor in (50, 60)
    made.put(RICE)
    assert made.total_minor == store_receipt(made).total_minor == 149 + 219 - 110


def test_a_coupon_by_weight() -> None:
    """A pound of bananas asked for: 400 g are too little, 500 g are enough."""
    weighed = replace(STORE, products=tuple(
        replace(row, gtins=(f"0{BANANAS_EAN}",)) if row.sku == BANANAS else row
        for row in STORE.products
    ))  # fmt: skip
    for mass_mg, off_minor in ((400_000, 0), (500_000, 50)):
        made = hands(weighed)
        made.scan(BANANAS_EAN)
        made.load(mass_mg)
        before_minor = made.total_minor
        present(made, printed(need="11" + "2" + "000"))
        assert before_minor - made.total_minor == off_minor


def test_a_coupon_that_is_good_once_waits_for_the_store() -> None:
    """Offline it is kept and takes nothing off; back online the store is asked until it answers."""
    made = hands(online=False)
    made.put(RICE)
    (fact,) = present(made, POSITIVE)
    assert isinstance(fact, CouponTaken)
    assert fact.waits
    assert made.told()[-1] == "coupon_waits_for_store"
    assert snapshot(made.state, 1, 0).coupons == (
        CouponView(fact.coupon_id, "Rice coupon", "waits_for_store"),
    )
    made.wait(5_000)
    asked = ReserveCoupon(made.state.basket.trip_id, fact.coupon_id)
    assert asked not in made.effects
    assert made.total_minor == 219
    made.say(LinkChanged(made.now_ms, online=True))
    made.wait(7_000)
    assert made.effects.count(asked) == 3
    answer = CouponAnswered(made.now_ms, asked.trip_id, asked.coupon_id, "reserved")
    other = replace(answer, trip_id="another")
    assert made.say(other) == []
    assert made.say(answer) == [CouponReserved(made.now_ms, fact.coupon_id)]
    assert made.say(answer) == []
    made.wait(7_000)
    assert made.effects.count(asked) == 3
    assert made.total_minor == store_receipt(made).total_minor == 119


@pytest.mark.parametrize("outcome", ["used", "in_use"])
def test_the_store_may_refuse_a_coupon(outcome: str) -> None:
    """Off the receipt, with the reason; it may be shown again."""
    made = hands()
    made.put(RICE)
    (fact,) = present(made, POSITIVE)
    assert isinstance(fact, CouponTaken)
    answer = msgspec.convert(
        {"kind": "coupon_answered", "t_ms": made.now_ms, "trip_id": made.state.basket.trip_id,
         "coupon_id": fact.coupon_id, "outcome": outcome},
        CouponAnswered,
    )  # fmt: skip
    assert made.say(answer) == [CouponRefused(made.now_ms, fact.coupon_id, outcome)]
    assert made.told()[-1] == f"coupon_{outcome}"
    assert made.total_minor == 219
    assert present(made, POSITIVE)


def test_an_answer_under_a_payment_changes_no_sum() -> None:
    """The sum that was agreed on stands; the coupon still waits if the payment fails."""
    made = hands()
    made.put(RICE)
    (fact,) = present(made, POSITIVE)
    assert isinstance(fact, CouponTaken)
    made.touch("pay_start")
    made.touch("pay_confirm")
    trip_id = made.state.basket.trip_id
    assert made.say(CouponAnswered(made.now_ms, trip_id, fact.coupon_id, "reserved")) == []
    assert made.state.basket.requested_minor == store_receipt(made).total_minor == 219


def voucher(number: int, amount_minor: int) -> str:
    """What the machine for bottles prints."""
    twelve = f"298{number:05}{amount_minor:04}"
    return twelve + check_digit(twelve)


def test_bottles_are_given_back_once_the_store_confirms() -> None:
    """A whole voucher, as a row below zero; one that is worth more than the basket waits."""
    made = hands()
    (fact,) = made.scan(voucher(7, 250))
    assert isinstance(fact, CouponTaken)
    made.say(CouponAnswered(made.now_ms, made.state.basket.trip_id, fact.coupon_id, "reserved"))
    made.put(RICE)
    assert made.total_minor == 219
    made.put(PASTA)
    assert made.total_minor == store_receipt(made).total_minor == 219 + 149 - 250
    (view,) = snapshot(made.state, 1, 0).coupons
    assert (view.title, view.state, view.amount_minor) == ("Bottles given back", "counts", -250)
    assert snapshot(made.state, 1, 0).fees == ()
    assert made.scan(voucher(7, 250)) == []
    assert made.scan(voucher(8, 0)) == []
