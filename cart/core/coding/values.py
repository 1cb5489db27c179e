"""What GS1 elements say in plain values: dates, measures, amounts, a lot, a coupon.

Numbers keep every printed digit, as text; a two-digit year needs today. It must never raise: an
element that says nothing sound says nothing here, and `elements` has named its fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time

import msgspec

from cart.core.coding.coupons import Coupon, PositiveOffer, coupon_of, positive_offer_of
from cart.core.coding.dates import date_of, short_date_of
from cart.core.coding.elements import Elements
from cart.core.coding.faults import CodeError
from cart.core.coding.iso import CURRENCIES_BY_NUMBER
from cart.core.units import decimal_text
from cart.core.value import Value

# Dates of two-digit years, most with hours, minutes and seconds behind them.
_DATES = (
    "11", "12", "13", "15", "16", "17", "4324", "4325", "4326", "7003", "7006", "7007", "7011",
    "8008",
)  # fmt: skip
_FULL_DATES = ("7250", "7251")
# A second date, not a time, follows the harvest's first one.
_TIMELESS = ("7007",)
_NO_TIME = "9999"

# The elements that name a trade item; those with pieces have more behind the number.
GTIN_IDENTIFIERS = ("01", "02", "03", "8006", "8026")

# Dates after which, and by which, a till asks.
_NAMED_DATES: Mapping[str, str] = {
    "15": "best_before",
    "16": "sell_by",
    "17": "use_by",
    "7003": "use_by",
}


class Said(Value, omit_defaults=True):
    """What the elements of one code say. Of several of one kind the first one counts.

    Dates are ISO 8601, decimals text. `decimal` is a measure in the unit of its AI, `amount` a
    price or a coupon's value, `weight_kg` the net weight if the code has it in kilograms.
    """

    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    date: str | None = None
    datetime: str | None = None
    best_before: str | None = None
    sell_by: str | None = None
    use_by: str | None = None
    decimal: str | None = None
    weight_kg: str | None = None
    amount: str | None = None
    currency: str | None = None
    percent: str | None = None
    coupon: Coupon | None = None
    positive_offer: PositiveOffer | None = None


# `convert` finds the type learned, whichever thread reads a code first (contract/decoding.py).
msgspec.json.Decoder(Said)


def said_by(elements: Elements, today: date) -> Said:
    """All that the elements say, as far as it is sound."""
    found: dict[str, object] = {}
    for ai, value in elements:
        if not value.isascii():
            continue
        for name, said in _said(ai, value, today).items():
            found.setdefault(name, said)
    return msgspec.convert(found, Said)


def _said(ai: str, value: str, today: date) -> dict[str, object]:
    try:
        if ai in _DATES or ai in _FULL_DATES:
            return _dated(ai, value, today)
        if ai in _DIRECT:
            return _DIRECT[ai](value)
        return _measured(ai, value) if ai[0] == "3" and len(ai) == 4 else {}
    except (CodeError, ValueError):
        return {}


_DIRECT: Mapping[str, Callable[[str], dict[str, object]]] = {
    **dict.fromkeys(GTIN_IDENTIFIERS, lambda value: {"gtin": value[:14]}),
    "10": lambda value: {"lot": value},
    "21": lambda value: {"serial": value},
    "8110": lambda value: {"coupon": coupon_of(value)},
    "8112": lambda value: {"positive_offer": positive_offer_of(value)},
}


def _dated(ai: str, value: str, today: date) -> dict[str, object]:
    digits = 8 if ai in _FULL_DATES else 6
    day = date_of(value[:8]) if digits == 8 else short_date_of(value[:6], today)
    said: dict[str, object] = {"date": day.isoformat()}
    if ai in _NAMED_DATES:
        said[_NAMED_DATES[ai]] = day.isoformat()
    clock = value[digits:]
    if clock and clock != _NO_TIME and ai not in _TIMELESS:
        said["datetime"] = f"{day.isoformat()} {time.fromisoformat(clock).isoformat()}"
    return said


def _measured(ai: str, value: str) -> dict[str, object]:
    """AIs 31nn to 36nn, 390n to 395n: the last digit tells the decimals."""
    family, decimals = ai[:3], int(ai[3])
    if family in {"391", "393"}:
        currency = CURRENCIES_BY_NUMBER.get(value[:3])
        amount = decimal_text(int(value[3:]), decimals)
        return {"amount": amount} if currency is None else {"amount": amount, "currency": currency}
    text = decimal_text(int(value), decimals)
    if family in {"390", "392", "395"}:
        return {"amount": text}
    if family == "394":
        return {"percent": text}
    return {"decimal": text, "weight_kg": text} if family == "310" else {"decimal": text}
