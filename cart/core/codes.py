"""What a scanned or typed text means: a product, a coupon, a code not sold here, or no code.

`cart.core.symbols` reads the text; this module looks it up in the catalog and reads the store's
own labels, with a price or a mass inside the code. A text from outside is never trusted: `meaning`
answers for every text there can be and never raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cart.core.catalog import MASS_MG_MAX, Catalog, CatalogIndex, CodeLayout
from cart.core.catalog_faults import layout_fits, value_check_digits
from cart.core.coding.coupons import Coupon, PositiveOffer, coupon_of, positive_offer_of
from cart.core.coding.elements import Elements
from cart.core.coding.iso import CURRENCY_NUMBERS
from cart.core.coding.layouts import (
    Label,
    Layout,
    label_of,
    layout_of,
    market_of,
    value_check_fault,
)
from cart.core.coding.values import said_by
from cart.core.pricing.offers import PRICE_MINOR_MAX
from cart.core.symbols import CodeError, Content, content_of
from cart.core.units import decimal_text, round_fraction
from cart.core.value import Value
from cart.core.weights import LabelUnit, Weight, exact_mg

# Whose labels hold where the store's catalog says nothing about a prefix: the one market that has
# the catalog's currency. The euro has many; a store there names its layouts.
_MARKET_BY_CURRENCY: Mapping[str, str] = {
    "CAD": "CA", "DKK": "DK", "GBP": "GB", "NOK": "NO", "SEK": "SE", "USD": "US",
}  # fmt: skip

# AIs of a net mass, and their units.
_MASS_UNITS: Mapping[str, LabelUnit] = {"310": "kg", "320": "lb", "357": "oz"}


class CodeValue(Value, tag_field="kind"):
    """The base of what a text can mean."""


class ProductCode(CodeValue, tag="product"):
    """A product of the catalog. `gtin` has 14 digits and is None for a PLU. `price_minor` and
    `mass_mg` are there if the code itself tells them: the label of one weighed portion (its
    `weight` keeps unit and digits); so are `lot`, `serial`, `use_by` and `last_day`, the first of
    the days after which it is not sold (best before, sell by, use by; ISO 8601). `faults` are
    mistakes of the packer in the code, for the log: they stop no sale."""

    sku: str
    gtin: str | None = None
    price_minor: int | None = None
    mass_mg: int | None = None
    lot: str | None = None
    serial: str | None = None
    use_by: str | None = None
    faults: tuple[str, ...] = ()
    last_day: str | None = None
    weight: Weight | None = None


class CouponCode(CodeValue, tag="coupon"):
    """A coupon that carries its own rules (AI 8110). `key` is the same for every reading of it."""

    coupon: Coupon
    text: str
    key: str = ""


class PositiveOfferCode(CodeValue, tag="positive_offer"):
    """A coupon that only the store can judge (AI 8112): reserved there, and committed at paying."""

    offer: PositiveOffer
    text: str
    key: str = ""


class VoucherCode(CodeValue, tag="voucher"):
    """A voucher for bottles given back, by a layout of the chain: only the store can say whether it
    was used before."""

    amount_minor: int
    text: str
    key: str = ""


class UnknownCode(CodeValue, tag="unknown"):
    """A sound code of something the catalog does not list."""

    gtin: str | None
    text: str


class NotACode(CodeValue, tag="not_a_code"):
    """Nothing that could ever be sold by this text, and why."""

    reason: str


CodeMeaning = ProductCode | CouponCode | PositiveOfferCode | VoucherCode | UnknownCode | NotACode


def meaning(
    text: str, symbology: str, index: CatalogIndex, today: date | None = None
) -> CodeMeaning:
    r"""Say what `text` means in this store.

    `symbology` is a format name (EAN13, UPCA, EAN8, UPCE, ITF14, ITF, DATABAR, DATABAR_EXP,
    CODE128, QR, DATAMATRIX) or an AIM identifier ("]E0"); with "" the text may begin with its
    AIM identifier, and else its form decides. FNC1 is "\x1d". Without `today` no date is read,
    since codes write two digits of the year. Sources: GS1 General Specifications 2.1.12 and 7.9,
    GS1 Digital Link, ISO/IEC 15424 (AIM), IFPS (PLU).
    """
    try:
        content = content_of(text, symbology)
        return (
            _coupon(content, text)
            or _product(content, index, today)
            or _voucher(content, index, text)
            or _label_of_any(content, index)
            or _unlisted(content, text)
        )
    except CodeError as error:
        return NotACode(reason=str(error))


def _coupon(content: Content, text: str) -> CouponCode | PositiveOfferCode | None:
    for ai, value in content.elements:
        if ai == "8110":
            return CouponCode(coupon=coupon_of(value), text=text, key=f"{ai}-{value}")
        if ai == "8112":
            offer = positive_offer_of(value)
            return PositiveOfferCode(offer=offer, text=text, key=f"{ai}-{value}")
    return None


def _unlisted(content: Content, text: str) -> UnknownCode:
    if len(content.plu) == 5 and content.plu.startswith("8"):
        raise CodeError(f"PLU {content.plu}: numbers that begin with 8 are not in use")
    return UnknownCode(gtin=content.gtins[0] if content.gtins else None, text=text)


def _product(content: Content, index: CatalogIndex, today: date | None) -> ProductCode | None:
    if content.plu:
        product = index.product_of_plu(content.plu)
        return None if product is None else ProductCode(sku=product.sku)
    gtin = next((gtin for gtin in content.gtins if gtin in index.by_gtin), None)
    if gtin is None:
        return None
    said = said_by(content.elements, today or date.min)
    weight = _printed_weight(content.elements)
    days = (said.best_before, said.sell_by, said.use_by)
    return ProductCode(
        sku=index.by_gtin[gtin].sku,
        gtin=gtin,
        price_minor=_printed_price_minor(content.elements, index.catalog),
        mass_mg=None if weight is None else _mass_mg(weight),
        lot=said.lot,
        serial=said.serial,
        use_by=None if today is None else said.use_by,
        faults=content.faults,
        last_day=None if today is None else min(filter(None, days), default=None),
        weight=weight,
    )


def _voucher(content: Content, index: CatalogIndex, text: str) -> VoucherCode | None:
    """Bottles given back: the chain's layout has the voucher's number where others have an item."""
    if not any(layout.kind == "bottles" for layout in index.catalog.code_layouts):
        return None
    for gtin in content.gtins:
        number, layout = _layout(gtin, index.catalog)
        if layout is not None and layout.kind == "bottles":
            label = label_of(number, layout)
            amount_minor = _sold(label.value, PRICE_MINOR_MAX, "amount")
            return VoucherCode(amount_minor, text, key=f"bottles-{number}")
    return None


def _label_of_any(content: Content, index: CatalogIndex) -> ProductCode | None:
    labels = (_label(gtin, index) for gtin in content.gtins)
    return next((label for label in labels if label is not None), None)


def _label(gtin: str, index: CatalogIndex) -> ProductCode | None:
    """Read a store's own label: by the chain's layout if it has one for it, else the market's."""
    number, layout = _layout(gtin, index.catalog)
    if layout is None or layout.kind == "count":
        return None
    label = label_of(number, layout)
    product = index.product_of_plu(label.item)
    if product is None:
        return None
    fault = value_check_fault(number, layout)
    if fault:
        raise CodeError(f"{number}: {fault}")
    if layout.kind == "price":
        minor = _scaled(label, index.catalog.currency_digits, index.catalog.currency)
        price_minor = _sold(minor, PRICE_MINOR_MAX, "price")
        return ProductCode(sku=product.sku, gtin=gtin, price_minor=price_minor)
    weight = Weight(decimal_text(label.value, label.decimals), "kg")
    return ProductCode(sku=product.sku, gtin=gtin, mass_mg=_mass_mg(weight))


