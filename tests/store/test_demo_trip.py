"""The demo's trip on its own catalog, without a camera: the cart's facts, the store's own sums.

What stands in rig/demo/scenario.toml, worked out by hand there, for the part that is about money.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from cart.contract.store import CouponRequest, PayRequest
from cart.core.catalog import parse_catalog
from cart.core.effects import RequestPayment, ReserveCoupon
from cart.core.observations import CouponAnswered, Paired, PaymentAnswered, StoreTime
from cart.receipts.en16931 import as_terms
from rig.enrol import CATALOG
from store import catalogs, counter, coupons, trips
from store.database import open_database
from store.ledger import ingest
from store.paper import paper_of
from tests.store.shop import CART, batch, granted, rows
from tests.unit.mind_world import Hands

NOON_MS = (20_779 * 24 + 12) * 3_600_000  # of 2026-11-22
COUPONS = ("]e081100952000123456250110200", "]e08112009520000007770123456", "2980000701252")


def shopping(data: bytes) -> Hands:
    """Everything that stays in the cart, and what was called back."""
    made = Hands(catalog=parse_catalog(data))
    made.say(StoreTime(made.now_ms, NOON_MS - made.now_ms))
    made.say(Paired(made.now_ms, "nonce-0001", "trip-1", "ana", member=True))
    goods = {product.sku: product for product in parse_catalog(data).products}
    for sku in [*["tomatoes-400g"] * 3, "pasta-500g", "rice-500g", "chocolate-100g"]:
        made.scan(goods[sku].gtins[0][1:])
        made.load(goods[sku].mass_mg or 0)
    made.scan("]d201095200050010991727123110B7", "")
    made.load(531_000)
    assert made.state.basket.open_lines[0].trouble == "recalled"
    made.wait(2_000)
    made.load(-531_000)
    assert not made.state.basket.open_lines
    for text in COUPONS:
        made.scan(text, "")
    made.scan(goods["coffee-500g"].gtins[0][1:])
    made.load(523_000)
    return made


def test_the_store_settles_what_the_cart_shows(tmp_path: Path) -> None:
    """Coupons are reserved, an age approved, a bag and benefits chosen; the sums are one."""
    data = CATALOG.read_bytes()
    made = shopping(data)
    with closing(open_database(tmp_path)) as database:
        catalogs.add(database, data)
        granted(database, "trip-1", "ana", member=True)
        ingest(database, CART, batch(rows(made.events)))
        waiting = [held.coupon_id for held in made.state.basket.terms.coupons if held.waits]
        assert len(waiting) == 2
        assert ReserveCoupon("trip-1", waiting[0]) in made.effects
        for coupon_id in waiting:
            answer = coupons.reserve(database, CART, CouponRequest("trip-1", coupon_id))
            assert answer is not None
            made.say(CouponAnswered(made.now_ms, "trip-1", coupon_id, answer.outcome))
        made.touch("pay_start")
        made.scan("dashcart-demo-badge-5d1f0c7e93ab", "QR")
        made.touch("pay_start")
        made.touch("fee", "bag", "1")
        made.touch("benefits", choice="yes")
        made.touch("pay_confirm")
        (asked,) = [effect for effect in made.effects if isinstance(effect, RequestPayment)]
        # 3.00 tomatoes, 0.99 pasta, 1.94 rice, 1.99 chocolate and 0.16 tax, 5.99 coffee, 0.10 bag,
        # less 1.25 for bottles
        assert asked.total_minor == 1_292
        ingest(database, CART, batch(rows(made.events)))
        request = PayRequest("trip-1", 1, asked.total_minor, 1, len(made.events))
        settled = counter.pay(database, CART, request)
        assert settled is not None
        assert (settled.outcome, settled.receipt) == ("settled", made.state.receipt)
        made.say(PaymentAnswered(made.now_ms, "trip-1", 1, "settled", 1_292, settled.receipt_id))
        assert made.state.basket.phase == "paid"
        trip = trips.find(database, "trip-1")
        assert trip is not None
        paper = paper_of(database, trip, "Demo")
        assert paper.tenders == {"food benefits": 1_192, "card": 100}
        terms = as_terms(paper)
        assert (terms["BT-2"], terms["BT-112"], terms["BT-115"]) == ("2026-11-22", "13.42", "0.00")
        again = coupons.reserve(database, CART, CouponRequest("trip-1", waiting[0]))
        assert again is not None
        assert again.outcome == "used"
