"""The tables of codes against the library's, against themselves, and against other arithmetic."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import zxingcpp
from biip import ParseConfig, ParseError
from biip.checksums import gs1_price_weight_check_digit, gs1_standard_check_digit
from biip.gs1_application_identifiers import GS1ApplicationIdentifier
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from biip.symbology import GS1Symbology
from hypothesis import given
from hypothesis import strategies as some

from cart.core.coding.carriers import CARRIERS
from cart.core.coding.contents import CONTENTS
from cart.core.coding.faults import CodeError
from cart.core.coding.identifiers import IDENTIFIERS, identifier_at
from cart.core.coding.iso import COUNTRIES_BY_NUMBER, COUNTRY_NUMBERS, CURRENCY_NUMBERS
from cart.core.coding.layouts import market_of
from cart.core.coding.reading import Question, read
from cart.core.symbols import content_of

TODAY = date(2026, 11, 22)


def test_the_identifiers_are_the_librarys() -> None:
    """Each AI exists in biip too, with the same rule for the FNC1 behind it."""
    for ai, ours in IDENTIFIERS.items():
        theirs = GS1ApplicationIdentifier.extract(ai)
        assert theirs.ai == ai
        assert theirs.separator_required != ours.predefined
    assert len(IDENTIFIERS) == 541


KINDS = ("Aztec", "Code39", "Code39Ext", "Code93", "Codabar", "Code128", "DataMatrix", "MaxiCode",
         "MicroPDF417", "PDF417", "QRCode", "MicroQRCode", "RMQRCode", "Telepen", "DataBar",
         "EAN13")  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_scanner_names_is_known(kind: str) -> None:
    """Each symbol, drawn and read by a library, has its identifier in our table."""
    text = {"Codabar": "A123A", "EAN13": "9520123456788"}.get(kind, "09520123456788")
    drawn = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    (found,) = zxingcpp.read_barcodes(np.asarray(drawn.to_image(scale=4)))
    assert found.symbology_identifier in CARRIERS
    said = read(Question(f"{found.symbology_identifier}{text}", TODAY))
    assert "not printed as" not in (said.error or "")


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("]z1010952012345678817271231", "09520123456788"),
        ("]L3010952012345678817271231", "09520123456788"),
        ("]z0https://id.example.com/01/09520123456788", "09520123456788"),
        ("]Q2\\000026https://id.example.com/01/09520123456788", "09520123456788"),
        ("]h1\\000026https://id.example.com/01/09520123456788", "09520123456788"),
        ("]A0HELLO", None),
        ("]h0HELLO", None),
    ],
)
def test_a_symbol_of_any_text_may_hold_a_product(text: str, gtin: str | None) -> None:
    """An FNC1 in front or a link makes it one, escapes of character sets are no part of it."""
    said = read(Question(text, TODAY))
    assert (said.ok, said.gtin) == (True, gtin)
    if gtin:
        assert content_of(text, "").gtins == (gtin,)


def matches(pattern: str, ai: str) -> bool:
    """Whether an AI is the one, or of the family, that "31nn" names."""
    return len(ai) == len(pattern) and ai.startswith(pattern.rstrip("n"))


def test_the_table_names_only_what_exists() -> None:
    """Partners, qualifiers and checks are there, and no AI is the beginning of another one."""
    used: set[str] = set()
    for ai, row in IDENTIFIERS.items():
        patterns = [pattern for group in row.needs for pattern in group] + list(row.excludes)
        assert all(any(matches(p, other) for other in IDENTIFIERS) for p in patterns), ai
        assert all(q in IDENTIFIERS for order in row.qualifiers or () for q in order), ai
        used |= {check for part in row.parts for check in part.checks}
        assert not any(ai != other and other.startswith(ai) for other in IDENTIFIERS)
        assert identifier_at(f"{ai}0123456789") is row
    # Two are parts of others' checks.
    assert used | {"hour", "minute"} == set(CONTENTS)


def test_countries_and_currencies_are_whole() -> None:
    """As many as ISO lists, two or three letters and three digits each, none twice."""
    assert len(COUNTRY_NUMBERS) == len(COUNTRIES_BY_NUMBER) == 249
    assert all(len(a) == 2 and len(n) == 3 for a, n in COUNTRY_NUMBERS.items())
    assert all(len(a) == 3 and len(n) == 3 for a, n in CURRENCY_NUMBERS.items())
    assert COUNTRY_NUMBERS["SE"] == "752"
    assert CURRENCY_NUMBERS["EUR"] == "978"


def test_every_gs1_symbol_is_read() -> None:
    """The symbols that GS1 uses, by the library's list, each have their row."""
    assert {f"]{symbol.value}" for symbol in GS1Symbology} <= set(CARRIERS)


REGIONS = [region.name for region in RcnRegion]


