"""What a decoded symbol says, in the forms the cart uses: text as printed, format, GTIN.

One row a format. This is the boundary to zxing-cpp and to whoever prints codes: texts are bounded
in length and freed of control characters here, so nothing behind it has to fear them. It must never
guess: a digit that was not decoded is not made up, and a GTIN whose check digit fails is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import zxingcpp
from zxingcpp import BarcodeFormat as Kind

TEXT_CHARACTERS_MAX = 4096
"""Longer contents are dropped whole: no item's code is near it, and a cut code is a wrong code."""

FNC1 = "\x1d"
# C0 and C1 controls but FNC1, tab and line ends; bidirectional overrides; lone surrogates.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1c\x1e\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_REPLACEMENT = "\ufffd"

_ELEMENT_01 = re.compile(r"\(01\)([0-9]{14})")
_DIGITAL_LINK_01 = re.compile(r"https?://[^/?#]+/(?:[^?#]*/)?01/([0-9]{8,14})(?:[/?#]|$)")
_LONG_PRICE = re.compile(r"01([0-9]{14})(39[23][0-9])(.+)", re.DOTALL)

Corner = tuple[int, int]
Corners = tuple[Corner, Corner, Corner, Corner]


@dataclass(frozen=True, slots=True)
class Read:
    """One code in view.

    `text` is as printed (EAN13 13 digits, UPCA 12, EAN8 8, UPCE 8, DATABAR 14, DATABAR_EXP with
    bracketed identifiers, else the characters with FNC1 as U+001D); `gtin` has 14 digits or is
    None; `corners` are (x, y) pixels of the frame: top left, top right, bottom right, bottom left
    as the symbol sees itself. `millinats` is 1000 times the natural logarithm of the probability
    that the read is true, `stage` the part of the reader that made it, and `proven` says whether
    verification leaves no reasonable doubt.
    """

    text: str
    format: str
    gtin: str | None
    corners: Corners
    millinats: int = 0
    stage: str = ""
    proven: bool = False


Named = tuple[str, str, str | None]
"""Format, text and GTIN of a symbol."""


def named(barcode: zxingcpp.Barcode) -> Named | None:
    """What the symbol says, or None if it is of no retail format or absurdly long."""
    form = _FORMS.get(barcode.format)
    if form is None or len(barcode.bytes) > TEXT_CHARACTERS_MAX:
        return None
    name, text, gtin = form(barcode)
    return name, _FORBIDDEN.sub(_REPLACEMENT, text), gtin


def has_valid_check_digit(digits: str) -> bool:
    """Whether the last digit is the GS1 modulo-10 check digit of the others."""
    weighted = (int(digit) * (1, 3)[place % 2] for place, digit in enumerate(reversed(digits)))
    return sum(weighted) % 10 == 0


def _ean13(barcode: zxingcpp.Barcode) -> Named:
    # A UPC-A symbol is an EAN-13 symbol whose first digit is 0: the bars are the same.
    digits = barcode.text.zfill(13)
    printed = ("UPCA", digits[1:]) if digits.startswith("0") else ("EAN13", digits)
    return *printed, digits.zfill(14)


def _ean8(barcode: zxingcpp.Barcode) -> Named:
    return "EAN8", barcode.text, barcode.text.zfill(14)


def _upce(barcode: zxingcpp.Barcode) -> Named:
    # zxing-cpp expands the text and keeps the eight printed digits beside it.
    beside: dict[str, str] = dict(barcode.extra)  # type: ignore[call-overload]  # its own mapping type
    return "UPCE", beside["UPCE"], barcode.text.zfill(14)


def _itf(barcode: zxingcpp.Barcode) -> Named:
    digits = barcode.text
    if len(digits) == 14 and has_valid_check_digit(digits):
        return "ITF14", digits, digits
    return "ITF", digits, None


def _databar(barcode: zxingcpp.Barcode) -> Named:
    digits = barcode.text.removeprefix("(01)")
    return "DATABAR", digits, digits


def _databar_expanded(barcode: zxingcpp.Barcode) -> Named:
    # A price field (392n, 393n) longer than GS1 allows is left unbracketed by zxing-cpp.
    text = _LONG_PRICE.sub(r"(01)\1(\2)\3", barcode.text)
    return "DATABAR_EXP", text, _gtin(text)


def _characters(name: str) -> Callable[[zxingcpp.Barcode], Named]:
    def form(barcode: zxingcpp.Barcode) -> Named:
        if barcode.content_type is zxingcpp.ContentType.Text:
            return name, barcode.text, _gtin_in_link(barcode.text)
        is_gs1 = barcode.content_type is zxingcpp.ContentType.GS1
        return name, _decoded(barcode.bytes), _gtin(barcode.text) if is_gs1 else None

    return form


def _decoded(content: bytes) -> str:
    # zxing-cpp writes control characters as "<GS>"; the bytes have them as they are.
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _gtin(bracketed: str) -> str | None:
    found = _ELEMENT_01.search(bracketed)
    return found[1] if found and has_valid_check_digit(found[1]) else None


def _gtin_in_link(text: str) -> str | None:
    """The GTIN of a GS1 Digital Link: its path carries application identifier 01."""
    found = _DIGITAL_LINK_01.match(text)
    return found[1].zfill(14) if found and has_valid_check_digit(found[1]) else None


_FORMS: dict[Kind, Callable[[zxingcpp.Barcode], Named]] = {
    Kind.EAN13: _ean13,
    Kind.UPCA: _ean13,
    Kind.EAN8: _ean8,
    Kind.UPCE: _upce,
    Kind.ITF: _itf,
    Kind.ITF14: _itf,
    Kind.Code128: _characters("CODE128"),
    Kind.DataBar: _databar,
    Kind.DataBarOmni: _databar,
    Kind.DataBarStk: _databar,
    Kind.DataBarStkOmni: _databar,
    Kind.DataBarLtd: _databar,
    Kind.DataBarExp: _databar_expanded,
    Kind.DataBarExpStk: _databar_expanded,
    Kind.QRCode: _characters("QR"),
    Kind.QRCodeModel1: _characters("QR"),
    Kind.QRCodeModel2: _characters("QR"),
    Kind.DataMatrix: _characters("DATAMATRIX"),
}

FORMATS = zxingcpp.BarcodeFormats(list(_FORMS))
"""What zxing-cpp is asked for: retail symbologies only, which halves its time."""
