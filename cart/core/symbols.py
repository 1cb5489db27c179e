"""From the text of a symbol to what it holds: GTINs, GS1 elements or a PLU. No catalog is asked.

Built on biip for the GS1 standards; the table at the end says how each symbol is read. A text from
outside is never trusted: whatever is wrong with it becomes a CodeError, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from biip import ParseConfig, ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementStrings
from biip.gs1_messages import GS1Message
from biip.upc import Upc

TEXT_LENGTH_MAX = 300
FNC1 = "\x1d"

# A date in a code never decides whether it can be sold here, and biip would ask today's year.
_LENIENT = ParseConfig(gs1_element_strings_verify_date=False)


class CodeError(ValueError):
    """A text is no product code; the message says what is wrong with it."""


class Content(NamedTuple):
    """What a symbol holds, before the catalog is asked: GTINs it may mean (14 digits, likeliest
    first) and its other GS1 elements; or a PLU."""

    gtins: tuple[str, ...] = ()
    elements: tuple[tuple[str, str], ...] = ()
    plu: str = ""


def content_of(text: str, symbology: str) -> Content:
    """Read a text by its symbology, as `cart.core.codes.meaning` describes. Raises CodeError."""
    text = text.strip(" \t\r\n")
    if len(text) > TEXT_LENGTH_MAX:
        raise CodeError(f"{len(text)} characters, at most {TEXT_LENGTH_MAX} can be a product code")
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


def _gtin(text: str) -> Content:
    """EAN-8, UPC-A, EAN-13 and GTIN-14: digits ending in a check digit."""
    if len(text) not in {8, 12, 13, 14} or not text.isdecimal():
        raise CodeError(f"{text!r} should have 8, 12, 13 or 14 digits and nothing else")
    if not text.strip("0"):
        raise CodeError(f"{text} is no number that is given to a product")
    right = gs1_standard_check_digit(text[:-1])
    if int(text[-1]) != right:
        raise CodeError(f"wrong check digit: {text} should end in {right}")
    return Content(gtins=(text.zfill(14),))


def _of_length(*lengths: int) -> Callable[[str], Content]:
    def read(text: str) -> Content:
        if len(text) not in lengths:
            wanted = " or ".join(str(length) for length in lengths)
            raise CodeError(f"{text!r} should have {wanted} digits")
        return _gtin(text)

    return read


def _upc_e(text: str) -> Content:
    """UPC-E as printed: 8 digits, number system and check digit included."""
    if len(text) != 8 or text[0] not in "01":
        raise CodeError(f"{text!r} should be the 8 digits of a UPC-E, beginning with 0 or 1")
    try:
        return Content(gtins=(Upc.parse(text).as_gtin_14(),))
    except ParseError as error:
        raise CodeError(f"no UPC-E: {error}") from error


def _eight(text: str) -> Content:
    """Eight digits of an unknown kind: every reading that is sound stays possible.

    Behind a 0 UPC-E comes first: an EAN-8 that begins with it is a store's own number.
    """
    gtins: list[str] = []
    faults: list[str] = []
    for reader in (_upc_e, _gtin) if text.startswith("0") else (_gtin, _upc_e):
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


def _itf(text: str) -> Content:
    if len(text) != 14:
        raise CodeError(f"an ITF code of {len(text)} digits is never an item, only one of 14 is")
    return _gtin(text)


def _elements(text: str) -> Content:
    """A GS1 element string, FNC1 between its parts; "(01)…(10)…" as people read it also does."""
    readable = text.startswith("(")
    if readable and not re.fullmatch(r"(\([0-9]{2,4}\)[^(]+)+", text):
        raise CodeError(f"{text!r} should read (AI)value(AI)value")
    read = GS1Message.parse_hri if readable else GS1Message.parse
    try:
        message = read(text, config=_LENIENT)
    except ParseError as error:
        raise CodeError(f"no GS1 element string: {error}") from error
    return _with_gtin(message.element_strings)


def _link(text: str) -> Content:
    """A GS1 Digital Link, of any host."""
    if not re.fullmatch(r"(?i)https?://[\w.\-:@\[\]~%]+/[\w.\-:@~%/?#&=+,;!$'()*]+", text):
        raise CodeError("no address of a product: it holds characters that no link has")
    try:
        link = GS1DigitalLinkURI.parse(text, config=_LENIENT)
    # Addresses that urllib refuses, such as a broken IPv6 host, come as ValueError.
    except (ParseError, ValueError) as error:
        raise CodeError(f"no GS1 Digital Link: {error}") from error
    return _with_gtin(link.element_strings)


def _with_gtin(strings: GS1ElementStrings) -> Content:
    elements = tuple((string.ai.ai, string.value) for string in strings)
    gtin = dict(reversed(elements)).get("01")
    if gtin is None:
        raise CodeError("it holds no product number (AI 01)")
    if not gtin.isascii():
        raise CodeError("the product number has digits of another script")
    return _gtin(gtin)._replace(elements=elements)


def _marked(text: str) -> Content:
    """Symbols that hold any text: only an FNC1 in front, or a link, makes it a product's."""
    if text.startswith(FNC1):
        return _elements(text.lstrip(FNC1))
    if text.lower().startswith(("http://", "https://")):
        return _link(text)
    raise CodeError("its text is neither a GS1 element string (FNC1 first) nor a Digital Link")


def _any(text: str) -> Content:
    """No word about the symbol: typed, or from a scanner that sends no identifier."""
    if not text.isdecimal():
        return _elements(text) if text.startswith(("(", "01")) else _marked(text)
    if len(text) in {4, 5}:
        return Content(plu=text)
    if len(text) == 8:
        return _eight(text)
    return _elements(text) if len(text) >= 16 else _gtin(text)


def _databar(text: str) -> Content:
    return _gtin(text) if len(text) == 14 else _elements(text)


# How each symbol is read. A symbology that is missing here never holds a product code.
_READERS: Mapping[str, Callable[[str], Content]] = {
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
    "]E4": _of_length(8),
    "]I0": _itf,
    "]I1": _itf,
    "]C0": _marked,
    "]Q0": _marked,
    "]Q1": _marked,
    "]d0": _marked,
    "]d1": _marked,
    "]J0": _marked,
    "]C1": _elements,
    "]Q3": _elements,
    "]d2": _elements,
    "]J1": _elements,
    "]e0": _databar,
    "]e1": _elements,
    "]e2": _elements,
}
