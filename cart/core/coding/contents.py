"""What the parts of a GS1 value must be: characters, check digits, dates, countries, and so on.

Each check takes one part as text and answers what is wrong with it, or "". It must never raise,
whatever the text, and knows only the part itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from urllib.parse import unquote

from biip.checksums import gs1_standard_check_digit

from cart.core.coding.coupons import coupon_of, positive_offer_of
from cart.core.coding.dates import date_of
from cart.core.coding.faults import CodeError
from cart.core.coding.iso import COUNTRIES_BY_NUMBER, COUNTRY_NUMBERS, CURRENCIES_BY_NUMBER
from cart.core.coding.packages import PACKAGE_TYPES

Check = Callable[[str], str]

# GS1 General Specifications 7.11: the sets of characters 82, 39 and 64 (with its padding).
_SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_KINDS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "N": (re.compile(r"[0-9]*"), "a digit"),
    "X": (re.compile(f"[{re.escape(_SET_82)}]*"), "in the GS1 character set 82"),
    "Y": (re.compile(r"[#\-/0-9A-Z]*"), "in the GS1 character set 39"),
    "Z": (re.compile(r"[A-Za-z0-9_\-]*={0,2}"), "in the GS1 character set 64"),
}

# 7.9.5, the check pair of a model number: primes from the right, modulo 1021, two letters.
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_PAIR_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

PREFIX_DIGITS_MIN = 4
# The shortest bank account number of the registry is Norway's.
IBAN_LENGTH_MIN = 15


def kind_fault(kind: str, text: str) -> str:
    """What is wrong with the characters of a part of kind N, X, Y or Z."""
    pattern, wanted = _KINDS[kind]
    sound = pattern.match(text)
    if sound is None or sound.end() < len(text):
        at = 0 if sound is None else sound.end()
        return f"{text[at]!r} is not {wanted}"
    pads = text.count("=") if kind == "Z" else 0
    return "wrong number of '=' at its end" if pads and len(text) % 3 else ""


def _check(text: str) -> str:
    right = gs1_standard_check_digit(text[:-1])
    return "" if int(text[-1]) == right else f"wrong check digit: it should end in {right}"


def _check_pair(text: str) -> str:
    body, pair = text[:-2], text[-2:]
    if len(body) < 1 or len(body) > len(_PRIMES):
        return "too short for its two check characters"
    pairs = zip(reversed(body), _PRIMES, strict=False)
    total = sum(_SET_82.index(letter) * prime for letter, prime in pairs) % 1021
    right = _PAIR_LETTERS[total // 32] + _PAIR_LETTERS[total % 32]
    return "" if pair == right else f"wrong check characters: it should end in {right}"


def _prefix_at(start: int) -> Check:
    def check(text: str) -> str:
        prefix = text[start : start + PREFIX_DIGITS_MIN]
        if len(prefix) < PREFIX_DIGITS_MIN:
            return "too short to hold a GS1 company prefix"
        return "" if prefix.isdecimal() else "its GS1 company prefix is not of digits"

    return check


def _date(*, day_zero: bool) -> Check:
    def check(text: str) -> str:
        return _date_fault(f"20{text}", day_zero=day_zero)

    return check


def _date_fault(text: str, *, day_zero: bool = False) -> str:
    try:
        date_of(text, day_zero=day_zero)
    except CodeError as error:
        return str(error)
    return ""


def _below(limit: int, what: str) -> Check:
    return lambda text: "" if int(text) < limit else f"{text} is no {what}"


def _time(text: str) -> str:
    return CONTENTS["hour"](text[:2]) or CONTENTS["minute"](text[2:])


def _pattern(pattern: str, wanted: str) -> Check:
    compiled = re.compile(pattern)
    return lambda text: "" if compiled.fullmatch(text) else f"{text!r} should be {wanted}"


def _among(table: Container[str], what: str, *more: str) -> Check:
    return lambda text: "" if text in table or text in more else f"{text!r} is no {what}"


def _percent(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return "a '%' that no two hexadecimal digits follow"
    return "a null character" if "\0" in unquote(text) else ""


def _piece(text: str) -> str:
    piece, total = int(text[:2]), int(text[2:])
    if not piece or not total:
        return "a piece, and the total of pieces, is numbered from 1"
    return "" if piece <= total else f"piece {piece} of only {total}"


def _position(text: str) -> str:
    position, slash, end = text.partition("/")
    if not slash or not re.fullmatch(r"[1-9][0-9]*", position):
        return "should be position/end, counted from 1"
    if not re.fullmatch(r"[1-9][0-9]*", end):
        return "should be position/end, counted from 1"
    return "" if int(position) <= int(end) else f"position {position} of only {end}"


def _iban(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Z]+", text):
        return "an account number holds capital letters and digits only"
    if text[:2] not in COUNTRY_NUMBERS:
        return f"{text[:2]!r} is no country"
    if len(text) < IBAN_LENGTH_MIN:
        return "too short for an account number"
    number = int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4]))
    return "" if number % 97 == 1 else "wrong check digits of the account number"


def _decodes(decode: Callable[[str], object]) -> Check:
    def check(text: str) -> str:
        try:
            decode(text)
        except CodeError as error:
            return str(error)
        return ""

    return check


# The checks by the names that the table of identifiers uses.
CONTENTS: Mapping[str, Check] = {
    "check": _check,
    "check_pair": _check_pair,
    "country": _among(COUNTRIES_BY_NUMBER, "country number of ISO 3166"),
    "country2": _among(COUNTRY_NUMBERS, "country of ISO 3166"),
    "country_or_many": _among(COUNTRIES_BY_NUMBER, "country number of ISO 3166", "999"),
    "coupon": _decodes(coupon_of),
    "currency": _among(CURRENCIES_BY_NUMBER, "currency number of ISO 4217"),
    "date": _date(day_zero=False),
    "date0": _date(day_zero=True),
    "full_date": _date_fault,
    "hour": _below(24, "hour"),
    "hyphen": _pattern("-", "a hyphen"),
    "iban": _iban,
    "importer": _pattern(r"[-0-9A-Z_a-z]", "an importer's letter or digit"),
    "latitude": _below(1_800_000_001, "latitude"),
    "letter": _pattern(r".*[^0-9].*", "more than digits"),
    "longitude": _below(3_600_000_001, "longitude"),
    "medium": _pattern(r"0[1-9]|10|[89][0-9]", "01 to 10 or 80 to 99"),
    "minute": _below(60, "minute or second"),
    "no_zero_first": _pattern(r"0|[1-9].*", "without a leading zero"),
    "not_zero": _pattern(r".*[^0].*", "more than zero"),
    "package": _among(PACKAGE_TYPES, "package type of UN/ECE"),
    "percent": _percent,
    "piece": _piece,
    "position": _position,
    "positive_offer": _decodes(positive_offer_of),
    "prefix1": _prefix_at(0),
    "prefix2": _prefix_at(1),
    "sex": _pattern(r"[0129]", "0, 1, 2 or 9"),
    "time": _time,
    # "9999" says a day without a time (General Specifications 3.8.6 and 3.8.7).
    "time_or_none": lambda text: "" if text == "9999" else _time(text),
    "winding": _pattern(r"[019]", "0, 1 or 9"),
    "yes_no": _pattern(r"[01]", "0 or 1"),
    "zero": _pattern(r"0", "0"),
}
