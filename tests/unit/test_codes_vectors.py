"""Published GS1 vectors against `meaning`, every row but those listed with the reason."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import msgspec
from biip.checksums import gs1_price_weight_check_digit

from cart.core.catalog import Catalog, CatalogIndex, CodeLayout, Product
from cart.core.codes import NotACode, ProductCode, UnknownCode, meaning
from tests.data import data_dir

EMPTY = CatalogIndex(Catalog(version=1, currency="USD", products=()))

# Conversions that a cart never makes: from a code to another form of it.
NO_READING = {"rcn_lookup_key", "dl_canonical", "to_digital_link", "upc_to_e"}

# Sold on a syntactically right code: the associations between AIs, the content of AIs that are
# not the item's, and the style of a link are not the cart's to judge.
LENIENT = (
    "It is invalid to pair AI",
    "Required AIs for AI",
    "ISO 3166",
    "value query element is empty",
    "should be in the path info",
    "is duplicated",
    "Unknown AI (89) in query",
    "Domain contains illegal",
    # biip pads the GTIN of a link with zeros, as printed links often need it.
    "AI (01) value is too short",
    # Scanners send UPC-A as 12 digits behind ]E0.
    "Primary scan data is too short",
)

# Rows where the source expects less of a code than a till does.
OTHERWISE = {
    "0105901234123458": "the GTIN inside has a wrong check digit",
    "]Q1HtTps://example.com/01/12312312312333?99=TEST": "a scheme may be written in any case",
    "15200200": "eight digits without an identifier are an EAN-8, and this is a sound one",
    "391097812301": "twelve digits without an identifier are a UPC-A, and this is a sound one",
}

# How many rows differ for such a reason, so that no more of them slip in unseen.
EXCUSED = {"bracketed": 6, "digital_link": 7, "element_string": 2, "scan": 6}

# The layouts of national rules that the rows name, as far as a whole number of minor units or
# grams can say them (other rows print tens of grams, or tenths of a crown, or a count).
LAYOUTS: dict[tuple[str, str], CodeLayout] = {
    (region, prefix): msgspec.convert(
        {"prefix": prefix, "kind": kind, "item_digits": items, "value_digits": values}, CodeLayout
    )
    for region, prefixes, kind, items, values in (
        ("DENMARK", ("21", "22", "23", "24"), "price", 5, 5),
        ("DENMARK", ("26", "28"), "mass_g", 5, 5),
        ("LATVIA", ("23",), "mass_g", 6, 4),
        ("LITHUANIA", ("23",), "mass_g", 6, 4),
        ("FINLAND", ("23",), "mass_g", 6, 4),
        ("GERMANY", ("28", "29"), "mass_g", 4, 5),
        ("USA_4DIGIT_PRICE", ("2",), "price", 5, 4),
        ("USA_5DIGIT_PRICE", ("2",), "price", 5, 5),
    )
    for prefix in prefixes
}


@cache
def vectors() -> tuple[dict[str, Any], ...]:
    """All rows of the file."""
    path = data_dir() / "retail" / "gs1_vectors.jsonl"
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def expected_gtin(row: dict[str, Any]) -> str | None:
    """The GTIN of the item by the source; None where a till can't sell by this text."""
    said = row["expect"]
    if not said.get("syntax_ok", said["ok"]):
        return None
    numbers = [value for ai, value in said.get("ais") or () if ai in {"00", "01", "02", "8006"}]
    elements = dict(reversed(said.get("ais") or ()))
    if numbers and "01" not in elements:
        return None
    upc = said.get("upc_a")
    readable = said.get("hri", "")[4:18] or None
    gtin: str | None = elements.get("01") or said.get("gtin") or (upc and upc.zfill(14)) or readable
    return gtin


