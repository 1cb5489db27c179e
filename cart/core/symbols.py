"""From the text of a symbol to what a till needs of it: GTINs, GS1 elements or a PLU.

No catalog is asked. Built on `cart.core.coding`, which takes codes apart and judges them in full;
a till is milder: it sells on a code that can be read, and only keeps the packer's mistakes as
`faults`. A text from outside is never trusted: whatever is wrong becomes a CodeError, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cart.core.coding.associations import association_faults
from cart.core.coding.carriers import CARRIERS, Carrier, without_eci
from cart.core.coding.elements import (
    FNC1,
    Elements,
    Message,
    content_fault,
    parse_bracketed,
    parse_element_string,
)
from cart.core.coding.faults import CodeError
from cart.core.coding.identifiers import IDENTIFIERS
from cart.core.coding.links import parse_link
from cart.core.coding.numbers import gtin_of, is_digits, upc_a_of

__all__ = ["FNC1", "TEXT_LENGTH_MAX", "CodeError", "Content", "content_of"]

TEXT_LENGTH_MAX = 300

COUPONS = ("8110", "8112")
# AIs of measures and prices: a till must not guess what a faulty one was to say.
_MEASURES = ("31", "32", "35", "36", "39")


class Content(NamedTuple):
    """What a symbol holds, before the catalog is asked: GTINs it may mean (14 digits, likeliest
    first) and its sound GS1 elements; or a PLU. `faults` are mistakes that stop no sale."""

    gtins: tuple[str, ...] = ()
    elements: Elements = ()
    plu: str = ""
    faults: tuple[str, ...] = ()


def content_of(text: str, symbology: str) -> Content:
    """Read a text by its symbology, as `cart.core.codes.meaning` describes. Raises CodeError."""
    if len(text) > TEXT_LENGTH_MAX:
        raise CodeError(f"{len(text)} characters, at most {TEXT_LENGTH_MAX} can be a product code")
    text = text.strip(" \t\r\n")
    if not symbology and text.startswith("]"):
        symbology, text = text[:3], text[3:]
    # The part after this mark is the second symbol of a composite; the first one is the item.
    text = text.partition("|]")[0]
    if not text:
        raise CodeError("the code is empty")
    if not text.isascii() or not text.replace(FNC1, "").isprintable():
        raise CodeError("control characters or letters that no product code has")
    reader = _READERS.get(symbology)
    if reader is None:
        raise CodeError(f"a product code is not printed as {symbology!r}")
    return reader(text)


def _of_length(*lengths: int) -> Callable[[str], Content]:
    return lambda text: Content(gtins=(gtin_of(text, lengths),))


def _upc_e(text: str) -> Content:
    """UPC-E as printed: 8 digits, number system and check digit included."""
    if len(text) != 8 or text[0] not in "01":
        raise CodeError(f"{text!r} should be the 8 digits of a UPC-E, beginning with 0 or 1")
    return Content(gtins=(upc_a_of(text).zfill(14),))


def _eight(text: str) -> Content:
    """Eight digits of an unknown kind: every reading that is sound stays possible.

    Behind a 0 UPC-E comes first: an EAN-8 that begins with it is a store's own number.
    """
    gtins: list[str] = []
    faults: list[str] = []
    readers = (_upc_e, _of_length(8))
    for reader in readers if text.startswith("0") else reversed(readers):
        try:
            gtins.extend(reader(text).gtins)
        except CodeError as error:
            faults.append(str(error))
    if not gtins:
        raise CodeError("; ".join(faults))
    return Content(gtins=tuple(gtins))


def _retail(text: str) -> Content:
    """]E0: EAN-13, or UPC-A and UPC-E from scanners that do not expand them."""
    return _eight(text) if len(text) == 8 else _of_length(12, 13)(text)


def _with_add_on(text: str) -> Content:
    """]E3: the add-on of 2 or 5 digits is a price or an issue of no meaning here."""
    if len(text) not in (15, 18) or not is_digits(text):
        raise CodeError(f"{text!r} should have 13 digits and an add-on of 2 or 5")
    return _of_length(13)(text[:13])


def _itf(text: str) -> Content:
    if len(text) != 14:
        raise CodeError(f"an ITF code of {len(text)} digits is never an item, only one of 14 is")
    return _of_length(14)(text)


def _elements(text: str) -> Content:
    """A GS1 element string, FNC1 between its parts; "(01)…(10)…" as people read it also does."""
    message = parse_bracketed(text) if text.startswith("(") else parse_element_string(text)
    return _of_message(message, "GS1 element string")


def _link(text: str) -> Content:
    """A GS1 Digital Link, of any host; a scheme in capitals and a last slash are no matter here."""
    scheme, mark, rest = text.partition("://")
    plain = re.sub(r"/(?=[?#]|$)", "", rest, count=1)
    return _of_message(parse_link(f"{scheme.lower()}{mark}{plain}"), "GS1 Digital Link")


def _of_message(message: Message, what: str) -> Content:
    """The item of a message, or its coupon."""
    if message.form:
        raise CodeError(f"no {what}: {message.form}")
    sound: list[tuple[str, str]] = []
    for ai, value in message.elements:
        fault = content_fault(IDENTIFIERS[ai], value)
        if fault and ai.startswith((*_MEASURES, *COUPONS)):
            raise CodeError(f"no {what}: {fault}")
        if not fault or ai == "01":
            sound.append((ai, value))
    named = dict(reversed(sound))
    content = Content(
        elements=tuple(sound),
        faults=(*message.contents, *association_faults(message.elements)),
    )
    if "01" in named:
        return content._replace(gtins=(gtin_of(named["01"], (14,)),))
    if not any(ai in named for ai in COUPONS):
        raise CodeError(f"no {what} of an item: it holds no product number (AI 01)")
    return content


def _marked(text: str) -> Content:
    """Symbols that hold any text: only an FNC1 in front, or a link, makes it a product's."""
    if text.startswith(FNC1):
        return _elements(text)
    if text.lower().startswith(("http://", "https://")):
        return _link(text)
    raise CodeError("its text is neither a GS1 element string (FNC1 first) nor a Digital Link")


