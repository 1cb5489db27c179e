"""North American coupons: AI 8110 says its own rules, AI 8112 is known to the store alone.

Source: GS1 US, North American Coupon Application Guideline Using GS1 DataBar Expanded; GS1 General
Specifications 3.9.24 and 3.9.25. Nothing here decides whether a coupon is good for a basket: the
offers do, and an 8112 coupon must be reserved and committed at the store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cart.core.coding.dates import date_of
from cart.core.coding.faults import CodeError
from cart.core.value import Value

# What a requirement counts: units, cents of the item, pounds, kilograms, cents of the whole
# basket, or nothing at all.
PURCHASE_CODES = "012349"
# What a save value counts: cents, a free item up to a price, free items, per cent, cents of the
# whole basket.
SAVE_VALUE_CODES = "01256"


class Purchase(Value):
    """What must be bought: how much of what a code counts, of a company's family of products.

    `family` 000 is any of the company's. `gcp` None is the company of the first purchase.
    """

    requirement: int
    code: str
    family: str
    gcp: str | None = None


class Coupon(Value):
    """An 8110 coupon; numbers and dates (YYMMDD) as printed.

    `rule` says how the purchases combine: 0 any one, 1 all, 2 the first and one of the others,
    3 the first, or both of the others. `applies_to` is the purchase the save value comes off.
    """

    gcp: str
    offer: str
    save_value: int
    purchase: Purchase
    second: Purchase | None = None
    third: Purchase | None = None
    rule: str = "0"
    expires: str = ""
    starts: str = ""
    serial: str = ""
    retailer: str = ""
    save_value_code: str = "0"
    applies_to: str = "0"
    store_coupon: str = "0"
    do_not_multiply: bool = False


class PositiveOffer(Value):
    """An 8112 coupon: good only once, and only if the store's reserve and commit say so."""

    funder: str
    offer: str
    serial: str
    format_code: str = "0"


@dataclass
class _Digits:
    """Takes digits off the front of a coupon; each fault names what it was taken for."""

    rest: str

    def take(self, count: int, what: str) -> str:
        taken, self.rest = self.rest[:count], self.rest[count:]
        if len(taken) < count:
            raise CodeError(f"the coupon ends before its {what}")
        return taken

    def one_of(self, allowed: str, what: str) -> str:
        digit = self.take(1, what)
        if digit not in allowed:
            raise CodeError(f"the coupon's {what} is {digit}, not one of {', '.join(allowed)}")
        return digit

    def sized(self, allowed: str, what: str, more: int = 0) -> str:
        """A value whose length, less `more`, stands before it."""
        return self.take(int(self.one_of(allowed, f"length of the {what}")) + more, what)

    def date(self, what: str) -> str:
        digits = self.take(6, what)
        try:
            date_of(f"20{digits}", day_zero=False)
        except CodeError as error:
            raise CodeError(f"the coupon's {what}: {error}") from error
        return digits


def _digits(text: str) -> _Digits:
    if not re.fullmatch(r"[0-9]+", text):
        raise CodeError("a coupon holds digits only")
    return _Digits(text)


def coupon_of(text: str) -> Coupon:
    """Decode the value of AI 8110. Raises CodeError."""
    digits = _digits(text)
    coupon = Coupon(
        gcp=digits.sized("0123456", "company prefix", 6),
        offer=digits.take(6, "offer code"),
        save_value=int(digits.sized("12345", "save value")),
        purchase=Purchase(*_requirement(digits, "first purchase")),
    )
    before = ""
    while digits.rest:
        name = digits.take(1, "next field")
        if name not in _FIELDS or name <= before:
            raise CodeError(f"the coupon's field {name} is unknown, or out of its order")
        before = name
        coupon = msgspec.structs.replace(coupon, **_FIELDS[name](digits))
    if coupon.expires and coupon.starts > coupon.expires:
        raise CodeError("the coupon ends before it starts")
    return coupon


def positive_offer_of(text: str) -> PositiveOffer:
    """Decode the value of AI 8112. Raises CodeError."""
    digits = _digits(text)
    offer = PositiveOffer(
        format_code=digits.one_of("01", "format code"),
        funder=digits.sized("0123456", "funder", 6),
        offer=digits.take(6, "offer code"),
        serial=digits.sized("0123456789", "serial number", 6),
    )
    if digits.rest:
        raise CodeError(f"{digits.rest} follows the end of the coupon")
    return offer


def _requirement(digits: _Digits, what: str) -> tuple[int, str, str]:
    return (
        int(digits.sized("12345", f"{what} requirement")),
        digits.one_of(PURCHASE_CODES, f"{what} requirement code"),
        digits.take(3, f"{what} family code"),
    )


def _further(digits: _Digits, what: str) -> Purchase:
    requirement, code, family = _requirement(digits, what)
    if digits.rest.startswith("9"):  # of the same company as the first
        digits.take(1, "9")
        return Purchase(requirement, code, family)
    gcp = digits.sized("0123456", f"{what} company prefix", 6)
    return Purchase(requirement, code, family, gcp)


def _second(digits: _Digits) -> dict[str, Any]:
    rule = digits.one_of("0123", "additional purchase rules code")
    return {"rule": rule, "second": _further(digits, "second purchase")}


def _miscellaneous(digits: _Digits) -> dict[str, Any]:
    return {
        "save_value_code": digits.one_of(SAVE_VALUE_CODES, "save value code"),
        "applies_to": digits.one_of("012", "item that the save value applies to"),
        "store_coupon": digits.take(1, "store coupon flag"),
        "do_not_multiply": digits.one_of("01", "don't multiply flag") == "1",
    }


# The optional fields, in the order in which they must come.
_FIELDS: Mapping[str, Callable[[_Digits], dict[str, Any]]] = {
    "1": _second,
    "2": lambda digits: {"third": _further(digits, "third purchase")},
    "3": lambda digits: {"expires": digits.date("expiration date")},
    "4": lambda digits: {"starts": digits.date("start date")},
    "5": lambda digits: {"serial": digits.sized("0123456789", "serial number", 6)},
    "6": lambda digits: {"retailer": digits.sized("1234567", "retailer", 6)},
    "9": _miscellaneous,
}
