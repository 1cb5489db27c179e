"""Everything that a code says by itself: `read` takes a text of a named kind apart and judges it.

One function a kind, a row each in `KINDS`. What a code means in a store is for `cart.core.codes`;
nothing here asks a catalog, and nothing raises, whatever the text is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from cart.core.coding.associations import association_faults
from cart.core.coding.carriers import AIM_BY_NAME, AIM_LENGTH, CARRIERS, Carrier, without_eci
from cart.core.coding.coupons import Coupon
from cart.core.coding.elements import (
    FNC1,
    Elements,
    Message,
    parse_bracketed,
    parse_element_string,
    readable,
)
from cart.core.coding.faults import CodeError
from cart.core.coding.identifiers import IDENTIFIERS
from cart.core.coding.layouts import (
    Market,
    is_restricted,
    key_of,
    label_of,
    layout_of,
    market_of,
    value_check_fault,
)
from cart.core.coding.links import is_link, parse_link
from cart.core.coding.numbers import GTIN_LENGTHS, gtin_format, gtin_of, is_digits, plu_of, upc_a_of
from cart.core.coding.values import Said, said_by
from cart.core.units import decimal_text

TEXT_LENGTH_MAX = 1_000
SSCC_DIGITS = 18


class Question(NamedTuple):
    """A text, its kind, the symbol it was in (AIM identifier or name, "" unknown), the market
    whose labels it may be ("" none), and the day on which it is read."""

    text: str
    today: date
    kind: str = "scan"
    symbology: str = ""
    region: str = ""


class Reading(Said, kw_only=True, omit_defaults=True):
    """What a code says: its elements' values, and what only its kind tells. What it does not say
    is not there.

    `ok` is the full verdict; `syntax_ok` the looser one, that it can be taken apart. `ais` are
    pairs of identifier and value in their order, `gtin` has 14 digits, decimals are text.
    """

    ok: bool
    error: str | None = None
    syntax_ok: bool | None = None
    gtin_format: str | None = None
    upc_ok: bool | None = None
    upc_a: str | None = None
    ais: Elements | None = None
    hri: str | None = None
    data: str | None = None
    item_ref: str | None = None
    price: str | None = None
    count: int | None = None
    key: str | None = None
    plu: str | None = None
    organic: bool | None = None
    gcp: str | None = None
    offer: str | None = None
    save_value: int | None = None
    purchase_req: int | None = None
    purchase_code: str | None = None
    family: str | None = None


def read(question: Question) -> Reading:
    """Read a text as the kind that is asked for."""
    reader = _KINDS.get(question.kind)
    try:
        if reader is None:
            raise CodeError("unsupported kind")
        if question.region:
            market_of(question.region)
        if len(question.text) > TEXT_LENGTH_MAX:
            raise CodeError(
                f"{len(question.text)} characters: a product code has at most {TEXT_LENGTH_MAX}"
            )
        return reader(question)
    except CodeError as error:
        return Reading(ok=False, error=str(error))


def _bracketed(question: Question) -> Reading:
    return _of_message(question, parse_bracketed(question.text), loose=True)


def _element_string(question: Question) -> Reading:
    # Without its symbol nothing says that these are all the elements of an item.
    judged = bool(question.symbology)
    return _of_message(question, parse_element_string(question.text), judged=judged)


def _digital_link(question: Question) -> Reading:
    return _of_message(question, parse_link(question.text.strip()))


def _of_message(
    question: Question, message: Message, *, judged: bool = True, loose: bool = False
) -> Reading:
    """The reading of elements. `judged`: their associations count; `loose`: contents are not part
    of the looser verdict, as for what people write in brackets."""
    associations = association_faults(message.elements) if judged else ()
    faults = tuple(filter(None, (message.form, *message.contents, *associations)))
    said = said_by(message.elements, question.today)
    reading = Reading(
        ok=not faults,
        error=faults[0] if faults else None,
        syntax_ok=not message.form and (loose or not message.contents),
        ais=message.elements,
        hri=readable(message.elements),
        gtin_format=said.gtin and gtin_format(said.gtin),
        **msgspec.structs.asdict(said),
    )
    return reading if said.coupon is None else _with_coupon(reading, said.coupon)


def _with_coupon(reading: Reading, coupon: Coupon) -> Reading:
    return msgspec.structs.replace(
        reading,
        gcp=coupon.gcp,
        offer=coupon.offer,
        save_value=coupon.save_value,
        purchase_req=coupon.purchase.requirement,
        purchase_code=coupon.purchase.code,
        family=coupon.purchase.family,
    )


def _gtin(question: Question) -> Reading:
    gtin = gtin_of(question.text.strip())
    return _of_gtin(question, gtin)


def _upc_e(question: Question) -> Reading:
    upc_a = upc_a_of(question.text.strip())
    return msgspec.structs.replace(_of_gtin(question, upc_a.zfill(14)), upc_a=upc_a)


def _of_gtin(question: Question, gtin: str) -> Reading:
    reading = Reading(ok=True, gtin=gtin, gtin_format=gtin_format(gtin))
    if question.region and gtin[0] == "0" and is_restricted(gtin[1:]):
        return _of_label(reading, gtin[1:], market_of(question.region))
    return reading


def _rcn(question: Question) -> Reading:
    gtin = gtin_of(question.text.strip())
    number = gtin[1:]
    if len(question.text.strip()) == 8 and gtin[6] in "02":
        return Reading(ok=True, gtin=gtin, key=gtin[6:])  # a company's own, and only it knows
    if gtin[0] != "0" or not is_restricted(number):
        raise CodeError(f"{number} is no number of a store's own: it begins with 02, 04 or 2")
    reading = _of_gtin(question, gtin)
    if reading.key is None:
        reading = msgspec.structs.replace(reading, key=number)
    if len(question.text.strip()) == 12 and reading.key is not None:
        return msgspec.structs.replace(reading, key=reading.key[1:])
    return reading


def _of_label(reading: Reading, number: str, market: Market) -> Reading:
    """Add what a market's layout reads in a 13-digit number; a wrong value check undoes `ok`."""
    layout = layout_of(number, market.layouts)
    if layout is None:
        return reading
    label = label_of(number, layout)
    reading = msgspec.structs.replace(reading, item_ref=label.item, key=key_of(number, layout))
    fault = value_check_fault(number, layout)
    if fault:
        return msgspec.structs.replace(reading, ok=False, error=fault)
    text = decimal_text(label.value, label.decimals)
    if label.kind == "price":
        return msgspec.structs.replace(reading, price=text, currency=market.currency)
    if label.kind == "weight":
        return msgspec.structs.replace(reading, weight_kg=text)
    return msgspec.structs.replace(reading, count=label.value)


