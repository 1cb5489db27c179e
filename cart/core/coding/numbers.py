"""Plain numbers: GTIN-8, -12, -13 and -14, UPC-E, and the PLU of loose fruit and vegetables.

Sources: GS1 General Specifications 5.2 (UPC-E) and 7.9.1 (check digit), by biip; IFPS, PLU codes
user's guide. No catalog is asked: a store's own PLU may well be one that IFPS does not know.
"""

from __future__ import annotations

from typing import NamedTuple

from biip import ParseError
from biip.checksums import gs1_standard_check_digit
from biip.gtin import Gtin
from biip.upc import Upc

from cart.core.coding.faults import CodeError

GTIN_LENGTHS = (8, 12, 13, 14)


def is_digits(text: str) -> bool:
    """Whether a text is 0 to 9 throughout; other scripts have digits too."""
    return text.isascii() and text.isdecimal()


def gtin_of(text: str, lengths: tuple[int, ...] = GTIN_LENGTHS) -> str:
    """The 14 digits of a GTIN in one of its forms. Raises CodeError."""
    if len(text) not in lengths or not is_digits(text):
        wanted = " or ".join(map(str, lengths))
        raise CodeError(f"{text!r} should have {wanted} digits and nothing else")
    if not text.strip("0"):
        raise CodeError(f"{text} is no number that is given to a product")
    right = gs1_standard_check_digit(text[:-1])
    if int(text[-1]) != right:
        raise CodeError(f"wrong check digit: {text} should end in {right}")
    return text.zfill(14)


def gtin_format(gtin: str) -> str | None:
    """GTIN_8, GTIN_12, GTIN_13 or GTIN_14; None for a number that is no GTIN."""
    try:
        return Gtin.parse(gtin).format.name
    except ParseError:
        return None


def upc_a_of(text: str) -> str:
    """The 12 digits of a UPC-A, or of a UPC-E with 6, 7 or 8 digits. Raises CodeError."""
    if not is_digits(text):
        raise CodeError(f"{text!r} should have digits and nothing else")
    try:
        return Upc.parse(text).as_upc_a()
    except ParseError as error:
        raise CodeError(f"no UPC: {error}") from error


class Plu(NamedTuple):
    """A PLU without its prefix: 94011 is the organic 4011."""

    number: str
    organic: bool


def plu_of(text: str) -> Plu:
    """Read 4 digits from 3000 to 4999, or 5 with a 9 (organic) or 0 in front. Raises CodeError."""
    if not is_digits(text) or len(text) not in (4, 5):
        raise CodeError(f"a PLU has 4 or 5 digits, not {text!r}")
    prefix, number = text[:-4], text[-4:]
    if prefix == "8":
        raise CodeError(f"PLU {text}: numbers that begin with 8 are not in use")
    if prefix not in ("", "0", "9") or number[0] not in "34":
        raise CodeError(f"PLU {text}: no fruit or vegetable has such a number")
    return Plu(number, organic=prefix == "9")
