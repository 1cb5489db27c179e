"""What the generated messages share: packing and unpacking with one kind of error, WireError."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, TypeVar

from firmware_bridge.frames import WireError

Member = TypeVar("Member", bound=IntEnum)


def pack(layout: struct.Struct, *values: int) -> bytes:
    """The fixed part of a payload."""
    try:
        return layout.pack(*values)
    except struct.error as error:
        raise WireError(f"a value does not fit its field: {values}: {error}") from error


def unpack(layout: struct.Struct, payload: bytes) -> tuple[Any, ...]:
    """The fields of a payload of exactly this layout."""
    if len(payload) != layout.size:
        raise WireError(f"payload of {len(payload)} bytes, expected {layout.size}")
    return layout.unpack(payload)


def unpack_start(layout: struct.Struct, payload: bytes) -> tuple[tuple[Any, ...], bytes]:
    """The fixed fields of a payload, and the rest of it."""
    if len(payload) < layout.size:
        raise WireError(f"payload of {len(payload)} bytes, expected at least {layout.size}")
    return layout.unpack_from(payload), payload[layout.size :]


def member(kind: type[Member], value: int) -> Member:
    """The enumeration's member of this value."""
    try:
        return kind(value)
    except ValueError as error:
        raise WireError(str(error)) from error


def write_text(text: str) -> bytes:
    """UTF-8, as the rest of a payload."""
    return text.encode()


def read_text(rest: bytes) -> str:
    """The text in the rest of a payload."""
    try:
        return rest.decode()
    except UnicodeDecodeError as error:
        raise WireError(str(error)) from error


def write_i32s(numbers: tuple[int, ...]) -> bytes:
    """Signed 32-bit numbers, as the rest of a payload."""
    return pack(struct.Struct(f"<{len(numbers)}i"), *numbers)


def read_i32s(rest: bytes) -> tuple[int, ...]:
    """The signed 32-bit numbers in the rest of a payload."""
    if len(rest) % 4:
        raise WireError(f"{len(rest)} bytes are no whole number of 32-bit values")
    return struct.unpack(f"<{len(rest) // 4}i", rest)
