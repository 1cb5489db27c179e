"""The symbols of retail by their AIM identifiers (ISO/IEC 15424), and how the text of each is read.

One row a symbol. A symbol that is missing here is not used for products at a till.
"""

from __future__ import annotations

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


CARRIERS: Mapping[str, Carrier] = {
    "]E0": Carrier("EAN-13, UPC-A or UPC-E", "digits", (13,), 13),
    "]E1": Carrier("two-digit add-on", "digits", (2,)),
    "]E2": Carrier("five-digit add-on", "digits", (5,)),
    "]E3": Carrier("EAN-13, UPC-A or UPC-E with add-on", "digits", (15, 18), 13),
    "]E4": Carrier("EAN-8", "digits", (8,), 8),
    "]I0": Carrier("Interleaved 2 of 5", "digits", (14,), 14),
    "]I1": Carrier("ITF-14", "digits", (14,), 14),
    "]C0": Carrier("Code 128", "anything"),
    "]C1": Carrier("GS1-128", "elements"),
    "]e0": Carrier("GS1 DataBar", "elements"),
    "]e1": Carrier("GS1 Composite", "elements"),
    "]e2": Carrier("GS1 Composite", "elements"),
    "]d0": Carrier("Data Matrix", "anything"),
    "]d1": Carrier("Data Matrix", "anything"),
    "]d2": Carrier("GS1 DataMatrix", "elements"),
    "]Q0": Carrier("QR Code", "anything"),
    "]Q1": Carrier("QR Code", "anything"),
    "]Q3": Carrier("GS1 QR Code", "elements"),
    "]J0": Carrier("DotCode", "anything"),
    "]J1": Carrier("GS1 DotCode", "elements"),
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
