"""Prices that change in the middle of a trip: of two the lower one counts for the shopper."""

from __future__ import annotations

import pytest
from msgspec import json
from msgspec.structs import replace

from cart.contract.store import PAYLOAD_BYTES_MAX
from cart.contract.view import snapshot
from cart.core.basket import fold
from cart.core.catalog import Catalog, Product
from cart.core.events import (
    CatalogAdopted,
    ItemAdded,
    LineRepriced,
    PricesKept,
    TripHandedOver,
    TripOpened,
)
from cart.core.observations import CatalogArrived
from cart.core.pricing.engine import receipt_of
from cart.receipts.paper import Paper, rows_of
from tests.unit.mind_world import BANANAS, CATALOG, PASTA, RICE, TOMATOES, Hands


def priced(version: int, **prices_minor: int) -> Catalog:
    """The catalog with other prices."""
    products = tuple(
        replace(product, price_minor=prices_minor.get(product.sku, product.price_minor))
        for product in CATALOG.products
    )
    return replace(CATALOG, version=version, products=products)


def shopping() -> Hands:
    """A trip with pasta for 149 in it."""
    hands = Hands()
    hands.touch("start")
    hands.put(PASTA)
    hands.wait(2_000)
    assert hands.total_minor == 149
    return hands


def news(hands: Hands, catalog: Catalog) -> None:
    """The store publishes it."""
    hands.say(CatalogArrived(hands.now_ms, catalog))


def test_a_lower_price_counts_for_what_is_in_the_cart() -> None:
    """The journal says which price and why, the shopper is told, the receipt explains it."""
    hands = shopping()
    news(hands, priced(2, pasta=99))
    (lowered,) = [event for event in hands.events if isinstance(event, LineRepriced)]
    assert (lowered.unit_price_minor, lowered.higher_unit_minor, lowered.catalog_version) == (
        99,
        149,
        2,
    )
    assert hands.total_minor == 99
    told = next(notice for notice in hands.notices if notice.code == "price_lowered")
    assert told.values == {"name": "Pasta", "was_minor": "149", "now_minor": "99"}
    assert hands.state.receipt is not None
    words = [row[0] for row in rows_of(Paper(hands.state.receipt, "R1", "shop", ""))]
    assert "  instead of 1.49: price changed" in words
    (line,) = snapshot(hands.state, 1, 0).lines
    assert line.higher_unit_minor == 149


def test_a_higher_price_never_counts() -> None:
    """Neither for what is in the cart nor for what comes after; the journal says so."""
    hands = shopping()
    news(hands, priced(2, pasta=199, rice=300))
    assert hands.total_minor == 149
    hands.put(RICE)
    hands.wait(2_000)
    added = [event for event in hands.events if isinstance(event, ItemAdded)][-1]
    assert (added.unit_price_minor, added.higher_unit_minor) == (219, 300)
    assert hands.total_minor == 149 + 219
    news(hands, priced(3, pasta=199, rice=250))
    assert hands.total_minor == 149 + 219
    news(hands, priced(4, pasta=199, rice=200))
    assert hands.total_minor == 149 + 200


def test_a_cart_that_starts_again_keeps_the_lower_price() -> None:
    """Rebuilt from the journal between the rise and the scan: what rose costs what it did, what
    was never lower costs what it does; and the trip after it pays the price of then."""
    hands = shopping()
    news(hands, priced(2, rice=300))
    news(hands, priced(3, rice=260))
    again = Hands(tuple(hands.events), priced(3, rice=260))
    again.load_mg = hands.load_mg
    again.put(RICE)
    again.wait(2_000)
    (added,) = [event for event in again.events if isinstance(event, ItemAdded)]
    assert (added.unit_price_minor, added.higher_unit_minor) == (219, 260)
    assert again.total_minor == 149 + 219
    ended = (*hands.events, TripHandedOver(9_000, hands.state.basket.trip_id))
    fresh = Hands((*ended, TripOpened(9_001, "trip-2")), priced(3, rice=260))
    fresh.load_mg = hands.load_mg
    fresh.put(RICE)
    fresh.wait(2_000)
    assert fresh.total_minor == 260


