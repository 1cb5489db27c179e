"""The symbols of retail by their AIM identifiers (ISO/IEC 15424), and how the text of each is read.

One row a symbol. A symbol that is missing here is not used for products at a till.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

Holds = Literal["elements", "digits", "anything"]

AIM_LENGTH = 3


class Carrier(NamedTuple):
    """A symbol: GS1 elements, or so many digits, or any text (then a link may stand in it)."""

    name: str
    holds: Holds
    digits: tuple[int, ...] = ()
    gtin_digits: int = 0
    has_eci: bool = False


class _Symbol(NamedTuple):
    """A symbol of any text, and its modifiers by what they say: nothing of GS1, an FNC1 in front
    (then it holds elements), or that the text has escaped character sets (ECI) in it."""

    letter: str
    name: str
    plain: str
    gs1: str = ""
    eci: str = ""

    @property
    def modifiers(self) -> str:
        """All of them."""
        return f"{self.plain}{self.gs1}{self.eci}"


def _carrier(symbol: _Symbol, modifier: str) -> Carrier:
    if modifier in symbol.gs1:
        return Carrier(f"GS1 {symbol.name}", "elements")
    return Carrier(symbol.name, "anything", has_eci=modifier in symbol.eci)


_SYMBOLS = (
    _Symbol("A", "Code 39", "0123457"),
    _Symbol("B", "Telepen", "0124"),
    _Symbol("C", "Code 128", "024", "1"),
    _Symbol("F", "Codabar", "0124"),
    _Symbol("G", "Code 93", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm"),
    _Symbol("H", "Code 11", "013"),
    _Symbol("J", "DotCode", "02", "1", "35"),
    _Symbol("K", "Code 16K", "024", "1"),
    _Symbol("L", "PDF417", "0245", "3", "1"),
    _Symbol("M", "MSI", "01"),
    _Symbol("O", "Codablock", "0456", "", "1"),
    _Symbol("P", "Plessey", "0"),
    _Symbol("Q", "QR Code", "015", "3", "246"),
    _Symbol("R", "Straight 2 of 5", "013"),
    _Symbol("S", "Straight 2 of 5", "0"),
    _Symbol("U", "MaxiCode", "01", "", "23"),
    _Symbol("c", "Channel Code", "012345678"),
    _Symbol("d", "Data Matrix", "013", "2", "456"),
    _Symbol("h", "Han Xin", "0", "", "1"),
    _Symbol("z", "Aztec", "026C", "1", "3459AB"),
)

CARRIERS: Mapping[str, Carrier] = {
    **{f"]{row.letter}{one}": _carrier(row, one) for row in _SYMBOLS for one in row.modifiers},
    "]E0": Carrier("EAN-13, UPC-A or UPC-E", "digits", (13,), 13),
    "]E1": Carrier("two-digit add-on", "digits", (2,)),
    "]E2": Carrier("five-digit add-on", "digits", (5,)),
    "]E3": Carrier("EAN-13, UPC-A or UPC-E with add-on", "digits", (15, 18), 13),
    "]E4": Carrier("EAN-8", "digits", (8,), 8),
    "]I0": Carrier("Interleaved 2 of 5", "digits", (14,), 14),
    "]I1": Carrier("ITF-14", "digits", (14,), 14),
    "]e0": Carrier("GS1 DataBar", "elements"),
    "]e1": Carrier("GS1 Composite", "elements"),
    "]e2": Carrier("GS1 Composite", "elements"),
}

# What readers of pictures call the symbols that need no AIM identifier.
AIM_BY_NAME: Mapping[str, str] = {
    "EAN13": "]E0",
    "EAN8": "]E4",
    "ITF14": "]I1",
    "ITF": "]I0",
    "DATABAR_EXP": "]e0",
    "CODE128": "]C0",
    "QR": "]Q1",
    "DATAMATRIX": "]d1",
}

_ECI = re.compile(r"\\([0-9]{6}|\\)")


def without_eci(text: str) -> str:
    r"""A text without its escapes of character sets: "\000026" says UTF-8, two backslashes are one
    (ISO/IEC 15424, AIM ECI protocol)."""
    return _ECI.sub(lambda found: "\\" if found[1] == "\\" else "", text)