def agrees(row: dict[str, Any]) -> bool:
    """Whether the code means what the source says."""
    symbology = "" if row["kind"] == "scan" else row["symbology"] or ""
    said = meaning(row["input"], symbology, EMPTY)
    if row["kind"] == "plu":
        return isinstance(said, UnknownCode) is row["expect"]["ok"]
    return (said.gtin if isinstance(said, UnknownCode) else None) == expected_gtin(row)


def test_the_vectors_agree() -> None:
    """Every row agrees, or is one of those where a till is right to differ."""
    kinds = NO_READING | {"rcn", "price_check_digit"}
    rows = [row for row in vectors() if row["kind"] not in kinds]
    wrong = [row for row in rows if not agrees(row)]
    excused = [row for row in wrong if is_excused(row)]
    assert [row["input"] for row in wrong if row not in excused] == []
    assert len(rows) == 379
    assert Counter(row["kind"] for row in wrong) == EXCUSED


def is_excused(row: dict[str, Any]) -> bool:
    """Whether the source is stricter or laxer than a till, for a reason written above."""
    composite_or_label = row["expect"].get("data", "").startswith(("2112345678900", "02345673"))
    return (
        row["input"] in OTHERWISE
        or composite_or_label  # the source tells AIs and no GTIN; the digits are a sound EAN
        or any(text in row["expect"].get("error", "") for text in LENIENT)
    )


def labels() -> list[dict[str, Any]]:
    """Rows of labels that a layout can say: with a price in whole cents or a mass in grams."""
    return [
        row
        for row in vectors()
        if row["kind"] == "rcn" and layout_of(row) is not None and value_of(row) != (None, None)
    ]


def layout_of(row: dict[str, Any]) -> CodeLayout | None:
    """The layout of this label's prefix in its region."""
    text = row["input"].removeprefix("0") if len(row["input"]) == 14 else row["input"]
    found = (LAYOUTS.get((row["region"], text[:digits])) for digits in (2, 1))
    return next((layout for layout in found if layout is not None), None)


def value_of(row: dict[str, Any]) -> tuple[int | None, int | None]:
    """The printed price in minor units and mass in milligrams; decimals that don't fit are None."""
    price, kilograms = row["expect"].get("price", ""), row["expect"].get("weight_kg", "")
    price_minor = int(price.replace(".", "")) if price[-3:-2] == "." else None
    mass_mg = int(kilograms.replace(".", "")) * 1_000 if kilograms[-4:-3] == "." else None
    return price_minor, mass_mg


def test_labels_of_many_countries() -> None:
    """One table of layouts reads the labels that national rules describe."""
    rows = labels()
    assert len(rows) == 19
    for row in rows:
        layout = layout_of(row)
        assert layout is not None
        text = row["input"][-13:] if len(row["input"]) == 14 else row["input"]
        at = len(layout.prefix)
        item = text[at : at + layout.item_digits].zfill(5)
        product = Product(sku="good", name="Good", price_minor=1, sold_by="mass", plu=item)
        index = CatalogIndex(
            Catalog(version=1, currency="EUR", products=(product,), code_layouts=(layout,))
        )
        price_minor, mass_mg = value_of(row)
        assert meaning(text, "", index) == ProductCode(
            sku="good", gtin=text.zfill(14), price_minor=price_minor, mass_mg=mass_mg
        ), row


def test_a_wrong_price_check_is_refused() -> None:
    """An American label whose price does not fit its check digit is not sold."""
    rows = [row for row in vectors() if row["expect"].get("error") == "price_check_digit"]
    assert rows
    for row in rows:
        product = Product(sku="a", name="A", price_minor=1, plu=row["expect"]["item_ref"])
        index = CatalogIndex(Catalog(version=1, currency="USD", products=(product,)))
        assert isinstance(meaning(row["input"], "", index), NotACode)


def test_the_check_digit_of_a_value() -> None:
    """The library's check digit of a value is the published one."""
    (row,) = (row for row in vectors() if row["kind"] == "price_check_digit")
    assert gs1_price_weight_check_digit(row["input"]) == row["expect"]["digit"]