def test_a_whole_shop_that_turns_dearer_is_stated_in_pieces() -> None:
    """Thousands of prices make several facts, none longer than a message; said again, none."""
    goods = tuple(Product(f"good-{n}" + "x" * 100, "Good", 100) for n in range(2_500))
    hands = Hands(catalog=replace(CATALOG, products=goods))
    hands.touch("start")
    dearer = tuple(replace(good, price_minor=110) for good in goods)
    news(hands, replace(CATALOG, version=2, products=dearer))
    stated = [event for event in hands.events if isinstance(event, PricesKept)]
    assert [len(event.prices_minor) for event in stated] == [1_000, 1_000, 500]
    assert all(len(json.encode(event)) < PAYLOAD_BYTES_MAX - 1_000 for event in stated)
    news(hands, replace(CATALOG, version=3, products=dearer))
    assert len([event for event in hands.events if isinstance(event, PricesKept)]) == 3


def test_the_next_trip_pays_today_s_price() -> None:
    """What was kept was kept for one trip."""
    hands = shopping()
    news(hands, priced(2, rice=300))
    hands.load(-507_000)
    hands.wait(2_000)
    hands.touch("pay_start")
    hands.touch("pay_confirm")
    hands.state = replace(
        hands.state, basket=replace(hands.state.basket, phase="idle", lines=(), trip_id="")
    )
    hands.wait(200)
    hands.touch("start")
    hands.put(RICE)
    hands.wait(2_000)
    assert hands.total_minor == 300


def test_a_sum_on_the_screen_stands() -> None:
    """From the checkout on nothing changes; back in the aisles the lower price counts."""
    hands = shopping()
    hands.touch("pay_start")
    news(hands, priced(2, pasta=99))
    assert hands.total_minor == 149
    hands.touch("keep_shopping")
    assert hands.total_minor == 99


def test_a_weighed_good_follows_too() -> None:
    """Its weighing stays, its price for a kilogram is the lower one."""
    hands = Hands()
    hands.touch("start")
    hands.sight(BANANAS)
    hands.load(1_000_000)
    hands.wait(3_000)
    assert hands.total_minor == 149
    news(hands, priced(2, bananas=100))
    (line,) = hands.state.basket.lines
    assert line.weighing is not None
    assert (line.weighing.net_mg, line.weighing.unit_price_minor) == (1_000_000, 100)
    assert hands.total_minor == 100


@pytest.mark.parametrize("price_minor", [1, 128, 129, 130, 500])
def test_cart_and_store_get_the_same_cent(price_minor: int) -> None:
    """The store folds the facts and prices them by the catalog that was adopted last."""
    hands = shopping()
    hands.put(TOMATOES)
    news(hands, priced(2, tomatoes=price_minor))
    hands.put(TOMATOES)
    hands.wait(3_000)
    basket = fold(hands.events)
    adopted = [event for event in hands.events if isinstance(event, CatalogAdopted)][-1]
    assert adopted.version == 2
    assert hands.state.catalog is not None
    receipt = receipt_of(basket.lines, hands.state.catalog, basket.member, basket.terms)
    assert receipt == hands.state.receipt
    assert min(129, price_minor) in {line.unit_price_minor for line in receipt.lines}


@pytest.mark.parametrize("price_minor", [100, 200])
def test_a_price_a_piece_is_no_price_a_kilogram(price_minor: int) -> None:
    """Pasta that is sold by weight from now on: what is in the cart costs what it did, and what
    comes costs today's price."""
    hands = shopping()
    products = tuple(
        replace(product, price_minor=price_minor, sold_by="mass")
        if product.sku == PASTA
        else product
        for product in CATALOG.products
    )
    news(hands, replace(CATALOG, version=2, products=products))
    assert hands.total_minor == 149
    assert hands.state.kept_prices == {}
