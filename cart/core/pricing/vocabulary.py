"""Scenarios: a basket, offers, a shopper, in the neutral words that published cases are told in.

It turns those words into an order, so that every case runs through the one engine. A word it does
not know is told, never guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, cast

import msgspec

from cart.core.pricing.field import Good
from cart.core.pricing.kinds import AnyDeal
from cart.core.pricing.offers import Shopper, is_local_time
from cart.core.pricing.order import Fee, Item, Offers, Order, Tenders
from cart.core.units import Rounding, round_fraction
from cart.core.value import Value

SHARES = 1_000_000
Row = Mapping[str, Any]


class ScenarioError(ValueError):
    """A scenario cannot be priced; the text names the place and what to do about it."""


class Scenario(Value):
    """What was read: the order, and the words nobody knew, as place and word."""

    scenario_id: str
    order: Order
    unknown: tuple[str, ...] = ()


def _share(value: object) -> int:
    try:
        share = Fraction(str(value)) * 10_000
    except (ValueError, ZeroDivisionError) as error:
        raise ScenarioError(f"{value!r} is no percentage; write a number from 0 to 100") from error
    if share.denominator != 1 or not 0 <= share <= SHARES:
        raise ScenarioError(f"{value!r} is no percentage; write 0 to 100 with 4 digits at most")
    return int(share)


def _one(value: object) -> list[object]:
    return [value]


def _some(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _stack(value: object) -> str:
    return "exclusive" if value == "exclusive" else "stackable" if value else "default"


def _threshold_basis(value: object) -> str:
    return "before_offers" if str(value).startswith(("before", "original")) else "after_offers"


def _basis(value: object) -> str:
    return "original" if str(value).startswith(("original", "before", "full")) else "running"


PICKS = {"line": "line_order", "cheap": "cheapest", "dear": "dearest", "most": "dearest"}


def _pick(value: object) -> str:
    """Anything else is the shopper's best choice."""
    return next((pick for start, pick in PICKS.items() if str(value).startswith(start)), "best")


def _free_item(value: object) -> str:
    return value if value == "cheapest_eligible_in_basket" else "cheapest_of_group"


def _get_item(value: object) -> str:
    return "cheapest_of_pair" if str(value).startswith("cheapest") else "any"


def _parts(value: Mapping[str, int]) -> list[dict[str, object]]:
    return [{"skus": [line], "count": count} for line, count in value.items()]


def _choices(value: Iterable[Row]) -> list[dict[str, object]]:
    return [{"skus": _some(row["lines"]), "count": row.get("qty", 1)} for row in value]


def _tiers(value: Iterable[Row]) -> list[dict[str, object]]:
    return [_renamed(row, TIER_WORDS)[0] for row in value]


def _same(value: object) -> object:
    return value


Word = tuple[str, Callable[[Any], object]]
TIER_WORDS: Mapping[str, Word] = {
    "min_spend": ("min_spend_minor", _same),
    "amount": ("amount_minor", _same),
    "percent": ("share_ppm", _share),
}
# A word of the scenarios: the field of ours, and how its value is told there.
OFFER_WORDS: Mapping[str, Word] = {
    "id": ("deal_id", _same),
    "title": ("title", _same),
    "type": ("type", _same),
    "line": ("skus", _one),
    "lines": ("skus", _some),
    "buy": ("skus", _some),
    "get": ("get_skus", _some),
    "category": ("categories", _some),
    "categories": ("categories", _some),
    "exclude": ("except_skus", _some),
    "requires": ("requires", _same),
    "window": ("window", _same),
    "priority": ("priority", _same),
    "binding": ("binding", _same),
    "binding_priority": ("binding", _same),
    "priority_binding": ("binding", _same),
    "stack": ("stack", _stack),
    "exclusive_group": ("exclusive_group", _same),
    "issuer": ("funder", _same),
    "funder": ("funder", _same),
    "rounding": ("rounding", _same),
    "max_applications": ("max_applications", _same),
    "max_per_shopper": ("max_per_shopper", _same),
    "max_units": ("max_units", _same),
    "n": ("quantity", _same),
    "free": ("free", _same),
    "buy_qty": ("buy", _same),
    "get_qty": ("free", _same),
    "price": ("price_minor", _same),
    "amount": ("amount_minor", _same),
    "percent": ("share_ppm", _share),
    "min_spend": ("min_spend_minor", _same),
    "min_qty": ("min_quantity", _same),
    "min_weight": ("min_weight", str),
    "max_discount": ("max_discount_minor", _same),
    "repeats": ("repeats", _same),
    "need": ("parts", _parts),
    "choose": ("parts", _choices),
    "tiers": ("tiers", _tiers),
    "group_size": ("group_size", _same),
    "pick": ("pick", _pick),
    "basis": ("basis", _basis),
    "threshold_basis": ("threshold_basis", _threshold_basis),
    "free_item": ("free_item", _free_item),
    "get_item": ("get_item", _get_item),
    "count": ("count", _same),
    "doubled_times": ("doubled_times", _same),
    "doubled_max": ("doubled_max_minor", _same),
}
# Words that are read elsewhere, or that change no price.
SILENT_WORDS = frozenset({"group", "allocate", "double", "note"})
ITEM_WORDS = frozenset({
    "line", "unit_price", "qty", "tax_bp", "snap", "deposit", "net_weight", "unit", "ext",
    "category", "group", "units_in_pack", "label_price", "name",
})  # fmt: skip
# "ext" and "expect" are checks of the reader's, "events" tell how the basket came about.
SCENARIO_WORDS = frozenset({
    "id", "title", "currency", "unit", "rounding", "items", "promotions", "expect", "source",
    "license", "upstream", "note", "events", "customer", "fees", "returns", "tender_order",
    "balances", "tax_inclusive", "now",
})  # fmt: skip


