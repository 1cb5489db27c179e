"""Decoders of JSON, one a type, each made once.

msgspec (0.22) learns a type when it first decodes into it, and two threads that have it learn the
same type at the same time end the whole process. So every type is learned here, one after another.
It must never be gone round: decode as `decoder_of(Catalog).decode(data)`.
"""

from __future__ import annotations

from threading import Lock  # noqa: TID251 - guards what msgspec keeps; no state of ours
from types import UnionType
from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind")

_ONE_AFTER_ANOTHER = Lock()
_MADE: dict[Any, msgspec.json.Decoder[Any]] = {}


def decoder_of(kind: type[Kind] | UnionType) -> msgspec.json.Decoder[Kind]:
    """The decoder of a Struct, or of a union of Structs; its `decode` raises MsgspecError."""
    with _ONE_AFTER_ANOTHER:
        if kind not in _MADE:
            _MADE[kind] = msgspec.json.Decoder(kind)
        return _MADE[kind]
