"""Scenarios: a basket, offers, a shopper, in the neutral words that published cases are told in.

It turns them into an order, so that every case runs through the one engine. Each word has its type
and bounds here; what does not fit is refused with the place it stands at, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from cart.core.coding.iso import CURRENCY_NUMBERS
from cart.core.pricing.bundle import Bundle, Part
from cart.core.pricing.coupon import Coupon
from cart.core.pricing.field import Good
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.offers import Deal, Shopper, is_local_time
from cart.core.pricing.order import Fee, Item, Offers, Order, Tenders
from cart.core.pricing.vocabulary import ScenarioError, deal_of
from cart.core.units import Rounding, round_fraction
from cart.core.value import Value

AMOUNT_MINOR_MAX = 1_000_000_000_000  # a flat in the currency with the smallest unit
ROWS_MAX = 1_000
UNITS_MAX = 10_000  # of all lines together
PPM_OF_BASIS_POINT = 100
WEIGHT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")

AmountMinor = Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]
Uses = Annotated[int, Meta(ge=0, le=1_000_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Struct = TypeVar("Struct", bound=Value)
Rows = Annotated[tuple[dict[str, Any], ...], Meta(max_length=ROWS_MAX)]


class ToldItem(Value, rename={"unit_price_minor": "unit_price", "deposit_minor": "deposit"}):
    """One line as it is told; the deposit is of each piece, `net_weight` a decimal, `ext` what all
    of it costs as somebody else worked it out: a check."""

    line: Name
    unit_price_minor: AmountMinor
    qty: Annotated[int, Meta(ge=0, le=ROWS_MAX)] = 1
    tax_bp: BasisPoints = 0
    snap: bool = False
    deposit_minor: AmountMinor = 0
    category: str = ""
    group: str = ""
    net_weight: Any = None
    ext: AmountMinor | None = None


class ToldReturn(Value, rename={"amount_minor": "amount"}):
    """A bottle given back: its deposit bore no tax."""

    id: Name
    amount_minor: AmountMinor


class ToldFee(ToldReturn):
    """A fee."""

    snap: bool = False
    tax_bp: BasisPoints = 0


class Told(Value):
    """A scenario as it is told; items and offers are read one by one, so that words are counted."""

    items: Rows
    promotions: Rows = ()
    id: str | int = ""
    currency: str | None = None
    rounding: Rounding = "half_up"
    customer: dict[str, bool | dict[str, Uses]] = msgspec.field(default_factory=dict)
    now: str = ""
    fees: Rows = ()
    returns: Rows = ()
    tender_order: tuple[str, ...] = ()
    balances: dict[str, AmountMinor | None] = msgspec.field(default_factory=dict)
    tax_inclusive: bool = False


# Those that change no price: checks of the reader's, and how the basket came about.
SILENT_ITEM_WORDS = ("unit", "units_in_pack", "label_price", "name")
SCENARIO_WORDS = (*Told.__struct_encode_fields__, "title", "unit", "expect", "source", "license",
                  "upstream", "note", "events")  # fmt: skip
TENDERS = ("snap", "other")


class Scenario(Value):
    """What was read: the order, the words nobody knew, as place and word, and the checks that do
    not agree."""

    scenario_id: str
    order: Order
    unknown: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()


def scenario_of(row: Mapping[str, Any]) -> Scenario:
    """Read one scenario. Raises ScenarioError."""
    told = _converted(row, Told, "")
    _check_words(told)
    unknown = [word for word in row if word not in SCENARIO_WORDS]
    unknown += [f"tender_order.{name}" for name in told.tender_order if name not in TENDERS]
    rows = list(_rows(told.items, ToldItem, "items", unknown))
    items = [_item(item, number, told.rounding) for number, item in enumerate(rows)]
    differs = [
        f"items[{number}].ext: {row.ext} is told, {item.price_minor} is right"
        for number, (row, item) in enumerate(zip(rows, items, strict=True))
        if row.ext not in (None, item.price_minor)
    ]
    deals = [_apart(deal, items) for deal in _deals(told.promotions, unknown)]
    _assert_differ("items", "line", [item.line_id for item in items])
    _assert_differ("promotions", "id", [deal.deal_id for deal in deals])
    if sum([item.quantity for item in items]) > UNITS_MAX:
        raise ScenarioError(f"items: more than {UNITS_MAX} pieces; price them in several baskets")
    order = Order(
        items=tuple(items),
        offers=Offers(tuple(deals)),
        shopper=_shopper(told),
        fees=tuple(_fees(told, unknown)),
        tenders=Tenders("snap" in told.tender_order, told.balances.get("snap")),
        rounding=told.rounding,
        tax_inside=told.tax_inclusive,
        tax_rounding=told.rounding,
    )
    return Scenario(str(told.id), order, tuple(unknown), tuple(differs))


def _rows(rows: Rows, kind: type[Struct], table: str, unknown: list[str]) -> Iterator[Struct]:
    """The rows of a table; the words that nobody knows are added to `unknown`."""
    known = (*kind.__struct_encode_fields__, *(SILENT_ITEM_WORDS if kind is ToldItem else ()))
    for number, row in enumerate(rows):
        unknown += [f"{table}[{number}].{word}" for word in row if word not in known]
        yield _converted(row, kind, f"{table}[{number}]")


def _converted(row: Mapping[str, Any], kind: type[Struct], place: str) -> Struct:
    """A row with its types and bounds checked; a fault names its place from the scenario on."""
    try:
        return msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        fault = str(error).replace("`$.", f"`{place}." if place else "`")
        raise ScenarioError(fault if "`" + place in fault else f"{place}: {fault}") from error


def _check_words(told: Told) -> None:
    """What is not for types to say."""
    if told.currency is not None and told.currency not in CURRENCY_NUMBERS:
        raise ScenarioError(f"currency: {told.currency!r} is none of ISO 4217, such as USD")
    if told.now and not is_local_time(told.now):
        raise ScenarioError(f"now: {told.now!r} is no local time; write it as 2026-11-22T18:30")
    for trait, holds in told.customer.items():
        if isinstance(holds, bool) == (trait == "used"):
            wanted = "uses by offer" if trait == "used" else "true or false"
            raise ScenarioError(f"customer.{trait}: {holds!r}; write {wanted}")


def _assert_differ(table: str, word: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ScenarioError(f"{table}[{number}].{word}: {name!r} stands there twice")


def _shopper(told: Told) -> Shopper:
    used = told.customer.get("used", {})
    return Shopper(
        traits=tuple([name for name, holds in told.customer.items() if holds is True]),
        now=told.now,
        used=used if isinstance(used, dict) else {},
    )


def _fees(told: Told, unknown: list[str]) -> Iterator[Fee]:
    for row in _rows(told.fees, ToldFee, "fees", unknown):
        yield Fee(row.id, row.amount_minor, row.snap, row.tax_bp * PPM_OF_BASIS_POINT)
    for bottle in _rows(told.returns, ToldReturn, "returns", unknown):
        yield Fee(bottle.id, -bottle.amount_minor)


def _deals(offers: Rows, unknown: list[str]) -> list[AnyDeal]:
    deals = []
    for number, offer in enumerate(offers):
        try:
            deal, strange = deal_of(offer)
        except ScenarioError as error:
            raise ScenarioError(f"promotions[{number}]: {error}") from error
        deals.append(deal)
        unknown += [f"promotions[{number}].{word}" for word in strange]
    return deals


def _apart(deal: AnyDeal, items: Sequence[Item]) -> AnyDeal:
    """A coupon that shares its goods with no offer is, of these goods, a bundle of one part."""
    if not isinstance(deal, Coupon) or deal.stack != "exclusive":
        return deal
    if deal.min_spend_minor or deal.doubled_times > 1:
        raise ScenarioError(f"{deal.deal_id}: an exclusive coupon has no min_spend and no double")
    goods = [item.good for item in items]
    skus = tuple([good.sku for good in goods if deal.covers(good.sku, good.category)])
    shared = {name: getattr(deal, name) for name in Deal.__struct_fields__}
    shared["max_applications"] = min(deal.count, deal.max_applications or deal.count)
    part = Part(skus, count=deal.min_quantity)
    return Bundle(**shared, parts=(part,), amount_minor=deal.amount_minor, share_ppm=deal.share_ppm)


def _item(told: ToldItem, number: int, rounding: Rounding) -> Item:
    weight = None
    price_minor = told.unit_price_minor
    if told.net_weight is not None:
        weight = _weight(told.net_weight, number)
        price_minor = round_fraction(weight * price_minor, rounding)
    good = Good(
        sku=told.line,
        price_minor=price_minor,
        category=told.category or told.group,
        unit_price_minor=told.unit_price_minor,
        weight=weight,
        by_weight=weight is not None,
    )
    return Item(
        line_id=told.line,
        good=good,
        quantity=told.qty,
        price_minor=price_minor * told.qty,
        rate_ppm=told.tax_bp * PPM_OF_BASIS_POINT,
        category=str(told.tax_bp),
        snap=told.snap,
        deposit_minor=told.deposit_minor * told.qty,
    )


def _weight(told: object, number: int) -> Fraction:
    """A weight keeps its own unit and digits: it is an exact decimal."""
    text = str(told)
    if not WEIGHT.fullmatch(text):
        raise ScenarioError(
            f"items[{number}].net_weight: {text[:40]!r} is no weight; write a decimal such as 1.250"
        )
    return Fraction(text)
