"""What a scanned or typed text means: a product, a code this store does not sell, or no code.

`cart.core.symbols` reads the text; this module looks it up in the catalog and reads the store's
own labels, with a price or a mass inside the code. A text from outside is never trusted: `meaning`
answers for every text there can be and never raises.
"""

from __future__ import annotations

from collections.abc import Mapping

from biip.checksums import gs1_price_weight_check_digit

from cart.core.catalog import (
    MASS_MG_MAX,
    Catalog,
    CatalogIndex,
    CodeLayout,
    layout_fits,
    value_check_digits,
)
from cart.core.pricing.offers import PRICE_MINOR_MAX
from cart.core.symbols import CodeError, Content, content_of
from cart.core.units import MILLIGRAMS_PER_KILOGRAM, divide_half_up
from cart.core.value import Value

# Number system 2 as printed in the United States and Canada: item, check, price, check. It holds
# where the store's catalog says nothing else about the prefix.
_AMERICAN_LABEL = CodeLayout(prefix="2", kind="price", item_digits=5, value_digits=4)
_AMERICAN_CURRENCIES = frozenset({"CAD", "USD"})

# ISO 4217 numbers as AI 393n writes them.
_CURRENCY_NUMBERS: Mapping[str, str] = {
    "AUD": "036", "BRL": "986", "CAD": "124", "CHF": "756", "CNY": "156", "CZK": "203",
    "DKK": "208", "EUR": "978", "GBP": "826", "HUF": "348", "INR": "356", "JPY": "392",
    "KRW": "410", "MXN": "484", "NOK": "578", "NZD": "554", "PLN": "985", "RON": "946",
    "SEK": "752", "SGD": "702", "TRY": "949", "USD": "840", "ZAR": "710",
}  # fmt: skip

# AIs of a net mass: milligrams in one unit, as a fraction. A pound is 453.59237 g.
_MASS_UNITS: Mapping[str, tuple[int, int]] = {
    "310": (MILLIGRAMS_PER_KILOGRAM, 1),
    "320": (45_359_237, 100),
}


class CodeValue(Value, tag_field="kind"):
    """The base of what a text can mean."""


class ProductCode(CodeValue, tag="product"):
    """A product of the catalog. `gtin` has 14 digits and is None for a PLU. `price_minor` and
    `mass_mg` are there if the code itself tells them: the label of one weighed portion."""

    sku: str
    gtin: str | None = None
    price_minor: int | None = None
    mass_mg: int | None = None


class UnknownCode(CodeValue, tag="unknown"):
    """A sound code of something the catalog does not list."""

    gtin: str | None
    text: str


class NotACode(CodeValue, tag="not_a_code"):
    """Nothing that could ever be sold by this text, and why."""

    reason: str


CodeMeaning = ProductCode | UnknownCode | NotACode


def meaning(text: str, symbology: str, index: CatalogIndex) -> CodeMeaning:
    r"""Say what `text` means in this store.

    `symbology` is a format name (EAN13, UPCA, EAN8, UPCE, ITF14, ITF, DATABAR, DATABAR_EXP,
    CODE128, QR, DATAMATRIX) or an AIM identifier ("]E0"); with "" the text may begin with its
    AIM identifier, and else its form decides. FNC1 is "\x1d". Sources: GS1 General Specifications
    2.1.12 and 7.9, GS1 Digital Link, ISO/IEC 15424 (AIM), IFPS (PLU).
    """
    try:
        content = content_of(text, symbology)
        return _product(content, index) or _unlisted(content, text)
    except CodeError as error:
        return NotACode(reason=str(error))


def _unlisted(content: Content, text: str) -> UnknownCode:
    if len(content.plu) == 5 and content.plu.startswith("8"):
        raise CodeError(f"PLU {content.plu}: numbers that begin with 8 are not in use")
    return UnknownCode(gtin=content.gtins[0] if content.gtins else None, text=text)


def _product(content: Content, index: CatalogIndex) -> ProductCode | None:
    if content.plu:
        product = index.product_of_plu(content.plu)
        return None if product is None else ProductCode(sku=product.sku)
    for gtin in content.gtins:
        product = index.by_gtin.get(gtin)
        if product is not None:
            return ProductCode(
                sku=product.sku,
                gtin=gtin,
                price_minor=_printed_price_minor(content.elements, index.catalog),
                mass_mg=_printed_mass_mg(content.elements),
            )
    labels = (_label(gtin, index) for gtin in content.gtins)
    return next((label for label in labels if label is not None), None)


def _label(gtin: str, index: CatalogIndex) -> ProductCode | None:
    """Read a store's own label by the layout with the longest prefix that fits."""
    forms = [gtin[-digits:] for digits in (13, 12) if not gtin[:-digits].strip("0")]
    readings = [
        (form, layout)
        for form in forms
        for layout in index.catalog.code_layouts
        if form.startswith(layout.prefix) and layout_fits(layout, len(form))
    ]
    if not readings and index.catalog.currency in _AMERICAN_CURRENCIES:
        readings = [(form, _AMERICAN_LABEL) for form in forms[1:] if form.startswith("2")]
    if not readings:
        return None
    form, layout = max(readings, key=lambda reading: len(reading[1].prefix))
    item, printed = _label_parts(form, layout)
    product = index.product_of_plu(item)
    if product is None:
        return None
    if layout.kind == "price":
        price_minor = _sold(printed, PRICE_MINOR_MAX, "price")
        return ProductCode(sku=product.sku, gtin=gtin, price_minor=price_minor)
    mass_mg = _sold(printed * 1_000, MASS_MG_MAX, "mass")
    return ProductCode(sku=product.sku, gtin=gtin, mass_mg=mass_mg)


def _label_parts(form: str, layout: CodeLayout) -> tuple[str, int]:
    """The item digits, and the value as a number, its own check digit verified."""
    item_end = len(layout.prefix) + layout.item_digits
    value_start = item_end + value_check_digits(layout, len(form))
    value, check = form[value_start:-1], form[item_end:value_start]
    if check and int(check) != gs1_price_weight_check_digit(value):
        raise CodeError(f"wrong check digit of the {layout.kind} in {form}: scan or type it again")
    return form[len(layout.prefix) : item_end], int(value)


def _printed_mass_mg(elements: tuple[tuple[str, str], ...]) -> int | None:
    for ai, value in elements:
        if ai[:3] in _MASS_UNITS:
            numerator, denominator = _MASS_UNITS[ai[:3]]
            mass_mg = divide_half_up(int(value) * numerator, denominator * 10 ** int(ai[3]))
            return _sold(mass_mg, MASS_MG_MAX, "mass")
    return None


def _printed_price_minor(elements: tuple[tuple[str, str], ...], catalog: Catalog) -> int | None:
    for ai, value in elements:
        if ai[:3] in {"392", "393"}:
            amount = value
            if ai[:3] == "393":
                amount = value[3:]
                if value[:3] != _CURRENCY_NUMBERS.get(catalog.currency):
                    raise CodeError(f"its price is in currency {value[:3]}, not {catalog.currency}")
            price_minor, rest = divmod(int(amount) * 10**catalog.currency_digits, 10 ** int(ai[3]))
            if rest:
                raise CodeError(f"its price has more decimals than {catalog.currency}")
            return _sold(price_minor, PRICE_MINOR_MAX, "price")
    return None


def _sold(value: int, value_max: int, what: str) -> int:
    """A label that says nothing, or more than any good can have, needs a person."""
    if not 0 < value <= value_max:
        raise CodeError(f"its {what} is {'missing' if value == 0 else 'too large'}: ask for help")
    return value
