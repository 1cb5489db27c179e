"""Offers in the neutral words that published cases are told in: a table from word to field.

A word it does not know is told, never guessed at; a value that does not fit its word is refused by
the word's own name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, cast

import msgspec

from cart.core.pricing.kinds import GROUP_KINDS, AnyDeal
from cart.core.value import Value

PERCENTAGE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4}0*)?")
SHARES_OF_PERCENT, SHARES = 10_000, 1_000_000
Row = Mapping[str, Any]
Lines = str | tuple[str, ...]


class ScenarioError(ValueError):
    """A scenario cannot be priced; the text names the place and what to do about it."""


class Choice(Value):
    """One part of a bundle: so many pieces of any of the lines."""

    lines: Lines
    qty: int = 1


def _share(value: object) -> int:
    if not PERCENTAGE.fullmatch(str(value)):
        raise ScenarioError(f"{value!r} is no percentage; write 0 to 100 with 4 digits at most")
    share = Fraction(str(value)) * SHARES_OF_PERCENT
    if share > SHARES:
        raise ScenarioError(f"{value!r} is more than 100 percent")
    return int(share)


def _some(value: object) -> tuple[str, ...]:
    lines: Lines = msgspec.convert(value, cast("type[Lines]", Lines))
    return (lines,) if isinstance(lines, str) else lines


def _stack(value: object) -> object:
    """A plain yes stacks; the words are those of `Deal`."""
    return {"True": "stackable", "False": "default"}.get(str(value), value)


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


def _parts(value: object) -> list[dict[str, object]]:
    counts = msgspec.convert(value, dict[str, int])
    return [{"skus": [line], "count": count} for line, count in counts.items()]


def _choices(value: object) -> list[dict[str, object]]:
    choices = msgspec.convert(value, tuple[Choice, ...])
    return [{"skus": _some(choice.lines), "count": choice.qty} for choice in choices]


def _tiers(value: object) -> list[dict[str, object]]:
    rows = msgspec.convert(value, tuple[dict[str, Any], ...])
    return [_renamed(row, TIER_WORDS)[0] for row in rows]


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
    "line": ("skus", _some),
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


def deal_of(row: Row) -> tuple[AnyDeal, list[str]]:
    """Read one offer, and the words of it that nobody knew. Raises ScenarioError."""
    told, strange = _renamed(row, OFFER_WORDS)
    told = {**_scope(row, told), **told}
    if told.get("type") == "percent_off" and "percent" not in row:
        raise ScenarioError("percent: it is missing; write 0 to 100")
    if told.get("type") == "percent_off" and "min_spend" in row:
        told["type"] = "basket_percent_off"  # a share from a sum on is measured on all of them
    if _is_doubled(row) and "doubled_times" not in told:
        told["doubled_times"] = 2
    if "basis" in row and row.get("type") == "percent_off" and told.get("stack") != "exclusive":
        told["stack"] = "stackable"
    try:
        deal = msgspec.convert(told, cast("type[AnyDeal]", AnyDeal))
    except msgspec.ValidationError as error:
        raise ScenarioError(_in_words_of(row, str(error))) from error
    known = deal.__struct_fields__
    strange += [word for word in row if word in OFFER_WORDS and word != "type"
                and OFFER_WORDS[word][0] not in known]  # fmt: skip
    if deal.stack == "stackable" and type(deal) in GROUP_KINDS:
        strange.append("stack")  # what makes groups of units comes on top of nothing
    return deal, strange


def _scope(row: Row, told: Row) -> dict[str, object]:
    """What it is on: a group is a category, and without a word it is all of the basket."""
    group = row.get("group", "all" if "group" in row else "")
    if not isinstance(group, str):
        raise ScenarioError(f"group: {group!r} is no name of a group")
    scope: dict[str, object] = {"categories": [group]} if group not in ("", "all") else {}
    scoped = scope or any(told.get(name) for name in ("skus", "categories", "parts"))
    return {**scope, "everything": group == "all" or not scoped}


def _is_doubled(row: Row) -> bool:
    double = row.get("double", False)
    if not isinstance(double, bool):
        raise ScenarioError(f"double: {double!r} is neither true nor false")
    return double


def _in_words_of(row: Row, fault: str) -> str:
    """A fault of one of our fields, told with the word that the scenario has for it."""
    words = {name: word for word, (name, _) in reversed([*OFFER_WORDS.items()])}
    words |= {name: word for word, (name, _) in OFFER_WORDS.items() if word in row}
    return re.sub(
        r"`([a-z_]+)`|`\$\.([a-z_]+)",
        lambda found: found[0].replace(name := found[1] or found[2], words.get(name, name)),
        fault,
    )


def _renamed(row: Row, words: Mapping[str, Word]) -> tuple[dict[str, Any], list[str]]:
    told: dict[str, Any] = {}
    strange = []
    for word, value in row.items():
        if word in words:
            name, turn = words[word]
            try:
                told[name] = turn(value)
            except (ScenarioError, msgspec.ValidationError) as error:
                raise ScenarioError(f"{word}: {error}") from error
        elif word not in SILENT_WORDS:
            strange.append(word)
    return told, strange