def _layout(gtin: str, catalog: Catalog) -> tuple[str, Layout | None]:
    """The number as the layout reads it, 13 or 12 digits, and the layout with the longest prefix.

    A chain's layout may be written for the 12 digits of a UPC-A.
    """
    forms = [gtin[-digits:] for digits in (13, 12) if not gtin[:-digits].strip("0")]
    readings = [
        (form, layout)
        for form in forms
        for layout in catalog.code_layouts
        if form.startswith(layout.prefix) and layout_fits(layout, len(form))
    ]
    if readings:
        form, chosen = max(readings, key=lambda reading: len(reading[1].prefix))
        return form, _drawn(chosen, catalog.currency_digits, len(form))
    market = _MARKET_BY_CURRENCY.get(catalog.currency)
    if market is None or not forms:
        return gtin, None
    return forms[0], layout_of(forms[0], market_of(market).layouts)


def _drawn(layout: CodeLayout, currency_digits: int, digits: int) -> Layout:
    """A chain's layout in the form of the market's: a price in minor units, a mass in grams."""
    checks = value_check_digits(layout, digits)
    parts = (layout.prefix, "I" * layout.item_digits, "C" * checks, "V" * layout.value_digits, "X")
    kind = {"mass_g": "weight"}.get(layout.kind, layout.kind)
    return Layout("".join(parts), kind, 3 if kind == "weight" else currency_digits)


def _scaled(label: Label, decimals: int, unit: str) -> int:
    """A label's value with so many decimals. Raises CodeError if it has more."""
    wanted: int = 10**decimals
    printed: int = 10**label.decimals
    value, rest = divmod(label.value * wanted, printed)
    if rest:
        raise CodeError(f"its {label.kind} has more decimals than {unit}")
    return value


def _printed_weight(elements: Elements) -> Weight | None:
    for ai, value in elements:
        if ai[:3] in _MASS_UNITS:
            return Weight(decimal_text(int(value), int(ai[3])), _MASS_UNITS[ai[:3]])
    return None


def _mass_mg(weight: Weight) -> int:
    return _sold(round_fraction(exact_mg(weight), "half_up"), MASS_MG_MAX, "mass")


def _printed_price_minor(elements: Elements, catalog: Catalog) -> int | None:
    for ai, value in elements:
        if ai[:3] in {"392", "393"}:
            amount = value
            if ai[:3] == "393":
                amount = value[3:]
                if value[:3] != CURRENCY_NUMBERS.get(catalog.currency):
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