def _any(text: str) -> Content:
    """No word about the symbol: typed, or from a scanner that sends no identifier."""
    if not is_digits(text):
        return _elements(text) if text.startswith(("(", "01", *COUPONS)) else _marked(text)
    if len(text) in (4, 5):
        return Content(plu=text)
    if len(text) == 8:
        return _eight(text)
    return _elements(text) if len(text) >= 16 else _of_length(8, 12, 13, 14)(text)


def _databar(text: str) -> Content:
    return _of_length(14)(text) if len(text) == 14 else _elements(text)


def _with_eci(text: str) -> Content:
    return _marked(without_eci(text))


def _reader_of(carrier: Carrier) -> Callable[[str], Content]:
    if carrier.holds == "elements":
        return _elements
    return _with_eci if carrier.has_eci else _marked


# How each symbol is read. A symbology that is missing here never holds a product code.
_READERS: Mapping[str, Callable[[str], Content]] = {
    **{aim: _reader_of(row) for aim, row in CARRIERS.items() if row.holds != "digits"},
    "": _any,
    "EAN13": _of_length(13),
    "UPCA": _of_length(12),
    "EAN8": _of_length(8),
    "UPCE": _upc_e,
    "ITF14": _itf,
    "ITF": _itf,
    "DATABAR": _databar,
    "DATABAR_EXP": _databar,
    "CODE128": _marked,
    "QR": _marked,
    "DATAMATRIX": _marked,
    "]E0": _retail,
    "]E3": _with_add_on,
    "]E4": _of_length(8),
    "]I0": _itf,
    "]I1": _itf,
    "]e0": _databar,
}
