"""Reads firmware/protocol.toml, the one dictionary of the wire, and checks it.

Used by the generator only: a running bridge knows the dictionary through messages.py.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIRECTIONS = ("chip_to_host", "host_to_chip")
NUMBER_BYTES = {"u8": 1, "u16": 2, "u32": 4, "u64": 8, "i16": 2, "i32": 4}
REST_TYPES = ("text", "i32[]")
REST_NEEDS_BYTES = {"text": 32, "i32[]": 4 * 4}  # a version; one row of four converters
FIELD_KEYS = {"name", "type", "unit", "doc", "default"}
MESSAGE_KEYS = {"name", "id", "direction", "doc", "fields"}
PAYLOAD_BYTES = range(16, 251)  # more than 254 with type, sequence and CRC is no one COBS block
# These two are read before the hashes are compared, so they stay as they are for ever.
FOR_EVER = {
    "Hello": "u32 u32 ResetCause u8 u8 u32 text",
    "HelloRequest": "u32",
}


class DictionaryError(Exception):
    """The dictionary breaks its own rules; the message names the entry and the rule."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is a number type, an enumeration's name, `text` or `i32[]`."""

    name: str
    type: str
    unit: str
    doc: str
    default: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message kind, with its fields in wire order."""

    name: str
    id: int
    direction: str
    doc: str
    fields: tuple[Field, ...]

    @property
    def constant(self) -> str:
        """HELLO_REQUEST for HelloRequest: the name in documents and in C."""
        return snake(self.name).upper()

    @property
    def is_command(self) -> bool:
        """Commands are addressed to one boot of the chip, acknowledged and retried."""
        return any(field.name == "boot_nonce" for field in self.fields) and not self.from_chip

    @property
    def from_chip(self) -> bool:
        """Sent by the chip to the host."""
        return self.direction == "chip_to_host"

    @property
    def rest(self) -> Field | None:
        """The field that takes the rest of the payload, if there is one."""
        return self.fields[-1] if self.fields[-1].type in REST_TYPES else None

    @property
    def fixed(self) -> tuple[Field, ...]:
        """The fields of fixed size."""
        return self.fields[:-1] if self.rest else self.fields


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A one-byte enumeration."""

    name: str
    doc: str
    values: dict[str, int]


@dataclass(frozen=True, slots=True)
class Reserved:
    """Ids `first` to `last` that nothing may use yet."""

    first: int
    last: int
    doc: str


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Everything the two sides of the wire must agree on."""

    version: int
    payload_bytes_max: int
    enumerations: tuple[Enumeration, ...]
    messages: tuple[Message, ...]
    reserved: tuple[Reserved, ...]

    @property
    def schema_hash(self) -> int:
        """32 bits over all that changes bytes on the wire or what they count, and nothing else."""
        essence: dict[str, Any] = {
            "version": self.version,
            "payload_bytes_max": self.payload_bytes_max,
            "enumerations": {kind.name: kind.values for kind in self.enumerations},
            "messages": [
                [
                    kind.name,
                    kind.id,
                    kind.direction,
                    [[f.name, f.type, f.unit] for f in kind.fields],
                ]
                for kind in self.messages
            ],
        }
        digest = hashlib.sha256(json.dumps(essence, sort_keys=True).encode()).digest()
        return int.from_bytes(digest[:4], "little")


def snake(name: str) -> str:
    """hello_request for HelloRequest."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def load(path: Path) -> Dictionary:
    """The checked dictionary in `path`; DictionaryError names the first broken rule."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        dictionary = _build(table)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise DictionaryError(f"{path}: {error!r}") from error
    _check(dictionary)
    return dictionary


def _build(table: dict[str, Any]) -> Dictionary:
    return Dictionary(
        version=table["version"],
        payload_bytes_max=table["payload_bytes_max"],
        enumerations=tuple(
            Enumeration(name, entry["doc"], entry["values"])
            for name, entry in table["enumerations"].items()
        ),
        messages=tuple(_message(entry) for entry in table["messages"]),
        reserved=tuple(Reserved(**entry) for entry in table["reserved"]),
    )


def _message(entry: dict[str, Any]) -> Message:
    _known(entry, MESSAGE_KEYS, str(entry["name"]))
    fields = tuple(_field(field, entry["name"]) for field in entry["fields"])
    return Message(entry["name"], entry["id"], entry["direction"], entry["doc"], fields)


def _field(entry: dict[str, Any], message: str) -> Field:
    _known(entry, FIELD_KEYS, f"{message}.{entry['name']}")
    unit, default = entry.get("unit", ""), entry.get("default")
    return Field(entry["name"], entry["type"], unit, entry["doc"], default)


def _known(entry: dict[str, Any], keys: set[str], where: str) -> None:
    unknown = sorted(set(entry) - keys)
    if unknown:
        raise DictionaryError(f"{where}: unknown key {unknown[0]!r}")


def _check(dictionary: Dictionary) -> None:
    if dictionary.payload_bytes_max not in PAYLOAD_BYTES:
        raise DictionaryError(
            f"payload_bytes_max is {PAYLOAD_BYTES[0]} to {PAYLOAD_BYTES[-1]}: a frame is one block"
        )
    names = [kind.name for kind in dictionary.messages]
    _named_once([*names, *(kind.name for kind in dictionary.enumerations)], "the dictionary")
    for kind in dictionary.enumerations:
        _check_enumeration(kind)
    seen: set[int] = set()
    for message in dictionary.messages:
        _check_message(message, dictionary)
        if message.id in seen or not 0 < message.id < 256:
            raise DictionaryError(f"{message.name}: id {message.id:#x} is taken or not a byte")
        seen.add(message.id)


def _named_once(names: Sequence[str], where: str) -> None:
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise DictionaryError(f"{where}: {name!r} can't be a name in Python")
        if names.count(name) > 1:
            raise DictionaryError(f"{where}: the name {name} stands twice")


def _check_enumeration(kind: Enumeration) -> None:
    _named_once(list(kind.values), kind.name)
    values = list(kind.values.values())
    for name, value in kind.values.items():
        if value not in range(256) or values.count(value) > 1:
            raise DictionaryError(f"{kind.name}.{name}: {value} is taken or not a byte")


def _check_message(kind: Message, dictionary: Dictionary) -> None:
    _named_once([field.name for field in kind.fields], kind.name)
    if kind.direction not in DIRECTIONS:
        raise DictionaryError(f"{kind.name}: direction is one of {DIRECTIONS}")
    if any(area.first <= kind.id <= area.last for area in dictionary.reserved):
        raise DictionaryError(f"{kind.name}: id {kind.id:#x} is reserved")
    types = {one.name: 1 for one in dictionary.enumerations} | NUMBER_BYTES
    for field in kind.fixed:
        if field.type not in types:
            raise DictionaryError(
                f"{kind.name}.{field.name}: type {field.type!r} is unknown, or may only stand last"
            )
    if kind.rest and not kind.from_chip:
        raise DictionaryError(f"{kind.name}.{kind.rest.name}: the chip reads no {kind.rest.type}")
    rest = REST_NEEDS_BYTES[kind.rest.type] if kind.rest else 0
    most = dictionary.payload_bytes_max
    if sum(types[field.type] for field in kind.fixed) + rest > most:
        raise DictionaryError(f"{kind.name}: does not fit into payload_bytes_max = {most}")
    layout = " ".join(field.type for field in kind.fields)
    if layout != FOR_EVER.get(kind.name, layout):
        raise DictionaryError(f"{kind.name} keeps its layout for ever: {FOR_EVER[kind.name]}")