def _plu(question: Question) -> Reading:
    plu = plu_of(question.text.strip())
    return Reading(ok=True, plu=plu.number, organic=plu.organic)


def _scan(question: Question) -> Reading:
    text = question.text.strip(" \t\r\n")
    symbology = AIM_BY_NAME.get(question.symbology, question.symbology)
    if not text.replace(FNC1, "").isprintable():
        raise CodeError("it holds control characters, which no product code has")
    if text.startswith("]"):
        symbology, text = text[:AIM_LENGTH], text[AIM_LENGTH:]
    if not symbology.startswith("]"):
        reading = _of_bare_text(question, text)
    elif symbology in CARRIERS:
        reading = _of_carrier(question, text, CARRIERS[symbology])
    else:
        raise CodeError(f"a product code is not printed as {symbology!r}")
    upc_ok = reading.gtin_format == "GTIN_12" or _is_upc(text)
    return msgspec.structs.replace(reading, upc_ok=upc_ok)


def _is_upc(text: str) -> bool:
    try:
        upc_a_of(text)
    except CodeError:
        return False
    return True


def _of_carrier(question: Question, text: str, carrier: Carrier) -> Reading:
    """A symbol that the scanner named. `data` writes FNC1 as "^", and "^" itself escaped."""
    text = without_eci(text) if carrier.has_eci else text
    if carrier.holds == "elements" or text.startswith(FNC1):
        data = f"^{text.removeprefix(FNC1)}".replace(FNC1, "^")
        reading = _of_message(question, parse_element_string(text))
    elif carrier.holds == "digits":
        return _of_linear(question, text, carrier)
    elif is_link(text):
        data, reading = text, _of_message(question, parse_link(text))
    else:
        data = f"\\{text}" if text.lstrip("\\").startswith("^") else text
        reading = Reading(ok=True, ais=())
    return msgspec.structs.replace(reading, data=data)


