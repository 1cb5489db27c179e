"""A catalog from outside: what is refused, how the error helps, and the look-ups."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cart.core.catalog import Catalog, CatalogError, CatalogIndex, parse_catalog

TINS = {"sku": "tins", "name": "Tins", "price_minor": 129, "gtins": ["09520004000178"]}
PEARS = {"sku": "pears", "name": "Pears", "price_minor": 299, "sold_by": "mass", "plu": "4409"}
WHOLE: dict[str, Any] = {
    "version": 3,
    "currency": "USD",
    "products": [TINS | {"aisle": "7"}, PEARS],
    "deals": [
        {"type": "percent_off", "deal_id": "d", "title": "10 %", "skus": ["tins"], "percent": 10}
    ],
    "tax_rates": [{"category": "standard", "rate_ppm": 70_000}],
    "code_layouts": [{"prefix": "28", "kind": "price"}],
    "aisles": [{"aisle": "1", "name": "Fruit", "skus": ["pears"]}],
}


def parsed(changes: dict[str, Any]) -> Catalog:
    """The whole catalog with some tables replaced."""
    return parse_catalog(msgspec.json.encode(WHOLE | changes))


def test_a_sound_catalog_is_read_whole() -> None:
    """What was written is what is known."""
    index = CatalogIndex(parsed({}))
    assert index.by_sku["tins"].price_minor == 129
    assert index.by_gtin["09520004000178"].sku == "tins"
    assert index.product_of_plu("04409") is index.by_sku["pears"]
    assert index.skus_by_aisle == {"1": {"pears"}, "7": {"tins"}}
    assert index.aisles_by_sku == {"tins": ("7",), "pears": ("1",)}
    assert index.rate_on_top_ppm("tins") == 70_000
    assert index.rate_on_top_ppm("gone since") == 70_000
    assert index == CatalogIndex(parsed({}))


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"currency": "JPY"}, "currency_digits: JPY has 0, not 2"),
    ({"currency": "USD", "currency_digits": 3}, "currency_digits: USD has 2, not 3"),
    ({"currency": "ZZZ"}, "currency: ZZZ is no money"),
    ({"currency": "XXX"}, "currency: XXX is no money"),
    ({"products": [TINS, TINS]}, "products[1]: the sku 'tins' stands in products[0] too"),
    (
        {"products": [TINS, PEARS | {"gtins": TINS["gtins"]}]},
        "products[1]: the gtin '09520004000178' stands in products[0] too",
    ),
    ({"products": [TINS | {"plu": "04409"}, PEARS]}, "products[1]: the plu '4409'"),
    ({"products": [TINS | {"gtins": ["09520004000179"]}, PEARS]}, "it should end in 8"),
    ({"deals": WHOLE["deals"] * 2}, "deals[1]: the deal_id 'd' stands in deals[0] too"),
    ({"deals": [WHOLE["deals"][0] | {"skus": ["x"]}]}, "deals[0]: no product has the sku 'x'"),
    ({"aisles": [{"aisle": "1", "name": "A", "skus": ["x"]}]}, "aisles[0]: no product has"),
    ({"aisles": WHOLE["aisles"] * 2}, "aisles[1]: the aisle '1' stands in aisles[0] too"),
    ({"tax_rates": WHOLE["tax_rates"] * 2}, "tax_rates[1]: the category 'standard'"),
    ({"tax_rates": [{"category": "food", "rate_ppm": 0}]}, "has no rate for 'standard'"),
    ({"code_layouts": WHOLE["code_layouts"] * 2}, "code_layouts[1]: the prefix '28'"),
    ({"code_layouts": [{"prefix": "281", "kind": "price"}]}, "code_layouts[0]: prefix, item"),
    ({"products": [TINS | {"gtins": ["09520000000011\n"]}]}, "$.products[0].gtins[0]"),
    ({"products": [TINS | {"price_minor": -1}]}, "$.products[0].price_minor"),
    ({"deals": [{"type": "free_lunch"}]}, "free_lunch"),
]


@pytest.mark.parametrize(("changes", "expected"), FAULTS)
def test_a_fault_names_its_row(changes: dict[str, Any], expected: str) -> None:
    """The store's staff read which row is wrong, and what to do."""
    with pytest.raises(CatalogError) as error:
        parsed(changes)
    assert expected in str(error.value)
    assert "; " in str(error.value)


def test_without_rates_no_category_is_missed() -> None:
    """A store that taxes nothing gives no rates."""
    assert CatalogIndex(parsed({"tax_rates": []})).rate_on_top_ppm("tins") == 0


@given(some.binary(max_size=200))
def test_any_bytes_are_refused_kindly(data: bytes) -> None:
    """Nothing but a CatalogError comes out of bytes that are no catalog."""
    with pytest.raises(CatalogError):
        parse_catalog(data)


@given(some.integers(0, len(msgspec.json.encode(WHOLE)) - 1))
def test_a_cut_catalog_is_refused(length: int) -> None:
    """A snapshot that stops early is never half believed."""
    with pytest.raises(CatalogError):
        parse_catalog(msgspec.json.encode(WHOLE)[:length])


def test_deep_nesting_is_refused() -> None:
    """A hostile file can't exhaust the stack."""
    with pytest.raises(CatalogError):
        parse_catalog(b"[" * 100_000)
