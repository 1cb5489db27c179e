"""What a price depends on beside the goods: the time, the shopper, bags, who pays."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from cart.contract.view import snapshot
from cart.core.basket import fold
from cart.core.catalog import Catalog, CatalogIndex, Fee, TaxRate
from cart.core.events import BenefitsChosen, Event, FeeChosen, TimeNoted
from cart.core.observations import Paired, StoreTime
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.offers import Window
from cart.core.pricing.percent_off import PercentOff
from tests.unit.mind_world import CATALOG, PASTA, RICE, TOMATOES, Hands

BAG = Fee("bag", "Paper bag", 10, tax_category="standard", quantity_max=2)
HAPPY = PercentOff(
    deal_id="happy", title="Happy hour", skus=(PASTA,), percent=50,
    window=Window(hours=("17:00", "18:00")), max_per_shopper=1,
)  # fmt: skip
STORE = replace(
    CATALOG,
    products=tuple(
        replace(product, snap=product.sku == RICE, deposit_minor=25 * (product.sku == TOMATOES))
        for product in CATALOG.products
    ),
    deals=(HAPPY,),
    fees=(BAG,),
    tax_rates=(TaxRate("standard", 100_000),),
)
FIVE_PM = 17 * 3_600_000


def hands(wall_ms: int | None = FIVE_PM) -> Hands:
    """A cart whose store tells the time as if it had started at that time of the first day."""
    made = Hands(catalog=STORE)
    if wall_ms is not None:
        # The store stands an hour ahead of UTC.
        offset_ms = wall_ms - made.now_ms - 3_600_000
        made.say(StoreTime(made.now_ms, offset_ms, local_offset_ms=3_600_000))
    return made


def store_total_minor(made: Hands, catalog: Catalog = STORE) -> int:
    """What the store adds up from the journal's bytes."""
    told = msgspec.json.decode(msgspec.json.encode(made.events), type=list[Event])
    basket = fold(told)
    index = CatalogIndex(msgspec.json.decode(msgspec.json.encode(catalog), type=Catalog))
    return receipt_of(basket.lines, index, basket.member, basket.terms).total_minor


def test_an_offer_holds_as_of_the_start_of_the_trip() -> None:
    """Begun at 17:00 with the store's zone: the happy hour lasts, though 18:00 passes meanwhile."""
    made = hands()
    made.touch("start")
    made.put(PASTA)
    assert made.state.basket.terms.opened_at == "1970-01-01T17:00"
    assert made.total_minor == 81  # 149 - 75 = 74, and 7.4 of tax
    made.now_ms += 3_600_000
    made.touch("pay_start")
    assert made.total_minor == store_total_minor(made) == 81
    terms = made.state.basket.terms
    assert (terms.opened_at, terms.sold_at) == ("1970-01-01T17:00", "1970-01-01T18:00")
    assert snapshot(made.state, 1, 0).sold_at == "1970-01-01T18:00"
    assert made.state.receipt is not None
    assert made.state.receipt.sold_at == "1970-01-01T18:00"


def test_a_time_that_is_not_known_opens_no_window() -> None:
    """Without a store nobody knows the hour; once it tells, the offer holds and is a fact."""
    made = hands(None)
    made.put(PASTA)
    assert made.total_minor == 164
    assert made.state.basket.terms.opened_at == ""
    made.say(StoreTime(made.now_ms, FIVE_PM - made.now_ms))
    assert [type(fact) for fact in made.events[-1:]] == [TimeNoted]
    assert made.total_minor == store_total_minor(made) == 81


def test_no_time_is_noted_under_a_payment() -> None:
    """The sum asked for stands: a time that comes meanwhile changes nothing."""
    made = hands(None)
    made.put(PASTA)
    made.touch("pay_start")
    made.touch("pay_confirm")
    made.say(StoreTime(made.now_ms, FIVE_PM - made.now_ms))
    assert not any(isinstance(fact, TimeNoted) for fact in made.events)
    assert store_total_minor(made) == made.state.basket.requested_minor == 164


def test_a_limit_counts_what_the_shopper_had_before() -> None:
    """Paired as one who had the offer once: no second time; a guest has it."""
    made = hands()
    made.say(Paired(made.now_ms, "nonce-0001", "trip-1", "ana", used={"happy": 1}))
    made.put(PASTA)
    assert made.total_minor == store_total_minor(made) == 164
    guest = hands()
    guest.put(PASTA)
    assert guest.state.receipt is not None
    assert guest.state.receipt.applied == {"happy": 1}


def test_bags_are_taken_on_the_pay_screen() -> None:
    """As many as the catalog allows, taxed, never discounted; none before, and none again."""
    made = hands()
    made.put(RICE)
    assert not made.touch("fee", "bag", "1")
    made.touch("pay_start")
    (fact,) = made.touch("fee", "bag", "5")
    assert isinstance(fact, FeeChosen)
    assert (fact.quantity, fact.amount_minor, fact.rate_ppm) == (2, 10, 100_000)
    assert made.total_minor == store_total_minor(made) == 219 + 20 + 24
    (view,) = snapshot(made.state, 1, 0).fees
    assert (view.quantity, view.amount_minor, view.quantity_max) == (2, 20, 2)
    for wrong in ("-1", "x", "9999999"):
        assert not made.touch("fee", "bag", wrong)
    made.touch("fee", "bag", "0")
    assert made.total_minor == 219 + 22
    assert not made.touch("fee", "no such fee", "1")


def test_food_benefits_pay_for_what_they_may() -> None:
    """Rice is paid with benefits and carries no tax then; pasta and the deposit are not."""
    made = hands(None)
    made.put(TOMATOES)
    assert snapshot(made.state, 1, 0).benefits is None
    made.put(RICE)
    made.touch("pay_start")
    assert made.total_minor == 129 + 25 + 219 + 35
    (fact,) = made.touch("benefits", choice="yes")
    assert fact == BenefitsChosen(made.now_ms, wanted=True)
    seen = snapshot(made.state, 1, 0)
    assert (seen.benefits, seen.snap_minor, seen.deposit_minor) == (True, 219, 25)
    assert made.total_minor == store_total_minor(made) == 129 + 25 + 219 + 13
    made.touch("benefits", choice="no")
    assert snapshot(made.state, 1, 0).snap_minor == 0
    assert made.total_minor == 129 + 25 + 219 + 35
