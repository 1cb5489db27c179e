"""Published vectors against what we read: every row of our kinds, in every key, but two."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import msgspec
import pytest
from biip.checksums import gs1_price_weight_check_digit

from cart.core.catalog import Catalog, CatalogIndex, Product
from cart.core.codes import NotACode, ProductCode, UnknownCode, meaning
from cart.core.coding.reading import Question, read
from tests.data import data_dir

TODAY = date(2026, 11, 22)

# How many rows of each kind the file has, so that none gets lost unseen.
ROWS = {
    "bracketed": 150,
    "element_string": 66,
    "digital_link": 55,
    "gtin": 55,
    "upc_e": 10,
    "scan": 40,
    "rcn": 34,
    "rcn_lookup_key": 3,
    "plu": 3,
}

# Rows where we read otherwise than their source; docs/codes.md argues each.
OTHERWISE = {
    ("digital_link", "https://example.com/01/614141123452"): {"ok": False},
    ("scan", "0105901234123458"): {"ok": False},
}

# What a reader does not compare: words, and notes of the source.
NOT_COMPARED = {"partial", "lint", "error"}


@cache
def vectors() -> tuple[dict[str, Any], ...]:
    """All rows of the file."""
    path = data_dir() / "retail" / "gs1_vectors.jsonl"
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def said_of(row: dict[str, Any]) -> dict[str, Any]:
    """Our reading of a row, as JSON would show it."""
    question = Question(
        row["input"], TODAY, row["kind"], row["symbology"] or "", row.get("region", "")
    )
    said: dict[str, Any] = json.loads(msgspec.json.encode(read(question)))
    return said


@pytest.mark.parametrize("kind", ROWS)
def test_the_vectors_agree(kind: str) -> None:
    """Both verdicts and every other key are as published, or as argued."""
    rows = [row for row in vectors() if row["kind"] == kind]
    for row in rows:
        expected = row["expect"] | OTHERWISE.get((kind, row["input"]), {})
        said = said_of(row)
        differing = {
            key: (value, said.get(key))
            for key, value in expected.items()
            if key not in NOT_COMPARED and said.get(key) != value
        }
        assert not differing, (row["input"], said.get("error"))
    assert len(rows) == ROWS[kind]


def test_other_kinds_are_named_as_such() -> None:
    """A kind that we do not read is refused, and not guessed at."""
    others = [row for row in vectors() if row["kind"] not in ROWS]
    assert Counter(row["kind"] for row in others)["upc_to_e"]
    assert all(said_of(row) == {"ok": False, "error": "unsupported kind"} for row in others)


def test_a_till_sells_what_the_vectors_accept() -> None:
    """Where a row is right and names an item, a store means that item, whatever the form."""
    empty = CatalogIndex(Catalog(version=1, currency="USD", products=()))
    rows = [row for row in vectors() if row["kind"] in ROWS and row["expect"]["ok"]]
    items = [row for row in rows if "01" in dict(row["expect"].get("ais") or ())]
    sold = [row for row in items if (row["kind"], row["input"]) not in OTHERWISE]
    assert len(sold) > 50
    for row in sold:
        # A row of elements alone says nothing of its symbol; GS1-128 holds nothing else.
        symbology = "" if row["kind"] == "scan" else row["symbology"] or "]C1"
        said = meaning(row["input"], symbology, empty)
        assert isinstance(said, UnknownCode), (row["input"], said)
        assert said.gtin == dict(row["expect"]["ais"])["01"]


def test_a_wrong_price_check_is_refused() -> None:
    """An American label whose price does not fit its check digit is not sold."""
    rows = [row for row in vectors() if row["expect"].get("error") == "price_check_digit"]
    assert rows
    for row in rows:
        product = Product(sku="a", name="A", price_minor=1, plu=row["expect"]["item_ref"])
        index = CatalogIndex(Catalog(version=1, currency="USD", products=(product,)))
        assert isinstance(meaning(row["input"], "", index), NotACode)


def test_labels_of_the_markets_that_a_currency_names() -> None:
    """The published labels of Denmark, Sweden and the United States mean price or mass."""
    currencies = {"DENMARK": "DKK", "SWEDEN": "SEK", "USA_4DIGIT_PRICE": "USD"}
    rows = [
        row
        for row in vectors()
        if row["kind"] == "rcn"
        and row["region"] in currencies
        and row["expect"]["ok"]
        and said_of(row).get("item_ref")
    ]
    assert len(rows) > 10
    for row in rows:
        item, expected = said_of(row)["item_ref"], row["expect"]
        product = Product(sku="a", name="A", price_minor=1, sold_by="mass", plu=item.zfill(4))
        index = CatalogIndex(
            Catalog(version=1, currency=currencies[row["region"]], products=(product,))
        )
        said = meaning(row["input"], "", index)
        assert isinstance(said, ProductCode), row["input"]
        if "price" in expected:
            whole, _, part = expected["price"].partition(".")
            assert said.price_minor == int(whole + part.ljust(2, "0"))
        else:
            whole, _, part = expected["weight_kg"].partition(".")
            assert said.mass_mg == int(whole + part.ljust(6, "0"))


def test_the_check_digit_of_a_value() -> None:
    """The library's check digit of a value is the published one."""
    (row,) = (row for row in vectors() if row["kind"] == "price_check_digit")
    assert gs1_price_weight_check_digit(row["input"]) == row["expect"]["digit"]
