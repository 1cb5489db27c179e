"""Messages over a local stream: one JSON object a line, bounded, decoded into typed values.

Sans-IO: bytes in, values out. Malformed input raises `ContractError` that names what is wrong;
the stream stays usable after it. No integer that comes out has more than 63 bits: a database, and
many another program, holds none beyond.
"""

from __future__ import annotations

import re
from types import UnionType
from typing import TypeVar

import msgspec

from cart.contract.decoding import decoder_of
from cart.core.catalog import WRONG_LENGTH_MAX

SOCKET_PATH_BYTES_MAX = 107  # what the address of a Unix socket holds on Linux
WHOLE_MAX = 2**63 - 1
MANY_DIGITS = re.compile(rb"[0-9]{19}")  # only with so many can one be too large

Message = TypeVar("Message")


class ContractError(ValueError):
    """A message from outside does not fit the contract; the text names what is wrong."""


def decode(kind: type[Message] | UnionType, data: bytes, what: str) -> Message:
    """Decode one JSON message into `kind` (a Struct or a union of Structs).

    `what` names the message in the error. Raises ContractError.
    """
    try:
        message: Message = decoder_of(kind).decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        wrong = str(error)[:WRONG_LENGTH_MAX]
        raise ContractError(f"{what}: {wrong}; send JSON as in docs/schemas") from error
    if MANY_DIGITS.search(data) and _has_beyond(message):
        raise ContractError(f"{what}: an integer beyond 63 bits; send none above {WHOLE_MAX}")
    return message


def _has_beyond(value: object) -> bool:
    """Whether an integer of a message is too large. What is raw is decoded, and judged, later."""
    match value:
        case int():
            return abs(value) > WHOLE_MAX
        case msgspec.Struct():
            return any(map(_has_beyond, msgspec.structs.astuple(value)))
        case dict():
            return any(map(_has_beyond, value.values()))
        case list() | tuple():
            return any(map(_has_beyond, value))
        case _:
            return False


def encode(message: msgspec.Struct) -> bytes:
    """One line of canonical JSON, newline included: fields in their declared order."""
    return msgspec.json.encode(message, order="deterministic") + b"\n"


class LineBuffer:
    """Cuts bytes into lines of at most `bytes_max`; a longer one is dropped and counted."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held = b""
        self._skipping = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that `data` completes, without their newline, empty ones left out."""
        *ended, self._held = (self._held + data).split(b"\n")
        lines = [line for line in ended if self._accepts(line)]
        if len(self._held) > self._bytes_max and not self._skipping:
            self._skipping = True
            self.dropped += 1
        if self._skipping:
            self._held = b""
        return lines

    def _accepts(self, line: bytes) -> bool:
        if self._skipping:
            self._skipping = False
            return False
        if len(line) > self._bytes_max:
            self.dropped += 1
            return False
        return bool(line)