def _of_linear(question: Question, text: str, carrier: Carrier) -> Reading:
    """EAN/UPC and ITF, with the second part of a composite behind a "|" if there is one."""
    digits, mark, second = text.partition("|")
    if not is_digits(digits) or len(digits) not in carrier.digits:
        wanted = " or ".join(map(str, carrier.digits))
        raise CodeError(f"{carrier.name} holds {wanted} digits, not {digits!r}")
    reading = Reading(ok=True)
    if carrier.gtin_digits:
        gtin = gtin_of(digits[: carrier.gtin_digits], (carrier.gtin_digits,))
        reading = _of_gtin(question, gtin)
    if not mark:
        return msgspec.structs.replace(reading, ais=(), data=digits)
    if not second.startswith("]e"):
        raise CodeError("behind the '|' of a composite comes its second part, ]e0")
    text = second[AIM_LENGTH:]
    message = parse_element_string(text)
    # What the second part says, it says of the item of the first.
    whole = message._replace(elements=(("01", reading.gtin or ""), *message.elements))
    extra = _of_message(question, whole)
    return msgspec.structs.replace(
        extra, ais=message.elements, data=f"{digits}|^{text}".replace(FNC1, "^")
    )


def _of_bare_text(question: Question, text: str) -> Reading:
    """Typed, or from a scanner that names no symbols: the form of the text decides."""
    if is_link(text):
        return _of_message(question, parse_link(text))
    if text.startswith("("):
        return _of_message(question, parse_bracketed(text), loose=True)
    if not is_digits(text):
        return _of_message(question, parse_element_string(text), judged=False)
    return _plu(question) if len(text) in (4, 5) else _of_bare_digits(question, text)


def _of_bare_digits(question: Question, text: str) -> Reading:
    faults: list[CodeError] = []
    for reader in _bare_readers(text):
        try:
            return _of_gtin(question, reader(text).zfill(14))
        except CodeError as error:
            faults.append(error)
    if len(text) == SSCC_DIGITS and not (shipped := parse_element_string(f"00{text}")).contents:
        return _of_message(question, shipped)
    message = parse_element_string(text)
    reading = _of_message(question, message, judged=False)
    predefined = all(IDENTIFIERS[ai].predefined for ai, _ in message.elements)
    if faults and not (reading.ok and predefined):
        raise faults[0]  # as long as a GTIN, so that is what it was meant to be
    return reading


def _bare_readers(text: str) -> tuple[Callable[[str], str], ...]:
    """How a bare number may be read. Behind a 0, UPC-E comes before EAN-8: an EAN-8 that begins
    with it is a store's own number."""
    if len(text) == 8:
        return (upc_a_of, gtin_of) if text.startswith("0") else (gtin_of, upc_a_of)
    if len(text) in (6, 7):
        return (upc_a_of,)
    return (gtin_of,) if len(text) in GTIN_LENGTHS else ()


_KINDS: Mapping[str, Callable[[Question], Reading]] = {
    "scan": _scan,
    "bracketed": _bracketed,
    "element_string": _element_string,
    "digital_link": _digital_link,
    "gtin": _gtin,
    "upc_e": _upc_e,
    "rcn": _rcn,
    "rcn_lookup_key": _rcn,
    "plu": _plu,
}
