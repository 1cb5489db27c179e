"""GS1 element strings, as a symbol holds them and as people read them, taken apart by the table.

Nothing is judged here but form and content; whether AIs may stand together is for `associations`.
The text must have been bounded in length before it comes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cart.core.coding.contents import CONTENTS, kind_fault
from cart.core.coding.identifiers import IDENTIFIERS, Identifier, Part, identifier_at

FNC1 = "\x1d"

Elements = tuple[tuple[str, str], ...]


class Message(NamedTuple):
    """Elements in their order, and what is wrong ("" if nothing is).

    `form` ended the reading: what came before it stands in `elements`. `contents` are faults of
    values that could still be told apart, in the elements' order.
    """

    elements: Elements
    form: str = ""
    contents: tuple[str, ...] = ()


def parse_element_string(text: str) -> Message:
    r"""Read the text of a GS1 symbol; FNC1 is "\x1d", and one in front does no harm."""
    rest = text.removeprefix(FNC1)
    elements: list[tuple[str, str]] = []
    contents: list[str] = []
    form = "" if rest else "it holds no GS1 element"
    while rest and not form:
        identifier = identifier_at(rest)
        if identifier is None:
            form = f"no application identifier begins {rest[:4]!r}"
            break
        rest = rest[len(identifier.ai) :]
        if identifier.predefined:
            value, cut, _ = rest[: identifier.length_max].partition(FNC1)
            rest = rest[len(value) + len(cut) :].removeprefix("" if cut else FNC1)
        else:
            value, _, rest = rest.partition(FNC1)
        form = length_fault(identifier, value)
        if not form:
            elements.append((identifier.ai, value))
            contents.append(content_fault(identifier, value))
    return Message(tuple(elements), form, tuple(filter(None, contents)))


# A bracket inside a value is escaped, since every other one opens the next identifier.
_BRACKETED = re.compile(r"\(([0-9]*)\)((?:\\\(|[^(])*)")


def parse_bracketed(text: str) -> Message:
    r"""Read "(01)…(10)…", as printed below a symbol; "\(" is a bracket inside a value."""
    elements: list[tuple[str, str]] = []
    contents: list[str] = []
    form = "" if text else "it holds no GS1 element"
    at = 0
    while at < len(text) and not form:
        found = _BRACKETED.match(text, at)
        if found is None:
            form = f"{text[at : at + 8]!r} should read (identifier)value"
            break
        at = found.end()
        ai, value = found[1], found[2].replace("\\(", "(")
        identifier = IDENTIFIERS.get(ai)
        if identifier is None:
            form = f"({ai}) is no application identifier"
        elif "^" in value:
            form = f"({ai}) holds a '^', which no value does"
        else:
            form = length_fault(identifier, value)
        if identifier is not None and not form:
            elements.append((ai, value))
            contents.append(content_fault(identifier, value))
    return Message(tuple(elements), form, tuple(filter(None, contents)))


def length_fault(identifier: Identifier, value: str) -> str:
    """What is wrong with the length of a whole value."""
    if not value:
        return f"({identifier.ai}) has no value"
    if len(value) < identifier.length_min:
        return f"({identifier.ai}) is too short: at least {identifier.length_min} characters"
    if len(value) > identifier.length_max:
        return f"({identifier.ai}) is too long: at most {identifier.length_max} characters"
    return ""


def content_fault(identifier: Identifier, value: str) -> str:
    """What is first wrong with the parts of a value whose length fits."""
    rest = value
    for part in identifier.parts:
        if not rest and part.optional:
            break
        text, rest = rest[: part.length_max], rest[part.length_max :]
        if len(text) < part.length_min:
            return f"({identifier.ai}) ends in the middle of a part"
        fault = next(filter(None, _part_faults(part, text)), "")
        if fault:
            return f"({identifier.ai}): {fault}"
    return ""


def _part_faults(part: Part, text: str) -> Iterator[str]:
    """Lazily: a check is only asked about characters that are right."""
    yield kind_fault(part.kind, text)
    for check in part.checks:
        yield CONTENTS[check](text)


def readable(elements: Elements) -> str:
    """The elements as people read them."""
    return "".join(f"({ai}){value}" for ai, value in elements)