@given(some.sampled_from(REGIONS), some.integers(0, 10**11 - 1))
def test_labels_are_read_as_the_library_reads_them(region: str, number: int) -> None:
    """biip's rules of nine countries say the same price, weight or count, and the same faults."""
    body = f"2{number:011d}"
    text = f"{body}{gs1_standard_check_digit(body)}"
    said = read(Question(text, TODAY, "rcn", region=region))
    try:
        theirs = Gtin.parse(
            text,
            config=ParseConfig(rcn_region=RcnRegion[region], rcn_verify_variable_measure=True),
        )
    except ParseError:
        assert not said.ok
        return
    assert isinstance(theirs, Rcn)
    assert said.ok
    values = (said.price, said.weight_kg, said.count)
    ours = [None if value is None else type(value)(value) for value in values]
    for value, expected in zip(ours, (theirs.price, theirs.weight, theirs.count), strict=True):
        assert (value is None) == (expected is None)
        if value is not None and expected is not None:
            assert type(expected)(value) == expected
    assert said.key == theirs.without_variable_measure().as_gtin_13()


@given(some.integers(0, 99_999), some.integers(0, 99_999), some.booleans())
def test_american_labels_round_trip(item: int, cents: int, five: bool) -> None:
    """What a scale in a deli prints is what is read: four digits with a check, or five without."""
    price = f"{cents:05d}" if five else f"{cents % 10_000:04d}"
    check = "" if five else str(gs1_price_weight_check_digit(price))
    body = f"2{item:05d}{check}{price}"
    text = f"{body}{gs1_standard_check_digit(body)}"
    for form in (text, f"0{text}", f"00{text}"):
        region = "USA_5DIGIT_PRICE" if five else "us"
        said = read(Question(form, TODAY, "rcn", region=region))
        assert (said.ok, said.item_ref, said.currency) == (True, f"{item:05d}", "USD")
        assert said.price == f"{int(price) // 100}.{int(price) % 100:02d}"


def test_markets_have_names_and_countries() -> None:
    """In any case of letters; Canada prints as the United States do."""
    assert market_of("se") is market_of("SWEDEN")
    assert market_of("US").name == "USA_4DIGIT_PRICE"
    assert market_of("CA").currency == "CAD"
    assert [x.drawing for x in market_of("CA").layouts] == [
        x.drawing for x in market_of("US").layouts
    ]
    with pytest.raises(CodeError, match="known are DENMARK"):
        market_of("ATLANTIS")


# For each check a part that keeps it and one that breaks it.
CONTENT_EXAMPLES = {
    "check": ("95012345678903", "95012345678904"),
    "check_pair": ("1987654Ad4X4bL5ttr2310c2K", "2K"),
    "country": ("752", "987"),
    "country2": ("SE", "XX"),
    "country_or_many": ("999", "998"),
    "coupon": ("106141416543213250110120", "10614141654321325011012"),
    "currency": ("978", "987"),
    "date": ("240229", "230229"),
    "date0": ("240200", "241300"),
    "full_date": ("20240229", "21000229"),
    "hour": ("23", "24"),
    "hyphen": ("-", "+"),
    "iban": ("GB82WEST12345698765432", "GB82WEST12345698765433"),
    "importer": ("_", "."),
    "latitude": ("1800000000", "1800000001"),
    "letter": ("12a4", "1234"),
    "longitude": ("3600000000", "3600000001"),
    "medium": ("80", "11"),
    "minute": ("59", "60"),
    "no_zero_first": ("0", "01"),
    "not_zero": ("0010", "0000"),
    "package": ("APE", "ZZ9"),
    "percent": ("50%25", "50%2"),
    "piece": ("0203", "0302"),
    "position": ("2/3", "3/2"),
    "positive_offer": ("001234567890120123456", "0012345678901201234567"),
    "prefix1": ("9501AB", "95A1"),
    "prefix2": ("A9501", "9501"),
    "sex": ("9", "3"),
    "time": ("2359", "2460"),
    "time_or_none": ("9999", "9959"),
    "winding": ("9", "2"),
    "yes_no": ("1", "2"),
    "zero": ("0", "1"),
}


@pytest.mark.parametrize("check", sorted(CONTENTS))
def test_each_content_check_bites(check: str) -> None:
    """Every check of the table accepts what is right and says what is wrong."""
    right, wrong = CONTENT_EXAMPLES[check]
    assert CONTENTS[check](right) == ""
    assert CONTENTS[check](wrong)


def test_a_model_numbers_check_pair() -> None:
    """The worked example of the GS1 General Specifications, and each letter of it changed."""
    model = "1987654Ad4X4bL5ttr2310c2K"
    assert CONTENTS["check_pair"](model) == ""
    for at, letter in enumerate(model):
        other = "3" if letter != "3" else "4"
        assert CONTENTS["check_pair"](model[:at] + other + model[at + 1 :])
