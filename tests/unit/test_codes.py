"""What single codes mean in a small store, and what no code of the world may do to it."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from biip.checksums import gs1_price_weight_check_digit, gs1_standard_check_digit
from hypothesis import given
from hypothesis import strategies as some

from cart.core.catalog import Catalog, CatalogIndex, CodeLayout, Product
from cart.core.codes import (
    CodeMeaning,
    CouponCode,
    NotACode,
    PositiveOfferCode,
    ProductCode,
    UnknownCode,
    meaning,
)

TINS = "09520004000178"
STORE = CatalogIndex(
    Catalog(
        version=1,
        currency="USD",
        products=(
            Product(sku="tins", name="Tins", price_minor=129, gtins=(TINS, "00000095200026")),
            Product(sku="soap", name="Soap", price_minor=99, gtins=("00042100005264",)),
            Product(sku="cheese", name="Cheese", price_minor=1890, sold_by="mass", plu="2114"),
            Product(sku="olives", name="Olives", price_minor=990, sold_by="mass", plu="83810"),
        ),
        code_layouts=(
            CodeLayout(prefix="28", kind="price"),
            CodeLayout(prefix="2", kind="mass_g", item_digits=5, value_digits=5),
            CodeLayout(prefix="29", kind="mass_g", item_digits=5, value_digits=4),
        ),
    )
)
AMERICAN = CatalogIndex(Catalog(version=1, currency="USD", products=STORE.catalog.products))

SYMBOLOGIES = [
    "", "EAN13", "UPCA", "EAN8", "UPCE", "ITF14", "ITF", "DATABAR", "DATABAR_EXP", "CODE128",
    "QR", "DATAMATRIX", "]E0", "]E4", "]I1", "]C1", "]C0", "]e0", "]Q1", "]Q3", "]d2", "]X9",
]  # fmt: skip


def ended(digits: str) -> str:
    """The digits with their check digit."""
    return f"{digits}{gs1_standard_check_digit(digits)}"


TIN = ProductCode(sku="tins", gtin=TINS)
TIN_SHORT = msgspec.structs.replace(TIN, faults=("(01) is too short: at least 14 characters",))
LOT = ProductCode(sku="tins", gtin=TINS, lot="AB")
CODES = [
    ("9520004000178", "EAN13", TIN),
    ("]E09520004000178", "", TIN),
    ("9520004000178", "]E0", TIN),
    ("9520004000178\r\n", "", TIN),
    ("09520004000178", "ITF14", TIN),
    ("09520004000178", "DATABAR", TIN),
    ("]e00109520004000178", "", TIN),
    ("(01)09520004000178(10)AB-7", "DATABAR_EXP", msgspec.structs.replace(TIN, lot="AB-7")),
    ("\x1d010952000400017810AB\x1d17271231", "CODE128", LOT),
    ("]C1010952000400017810AB\x1d17271231", "", LOT),
    ("https://shop.example/x/01/09520004000178/10/AB?17=271231", "QR", LOT),
    ("]Q1https://id.gs1.org/01/09520004000178", "", TIN),
    ("HtTpS://shop.example/01/09520004000178/?utm=1", "QR", TIN),
    ("https://shop.example/01/9520004000178", "QR", TIN_SHORT),
    ("]E3952000400017812", "", TIN),
    ("95200026", "EAN8", ProductCode(sku="tins", gtin="00000095200026")),
    ("95200026", "", ProductCode(sku="tins", gtin="00000095200026")),
    ("042100005264", "UPCA", ProductCode(sku="soap", gtin="00042100005264")),
    ("0042100005264", "EAN13", ProductCode(sku="soap", gtin="00042100005264")),
    ("04252614", "UPCE", ProductCode(sku="soap", gtin="00042100005264")),
    ("04252614", "", ProductCode(sku="soap", gtin="00042100005264")),
    ("2114", "", ProductCode(sku="cheese")),
    ("02114", "", ProductCode(sku="cheese")),
    ("4011", "", UnknownCode(gtin=None, text="4011")),
    ("4006381333931", "EAN13", UnknownCode(gtin="04006381333931", text="4006381333931")),
]


@pytest.mark.parametrize(("text", "symbology", "expected"), CODES)
def test_a_code_means_its_product(text: str, symbology: str, expected: ProductCode) -> None:
    """Each form a code can take leads to the same product."""
    assert meaning(text, symbology, STORE) == expected


LABELS = [
    (ended("280211400743"), STORE, 743, None),
    (ended(f"2902114{gs1_price_weight_check_digit('1234')}1234"), STORE, None, 1_234_000),
    (ended(f"2302114{gs1_price_weight_check_digit('1234')}1234"), AMERICAN, None, None),
    (ended(f"202114{gs1_price_weight_check_digit('1234')}1234"), AMERICAN, 1_234, None),
    (ended(f"0202114{gs1_price_weight_check_digit('1234')}1234"), AMERICAN, 1_234, None),
    (ended("20211400750"), STORE, None, 750_000),
]


@pytest.mark.parametrize(("text", "index", "price_minor", "mass_mg"), LABELS)
def test_a_label_tells_its_price_or_mass(
    text: str, index: CatalogIndex, price_minor: int | None, mass_mg: int | None
) -> None:
    """The layout with the longest prefix reads it; without one only the American label is."""
    said = meaning(text, "", index)
    if price_minor is None and mass_mg is None:
        assert not isinstance(said, ProductCode)
    else:
        assert said == ProductCode(
            sku="cheese", gtin=text.zfill(14), price_minor=price_minor, mass_mg=mass_mg
        )


MEASURES = [
    ("3103001234", 1_234_000, None),
    ("3105123456", 1_234_560, None),
    ("3202000150", 680_389, None),
    ("3571000085", 240_971, None),
    ("3922743", None, 743),
    ("39231230", None, 123),
    ("39207", None, 700),
    ("3932840743", None, 743),
    ("3103001234\x1d3922743", 1_234_000, 743),
]


@pytest.mark.parametrize(("element", "mass_mg", "price_minor"), MEASURES)
def test_printed_measures_are_exact(
    element: str, mass_mg: int | None, price_minor: int | None
) -> None:
    """Kilograms, pounds and prices keep every printed digit: no float ever holds them."""
    said = meaning(f"\x1d01{TINS}{element}", "CODE128", STORE)
    assert isinstance(said, ProductCode)
    assert (said.mass_mg, said.price_minor) == (mass_mg, price_minor)


REFUSED = [
    ("9520004000179", "EAN13", "should end in 8"),
    ("0109520004000179", "]C1", "should end in 8"),
    ("04252615", "UPCE", "check digit"),
    ("123456", "ITF", "never an item"),
    ("12345670", "ITF", "never an item"),
    ("", "EAN13", "empty"),
    ("]E0", "", "empty"),
    ("]X0ABC", "", "not printed as ']X0'"),
    ("952000\x004000178", "EAN13", "control characters"),
    ("952000\u06604000178", "EAN13", "no product code has"),
    ("9" * 301, "", "301 characters"),
    ("0" * 13, "EAN13", "no number"),
    ("HELLO", "CODE128", "neither"),
    ("https://example.com/menu", "QR", "Digital Link"),
    ("https://[::1/01/09520004000178", "QR", "Digital Link"),
    ("https://example.com/01/0952000400017%D9%A8", "QR", "14 digits"),
    (f"\x1d01{TINS}310300X234", "CODE128", "not a digit"),
    ("]C1811071234567890123", "", "length of the company prefix"),
    ("\x1d10AB", "CODE128", "no product number"),
    ("83011", "", "not in use"),
    (f"\x1d01{TINS}3932978743", "CODE128", "not USD"),
    (f"\x1d01{TINS}39231234", "CODE128", "more decimals"),
    (f"\x1d01{TINS}3920000000000000000", "CODE128", "missing"),
    (f"\x1d01{TINS}3920999999999999", "CODE128", "too large"),
    (f"\x1d01{TINS}3100999999", "CODE128", "too large"),
    (ended("280211400000"), "EAN13", "price is missing"),
    (ended("290211481234"), "EAN13", "check digit of the weight"),
]


@pytest.mark.parametrize(("text", "symbology", "expected"), REFUSED)
def test_a_refusal_says_what_is_wrong(text: str, symbology: str, expected: str) -> None:
    """A technician or a shopper can act on the reason."""
    said = meaning(text, symbology, STORE)
    assert isinstance(said, NotACode)
    assert expected in said.reason


def test_the_packers_mistakes_stop_no_sale() -> None:
    """A price without its measure, an unknown country: kept as faults, and the tin is sold."""
    said = meaning(f"\x1d01{TINS}3922743\x1d422000", "CODE128", STORE)
    assert isinstance(said, ProductCode)
    assert (said.sku, said.price_minor, len(said.faults)) == ("tins", 743, 2)


def test_dates_need_today() -> None:
    """The day until which a good may be used, in the century that today makes likely."""
    text = f"\x1d01{TINS}17310200\x1d21S7"
    bare, read = meaning(text, "CODE128", STORE), meaning(text, "CODE128", STORE, date(2026, 1, 1))
    assert isinstance(bare, ProductCode)
    assert isinstance(read, ProductCode)
    assert (bare.use_by, read.use_by, read.serial) == (None, "2031-02-28", "S7")


def test_coupons_are_no_products() -> None:
    """AI 8110 brings its own rules; AI 8112 is for the store to reserve."""
    said = meaning("]e08110106141416543213250110120", "", STORE)
    assert isinstance(said, CouponCode)
    assert (said.coupon.gcp, said.coupon.save_value) == ("0614141", 250)
    offered = meaning("(8112)001234567890120123456", "DATABAR_EXP", STORE)
    assert isinstance(offered, PositiveOfferCode)
    assert (offered.offer.funder, offered.offer.serial) == ("123456", "123456")


def test_a_market_reads_labels_of_its_currency() -> None:
    """In Sweden prefix 21 prints tenths of a crown, and 23 grams; nobody had to say so."""
    products = (Product(sku="ham", name="Ham", price_minor=1, sold_by="mass", plu="880601"),)
    index = CatalogIndex(Catalog(version=1, currency="SEK", products=products))
    assert meaning("2188060112340", "", index) == ProductCode(
        sku="ham", gtin="02188060112340", price_minor=12_340
    )
    assert meaning(ended("238806011234"), "", index) == ProductCode(
        sku="ham", gtin=f"0{ended('238806011234')}", mass_mg=1_234_000
    )


ALPHABET = some.characters() | some.sampled_from("()[]]\x1d0123456789/:%?&=01.-")


@given(some.text(ALPHABET, max_size=400), some.sampled_from(SYMBOLOGIES))
def test_no_text_breaks_it(text: str, symbology: str) -> None:
    """Every text has a meaning; none raises."""
    assert isinstance(meaning(text, symbology, STORE), CodeMeaning)


@given(
    some.sampled_from(["(01)", "\x1d01", "https://a/01/", "]C101", "]Q1http://a/8006/", "]e0"]),
    some.text(ALPHABET, max_size=60),
    some.sampled_from(SYMBOLOGIES),
)
def test_no_ending_breaks_it(start: str, rest: str, symbology: str) -> None:
    """A sound beginning with any end still has a meaning."""
    said = meaning(f"{start}{TINS}{rest}", symbology, STORE)
    assert isinstance(said, CodeMeaning)


@given(some.from_regex(r"[1-9][0-9]{11}", fullmatch=True))
def test_every_form_of_a_number_is_one_product(digits: str) -> None:
    """EAN-13, GTIN-14, element string, readable form and link name the same GTIN."""
    text = ended(digits)
    gtin = f"0{text}"
    index = CatalogIndex(
        Catalog(
            version=1,
            currency="EUR",
            products=(Product(sku="a", name="A", price_minor=1, gtins=(gtin,)),),
        )
    )
    expected = ProductCode(sku="a", gtin=gtin)
    assert meaning(text, "EAN13", index) == expected
    assert meaning(gtin, "DATABAR", index) == expected
    assert meaning(f"]C101{gtin}", "", index) == expected
    assert meaning(f"(01){gtin}(15)301231", "DATABAR_EXP", index) == expected
    assert meaning(f"https://example.com/01/{gtin}", "QR", index) == expected


@given(some.integers(0, 10**12 - 1), some.integers(1, 9))
def test_a_misread_digit_is_never_sold(number: int, change: int) -> None:
    """One wrong digit anywhere in an EAN-13 is found by its check digit."""
    text = ended(f"{number:012d}")
    for at, digit in enumerate(text):
        wrong = f"{text[:at]}{(int(digit) + change) % 10}{text[at + 1 :]}"
        assert isinstance(meaning(wrong, "EAN13", STORE), NotACode)


@given(some.integers(1, 99_999), some.integers(0, 4))
def test_a_price_label_round_trips(price_minor: int, extra: int) -> None:
    """The price that a scale printed is the price that the cart reads."""
    text = ended(f"2802114{price_minor:05d}")
    said = meaning(text, "EAN13" if extra else "", STORE)
    assert said == ProductCode(sku="cheese", gtin=f"0{text}", price_minor=price_minor)
