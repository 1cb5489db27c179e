"""Whatever offers a store may publish, adding up takes bounded work: calls count, no time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec import inspect

from cart.core.basket import Line
from cart.core.catalog import Catalog, CatalogIndex, Product, TaxRate
from cart.core.catalog_faults import faults
from cart.core.pricing.engine import receipt_of
from cart.core.pricing.kinds import AnyDeal
from cart.core.receipt import Receipt

CALLS_MAX = 10_000_000  # about two seconds; offers that people make take a hundredth
GOODS = [f"good{n}" for n in range(8)]
ODD = (0, 1, 2, 3, 7, 10, 15, 30, 50, 100, 129, 1_000, 10_000, 1_000_000, 100_000_000)
PIECES = (1, 1, 2, 3, 10, 30, 99)
PRICES = (0, 1, 50, 99, 100, 129, 199, 500, 1_000)
CATEGORIES = ("", "food", "other")
EVERYTHING = {"deal_id": "a", "everything": True, "binding": True, "exclusive_group": "g"}
# Offers with billions of groups, most of which no basket has the units for.
WIDE: list[dict[str, Any]] = [
    {"type": "n_for_price", "quantity": 100, "price_minor": 1_000_000},
    {"type": "n_for_price", "quantity": 40, "price_minor": 100_000_000},
    {"type": "cheapest_free", "quantity": 100, "free": 50},
    {"type": "buy_x_get_y", "buy": 30, "free": 30, "get_item": "cheapest_of_pair"},
    {"type": "buy_x_get_y", "buy": 20, "free": 100},
    {"type": "buy_x_get_y", "buy": 50, "free": 50, "get_skus": GOODS[4:], "get_item": "any"},
    {"type": "percent_off", "percent": 0, "group_size": 50},
    {"type": "bundle", "price_minor": 100_000_000,
     "parts": [{"categories": ["food"], "count": 30}, {"skus": GOODS, "count": 30}]},
]  # fmt: skip


def counted(work: Callable[[], Receipt]) -> tuple[Receipt, int]:
    """What some work gives, and its calls; more than may be end it."""
    calls = 0

    def called(_frame: FrameType, _event: str, _argument: object) -> None:
        nonlocal calls
        calls += 1
        assert calls < CALLS_MAX, "more work than a cart may wait for"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        return work(), calls
    finally:
        sys.setprofile(before)


def sold(random: Random, deals: tuple[AnyDeal, ...]) -> tuple[list[Line], CatalogIndex]:
    """Eight goods of two taxes, up to 99 pieces of each, and the offers on them."""
    products = tuple([
        Product(sku, sku, random.choice(PRICES), category=random.choice(CATEGORIES),
                tax_category=random.choice(("standard", "low")))
        for sku in GOODS
    ])  # fmt: skip
    rates = (TaxRate("standard", 80_000), TaxRate("low", random.choice((20_000, 80_000))))
    lines = [
        Line(f"L{n}", each.sku, each.name, pieces, each.price_minor, each.price_minor * pieces)
        for n, each in enumerate(products)
        for pieces in (random.choice(PIECES),)
    ]
    return lines, CatalogIndex(Catalog(1, "USD", products, deals=deals, tax_rates=rates))


@pytest.mark.parametrize("wide", WIDE, ids=lambda wide: wide["type"])
def test_an_offer_on_more_pieces_than_there_are_is_soon_seen(wide: dict[str, Any]) -> None:
    """One that always takes part is not looked for in groups that nobody has the units for."""
    deal = msgspec.convert(EVERYTHING | wide, AnyDeal)
    lines, index = sold(Random(0), (deal,))
    receipt, _ = counted(lambda: receipt_of(lines, index, member=True))
    assert receipt.total_minor >= 0


def row_of(kind: inspect.StructType, random: Random) -> dict[str, Any]:
    """Any values of the fields of a kind, more often at their ends than between."""
    return {kind.tag_field: kind.tag} | {
        field.encode_name: value_of(field.type, field.name, random)
        for field in kind.fields
        if field.required or random.random() < 0.4
    }


def value_of(type_: inspect.Type, name: str, random: Random) -> Any:  # noqa: ANN401 - as told
    """One value of a type."""
    found: Any = None
    match type_:
        case inspect.UnionType():
            found = value_of(random.choice(type_.types), name, random)
        case inspect.StructType():
            found = row_of(type_, random)
        case inspect.LiteralType():
            found = random.choice(type_.values)
        case inspect.VarTupleType():
            count = random.randint(type_.min_length or 0, 4)
            found = [value_of(type_.item_type, name, random) for _ in range(count)]
        case inspect.IntType():
            least, most = type_.ge or 0, type_.le if type_.le is not None else ODD[-1]
            found = max(least, min(most, random.choice(ODD)))
        case inspect.BoolType():
            found = random.random() < 0.5
        case inspect.StrType():
            found = random.choice(GOODS if "sku" in name else CATEGORIES[1:])
    return found


def deals_of(random: Random) -> tuple[AnyDeal, ...]:
    """One to five offers that a store may publish."""
    info = inspect.type_info(AnyDeal)
    assert isinstance(info, inspect.UnionType)
    found = []
    for number in range(random.randint(1, 5)):
        kind = random.choice(info.types)
        assert isinstance(kind, inspect.StructType)
        row = row_of(kind, random) | {"deal_id": f"d{number}", "window": None, "requires": ""}
        row |= {"everything": True} if random.random() < 0.5 else {}
        try:
            deal = msgspec.convert(row, AnyDeal)
        except msgspec.ValidationError:
            continue
        catalog = Catalog(1, "USD", tuple([Product(sku, sku, 1) for sku in GOODS]), deals=(deal,))
        if not list(faults(catalog)):
            found.append(deal)
    return tuple(found)


@settings(max_examples=15, deadline=None)
@given(some.integers(0, 1_000_000))
def test_any_offers_take_bounded_work(seed: int) -> None:
    """Offers of every kind with any values that a catalog may have, on up to 800 pieces."""
    random = Random(seed)
    lines, index = sold(random, deals_of(random))
    receipt, _ = counted(lambda: receipt_of(lines, index, member=True))
    assert receipt.total_minor >= 0
    assert receipt.gap_minor >= 0
