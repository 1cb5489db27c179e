"""GS1 Digital Link: a web address whose path and query are GS1 elements.

Source: GS1 Digital Link Standard, URI Syntax 1.5. An address is data here: it is never opened, and
its host means nothing. The text must have been bounded in length before it comes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from cart.core.coding.elements import Elements, Message, content_fault, length_fault
from cart.core.coding.identifiers import IDENTIFIERS

SCHEMES = ("http://", "https://", "HTTP://", "HTTPS://")

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_HOST = re.compile(r"[A-Za-z0-9\-._:]+")

# Printed links often hold a GTIN without the zeros that make it 14 digits.
_SHORT_GTINS = (8, 12, 13)
_GTIN_DIGITS = 14


def is_link(text: str) -> bool:
    """Whether a text asks to be read as a link. Schemes in mixed case are no GS1 links."""
    return text.startswith(SCHEMES)


def parse_link(text: str) -> Message:
    """Read a link. A GTIN too short for its AI is a fault, and is filled up with zeros."""
    if not is_link(text):
        return Message((), "a link begins with http:// or https://")
    if not _CHARACTERS.fullmatch(text):
        return Message((), "it holds characters that no link has")
    host, _, rest = text.partition("://")[2].partition("/")
    if not host or not rest:
        return Message((), "a link has a host and a path")
    if not _HOST.fullmatch(host):
        return Message((), "its host holds characters that no host has")
    path_text, _, query_text = rest.partition("#")[0].partition("?")
    path, query = _path(path_text.split("/")), _query(query_text)
    if not path:
        return Message((), "no GS1 key stands in its path")
    faults = (*_order_faults(path, query), *map(_value_fault, path), *map(_value_fault, query))
    elements = tuple((ai, _filled(ai, value)) for ai, value in (*path, *query) if ai in IDENTIFIERS)
    return Message(elements, contents=tuple(filter(None, faults)))


def _path(segments: list[str]) -> Elements:
    """The pairs from the last key to the end; none if something else stands between."""
    for start in range(len(segments) - 2, -1, -2):
        identifier = IDENTIFIERS.get(segments[start])
        if identifier is None:
            return ()
        if identifier.qualifiers is not None:
            values = map(unquote, segments[start + 1 :: 2])
            return tuple(zip(segments[start::2], values, strict=True))
    return ()


def _query(text: str) -> Elements:
    """The parameters whose names are digits; all others are the shop's own."""
    pairs = (part.partition("=") for part in text.split("&") if "=" in part)
    return tuple(
        (name, unquote(value.replace("+", " ")))
        for name, _, value in pairs
        if name.isascii() and name.isdecimal()
    )


def _order_faults(path: Elements, query: Elements) -> Iterator[str]:
    (key, _), *rest = path
    orders = IDENTIFIERS[key].qualifiers or ()
    qualifiers = tuple(ai for ai, _ in rest)
    fitting = tuple(order for order in orders if _is_part(qualifiers, order))
    if not fitting:
        yield f"({key}) is not followed by {'/'.join(qualifiers)} in a link"
    seen = [ai for ai, _ in path]
    for ai, _ in query:
        if ai not in IDENTIFIERS:
            yield f"({ai}) is no application identifier"
        elif ai in seen:
            yield f"({ai}) stands there twice"
        elif any(ai in order for order in fitting):
            yield f"({ai}) belongs into the path"
        elif not IDENTIFIERS[ai].attribute:
            yield f"({ai}) never stands in the query"
        seen.append(ai)


def _is_part(some: tuple[str, ...], order: tuple[str, ...]) -> bool:
    """Whether `some` are members of `order`, in its order."""
    remaining = iter(order)
    return all(ai in remaining for ai in some)


def _value_fault(element: tuple[str, str]) -> str:
    ai, value = element
    identifier = IDENTIFIERS.get(ai)
    if identifier is None:
        return ""
    return length_fault(identifier, value) or content_fault(identifier, value)


def _filled(ai: str, value: str) -> str:
    if ai == "01" and len(value) in _SHORT_GTINS and value.isdecimal():
        return value.zfill(_GTIN_DIGITS)
    return value
