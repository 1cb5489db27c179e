"""JSON as a person wrote it, held against the fields that there are.

What carts and store say to one another may have fields of the future; what a person gives may not:
a misspelt age limit would be none. It must never correct a name: it says which one is near.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from msgspec import inspect

from cart.arguments import plain


class Slip(NamedTuple):
    """A field that can't be meant as it stands: which one, what is wrong, and what to do."""

    field: str
    wrong: str
    todo: str


class Twice(dict[str, Any]):
    """An object with fields that were told more than once; the last one stands."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs)
        self.names = [name for name, count in counts.items() if count > 1]


def read(data: bytes) -> object:
    """What a file of JSON holds. Raises ValueError or RecursionError if it holds none."""
    return json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_refuse)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Twice(pairs)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def slips(value: object, info: inspect.Type, path: str = "") -> Iterator[Slip]:
    """Every field, at any depth, that is told twice or that `info` does not have."""
    match value:
        case list():
            for kind in _kinds(info):
                if isinstance(kind, inspect.VarTupleType):
                    for number, each in enumerate(value):
                        yield from slips(each, kind.item_type, f"{path}[{number}]")
        case dict():
            for kind in _kinds(info):
                if isinstance(kind, inspect.StructType) and _is_meant(value, kind):
                    yield from _of_object(value, kind, f"{path}." if path else "")


def _of_object(value: dict[str, Any], kind: inspect.StructType, path: str) -> Iterator[Slip]:
    known: dict[str, Any] = {field.encode_name: field.type for field in kind.fields}
    tag = {kind.tag_field} if kind.tag_field else set()
    for name in value.names if isinstance(value, Twice) else ():
        yield Slip(path + plain(name), f"{plain(name)!r} is told twice", "keep one")
    for name, told in value.items():
        if name in known:
            yield from slips(told, known[name], path + name)
        elif name not in tag:
            yield _unknown(plain(name), path, (*tag, *known))


def _unknown(name: str, path: str, known: Iterable[str]) -> Slip:
    names = list(known)
    near = get_close_matches(name, names)
    todo = f"is {' or '.join(near)} meant?" if near else f"there are {', '.join(names)}"
    return Slip(path + name, f"no field is called {name!r}", todo)


def _kinds(info: inspect.Type) -> tuple[inspect.Type, ...]:
    return info.types if isinstance(info, inspect.UnionType) else (info,)


def _is_meant(value: dict[str, Any], kind: inspect.StructType) -> bool:
    """Of several kinds the tag says which; one that is wrong is told by who converts."""
    return kind.tag_field is None or value.get(kind.tag_field) == kind.tag