def scenario_of(row: Row) -> Scenario:
    """Read one scenario. Raises ScenarioError."""
    try:
        return _scenario(row)
    except (KeyError, TypeError, AttributeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{row.get('id', 'scenario')}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)


def _scenario(row: Row) -> Scenario:
    rounding = msgspec.convert(row.get("rounding", "half_up"), Rounding)
    unknown = [word for word in row if word not in SCENARIO_WORDS]
    items = []
    for number, item in enumerate(row["items"]):
        items.append(_item(item, number, rounding))
        unknown += [f"items[{number}].{word}" for word in item if word not in ITEM_WORDS]
    _assert_lines_differ(items)
    deals = []
    for number, offer in enumerate(row.get("promotions", ())):
        deal, strange = _deal(offer)
        deals.append(deal)
        unknown += [f"promotions[{number}].{word}" for word in strange]
    customer = row.get("customer", {})
    now = row.get("now", "")
    if now and not is_local_time(now):
        raise ScenarioError(f"now: {now!r} is no local time; write it as 2026-11-22T18:30")
    order = Order(
        items=tuple(items),
        offers=Offers(tuple(deals)),
        shopper=Shopper(
            traits=tuple([name for name, holds in customer.items() if holds is True]),
            now=now,
            used=customer.get("used", {}),
        ),
        fees=(*_fees(row.get("fees", ()), 1), *_fees(row.get("returns", ()), -1)),
        tenders=_tenders(row),
        rounding=rounding,
        tax_inside=bool(row.get("tax_inclusive", False)),
        tax_rounding=rounding,
    )
    return Scenario(str(row.get("id", "")), order, tuple(unknown))


def _assert_lines_differ(items: Iterable[Item]) -> None:
    ids = [item.line_id for item in items]
    if len(frozenset(ids)) < len(ids):
        raise ScenarioError("two items have the same line; give each its own")


def _tenders(row: Row) -> Tenders:
    balance = row.get("balances", {}).get("snap")
    return Tenders(snap="snap" in row.get("tender_order", ()), snap_minor=balance)


def _fees(rows: Iterable[Row], sign: int) -> Iterable[Fee]:
    return [
        Fee(
            row["id"],
            sign * row["amount"],
            bool(row.get("snap", False)),
            row.get("tax_bp", 0) * 100,
        )
        for row in rows
    ]


def _item(row: Row, number: int, rounding: Rounding) -> Item:
    line, unit_minor, quantity = row["line"], row["unit_price"], row.get("qty", 1)
    for name, value in (("unit_price", unit_minor), ("qty", quantity)):
        if type(value) is not int or value < 0:
            raise ScenarioError(f"items[{number}].{name}: {value!r} is no whole number from 0 on")
    weight = None
    price_minor = unit_minor
    if "net_weight" in row:
        weight = _weight(row["net_weight"], number)
        price_minor = round_fraction(weight * unit_minor, rounding)
    good = Good(
        sku=line,
        price_minor=price_minor,
        category=row.get("category", row.get("group", "")),
        unit_price_minor=unit_minor,
        weight=weight,
        by_weight=weight is not None,
    )
    tax_bp = row.get("tax_bp", 0)
    return Item(
        line_id=line,
        good=good,
        quantity=quantity,
        price_minor=price_minor * quantity,
        rate_ppm=tax_bp * 100,
        category=str(tax_bp),
        snap=bool(row.get("snap", False)),
        deposit_minor=row.get("deposit", 0) * quantity,
    )


def _weight(text: object, number: int) -> Fraction:
    """A weight keeps its own unit and digits: it is an exact decimal."""
    try:
        weight = Decimal(str(text))
    except InvalidOperation as error:
        raise ScenarioError(f"items[{number}].net_weight: {text!r} is no decimal") from error
    if not weight.is_finite() or weight < 0:
        raise ScenarioError(f"items[{number}].net_weight: {text!r} is no weight")
    return Fraction(weight)


def _deal(row: Row) -> tuple[AnyDeal, list[str]]:
    told, strange = _renamed(row, OFFER_WORDS)
    group = row.get("group")
    if group is not None and group != "all":
        told["categories"] = _some(group)
    scoped = any(told.get(name) for name in ("skus", "categories", "parts"))
    told["everything"] = group == "all" or not scoped
    if told["type"] == "percent_off" and "min_spend" in row:
        told["type"] = "basket_percent_off"  # a share from a sum on is measured on all of them
    if row.get("double") and "doubled_times" not in told:
        told["doubled_times"] = 2
    if "basis" in row and row.get("type") == "percent_off" and told.get("stack") != "exclusive":
        told["stack"] = "stackable"
    deal = msgspec.convert(told, cast("type[AnyDeal]", AnyDeal))
    known = deal.__struct_fields__
    strange += [word for word in row if word in OFFER_WORDS and word != "type"
                and OFFER_WORDS[word][0] not in known]  # fmt: skip
    return deal, strange


def _renamed(row: Row, words: Mapping[str, Word]) -> tuple[dict[str, Any], list[str]]:
    told: dict[str, Any] = {}
    strange = []
    for word, value in row.items():
        if word in words:
            name, turn = words[word]
            told[name] = turn(value)
        elif word not in SILENT_WORDS:
            strange.append(word)
    return told, strange
