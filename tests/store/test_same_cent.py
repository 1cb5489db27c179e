"""The cart's receipt and the store's are the same cent, basket after random basket.

The store adds up from the journal's facts, as bytes, in a catalog of its own decoding; the cart
from the lines in its memory.
"""

from __future__ import annotations

import os
from random import Random

import msgspec

from cart.core.basket import Line, fold
from cart.core.catalog import Catalog, CatalogIndex, Product, TaxRate, parse_catalog
from cart.core.events import (
    BenefitsChosen,
    Event,
    FeeChosen,
    ItemAdded,
    TimeNoted,
    TripOpened,
)
from cart.core.pricing.engine import receipt_of
from cart.core.weights import price_of_weight_minor
from rig.money.baskets import deal_of

# `make storm` asks for 100,000; the suite for a few.
BASKETS = int(os.environ.get("DASHCART_BASKETS", "200"))
A_CATALOG = 100
TERMS: list[Event] = [
    TimeNoted(0, "2026-11-22T18:30"),
    FeeChosen(0, "bag", "Bag", 3, 11, 82_500),
    FeeChosen(0, "bottles", "Bottles", 1, -25),
    BenefitsChosen(0, wanted=True),
]


def catalog(random: Random) -> Catalog:
    """Goods of two taxes, some weighed, and eight deals."""
    products = tuple(
        Product(f"p{n}", f"P {n}", random.randint(1, 999), sold_by="each" if n % 6 else "mass",
                tax_category=random.choice(("food", "standard")), snap=random.random() < 0.5)
        for n in range(24)
    )  # fmt: skip
    shelf = [(product.sku, product.price_minor) for product in products]
    deals = tuple(deal_of(f"d{n}", shelf, random) for n in range(8))
    rates = (TaxRate("food", 25_000), TaxRate("standard", 82_500))
    return Catalog(1, "USD", products, deals=deals, tax_rates=rates)


def added(number: int, product: Product, random: Random) -> ItemAdded:
    """The fact of one line."""
    if product.sold_by == "mass":
        mass_mg = random.randint(1, 600) * 5_000
        price_minor = price_of_weight_minor(mass_mg, product.price_minor, product.price_unit)
        return ItemAdded(number, f"L{number}", product.sku, product.name, 1, product.price_minor,
                         price_minor, mass_mg)  # fmt: skip
    quantity = random.randint(1, 3)
    price_minor = product.price_minor * quantity
    return ItemAdded(number, f"L{number}", product.sku, product.name, quantity,
                     product.price_minor, price_minor)  # fmt: skip


def test_cart_and_store_agree_on_random_baskets() -> None:
    """Every row, every tax, every total; and the same again in another order of the lines."""
    random = Random(6)
    sold = catalog(random)
    for number in range(BASKETS):
        if number % A_CATALOG == 0:
            sold = catalog(random)
            ours = CatalogIndex(sold)
            theirs = CatalogIndex(parse_catalog(msgspec.json.encode(sold)))
        goods = random.choices(sold.products, k=random.randint(0, 9))
        facts: list[Event] = [TripOpened(0, "t", "s", True, {"d1": random.randint(0, 3)})]
        facts += [added(n, product, random) for n, product in enumerate(goods, 1)]
        facts += random.sample(TERMS, random.randint(0, len(TERMS)))
        basket = fold(facts)
        cart_lines: tuple[Line, ...] = basket.lines
        told = msgspec.json.decode(msgspec.json.encode(facts), type=list[Event])
        again = fold(told)
        cart = receipt_of(cart_lines, ours, True, basket.terms)
        store = receipt_of(again.lines, theirs, True, again.terms)
        assert msgspec.json.encode(cart) == msgspec.json.encode(store)
        other = receipt_of(cart_lines[::-1], ours, True, basket.terms)
        assert (other.total_minor, other.taxes) == (cart.total_minor, cart.taxes)
