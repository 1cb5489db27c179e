"""Writes messages.py, protocol.h and docs/wire.md from firmware/protocol.toml.

Works in a checkout only. What it writes is committed; `generate --check` tells when it is stale.
"""

from __future__ import annotations

from pathlib import Path

from firmware_bridge import generate_c
from firmware_bridge.dictionary import Dictionary, Enumeration, Field, Message, load

ROOT = Path(__file__).resolve().parent.parent
SOURCE = Path("firmware/protocol.toml")
NOTE = f"Generated from {SOURCE} by `python -m firmware_bridge generate`. Do not edit."

STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i16": "h", "i32": "i"}
REST_PYTHON = {"text": ("str", "text"), "i32[]": ("tuple[int, ...]", "i32s")}

MODULE_HEAD = '''"""The messages of the wire, as frozen values that encode and decode themselves.

{note}
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from struct import Struct
from typing import ClassVar

from firmware_bridge.fields import (
    member,
    pack,
    read_i32s,
    read_text,
    unpack,
    unpack_start,
    write_i32s,
    write_text,
)

VERSION = {version}
SCHEMA_HASH = 0x{schema_hash:08X}
PAYLOAD_BYTES_MAX = {payload_bytes_max}
'''

MESSAGE = '''

_{constant} = Struct("<{codes}")


@dataclass(frozen=True, slots=True)
class {name}:
    """{doc}

    {field_docs}
    """

    TYPE: ClassVar[int] = 0x{id:02X}

    {declarations}

    def encode(self) -> bytes:
        """The payload; WireError when a value does not fit its field."""
        return pack(
            {packed},
        ){rest_written}

    @classmethod
    def decode(cls, payload: bytes) -> {name}:
        """The message in `payload`; WireError when it is none."""
        {unpacked}
        return cls(
            {arguments}
        )
'''

DOCUMENT = """# The wire between chip and bridge

<!-- {note} -->

Version {version}, schema hash `0x{schema_hash:08X}`, payload at most {payload_bytes_max} bytes.

A frame is `00 | COBS( type u8 | sequence u8 | payload | CRC-16/MCRF4XX ) | 00`; numbers are
little-endian. The chip counts all its frames in the sequence byte: a jump is lost frames. A
command's sequence byte (1 to 255, round and round) names it: the chip answers each with ACK,
executes one (boot nonce, sequence) once, and the host repeats it until it is answered.
HELLO and HELLO_REQUEST keep their layout for ever; a host that reads a foreign schema hash in
HELLO says so and uses nothing else from that chip.

## Messages
{messages}
## Enumerations
{enumerations}
## Reserved
{reserved}
"""


def write(root: Path = ROOT) -> list[Path]:
    """Write every generated file that is stale; the paths written."""
    files = stale(root)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def stale(root: Path = ROOT) -> dict[Path, str]:
    """Each generated file that differs from the dictionary, with the text it should have."""
    dictionary = load(root / SOURCE)
    files = {
        root / "firmware_bridge/messages.py": python(dictionary),
        root / "firmware/core/protocol.h": generate_c.header(dictionary, NOTE),
        root / "docs/wire.md": document(dictionary),
    }
    return {
        path: text
        for path, text in files.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def python(dictionary: Dictionary) -> str:
    """The text of messages.py."""
    head = MODULE_HEAD.format(
        note=NOTE,
        version=dictionary.version,
        schema_hash=dictionary.schema_hash,
        payload_bytes_max=dictionary.payload_bytes_max,
    )
    enumerations = [_python_enumeration(kind) for kind in dictionary.enumerations]
    messages = [_python_message(kind) for kind in dictionary.messages]
    unions = {
        "FromChip": [kind.name for kind in dictionary.messages if kind.from_chip],
        "ToChip": [kind.name for kind in dictionary.messages if not kind.from_chip],
        "Command": [kind.name for kind in dictionary.messages if kind.is_command],
    }
    tail = "\n\n" + "\n".join(f"{name} = {' | '.join(kinds)}" for name, kinds in unions.items())
    tables = [
        _python_table("FROM_CHIP", "FromChip", unions["FromChip"]),
        _python_table("TO_CHIP", "ToChip", unions["ToChip"]),
    ]
    return "".join([head, *enumerations, *messages, tail, "\n\n", *tables])


def _python_enumeration(kind: Enumeration) -> str:
    values = "\n".join(f"    {name} = {value}" for name, value in kind.values.items())
    return f'\n\nclass {kind.name}(IntEnum):\n    """{kind.doc}"""\n\n{values}\n'


def _python_table(name: str, union: str, kinds: list[str]) -> str:
    rows = "".join(f"    {kind}.TYPE: {kind},\n" for kind in kinds)
    return f"{name}: dict[int, type[{union}]] = {{\n{rows}}}\n"


def _python_message(kind: Message) -> str:
    rest = kind.rest
    layout = f"_{kind.constant}"
    arguments = [f"{f.name}={_read(f, i)}," for i, f in enumerate(kind.fixed)]
    unpacked = f"values = unpack({layout}, payload)"
    if rest:
        unpacked = f"values, rest = unpack_start({layout}, payload)"
        arguments.append(f"{rest.name}=read_{REST_PYTHON[rest.type][1]}(rest),")
    return MESSAGE.format(
        constant=kind.constant,
        codes="".join(STRUCT_CODES.get(f.type, "B") for f in kind.fixed),
        name=kind.name,
        doc=kind.doc,
        id=kind.id,
        field_docs="\n    ".join(f"{f.name}: {f.doc}" for f in kind.fields),
        declarations="\n    ".join(_declaration(f) for f in kind.fields),
        packed=",\n            ".join([layout, *(f"self.{f.name}" for f in kind.fixed)]),
        rest_written=f" + write_{REST_PYTHON[rest.type][1]}(self.{rest.name})" if rest else "",
        unpacked=unpacked,
        arguments="\n            ".join(arguments),
    )


def _read(field: Field, index: int) -> str:
    value = f"values[{index}]"
    return value if field.type in STRUCT_CODES else f"member({field.type}, {value})"


def _declaration(field: Field) -> str:
    kind = "int" if field.type in STRUCT_CODES else field.type
    kind = REST_PYTHON.get(field.type, (kind,))[0]
    default = "" if field.default is None else f" = field(default={field.default}, kw_only=True)"
    return f"{field.name}: {kind}{default}"


def document(dictionary: Dictionary) -> str:
    """The text of docs/wire.md."""
    return DOCUMENT.format(
        note=NOTE,
        version=dictionary.version,
        schema_hash=dictionary.schema_hash,
        payload_bytes_max=dictionary.payload_bytes_max,
        messages="".join(_document_message(kind) for kind in dictionary.messages),
        enumerations="".join(_document_enumeration(kind) for kind in dictionary.enumerations),
        reserved="\n".join(
            f"- `0x{area.first:02X}` to `0x{area.last:02X}`: {area.doc}"
            for area in dictionary.reserved
        ),
    )


def _document_message(kind: Message) -> str:
    arrow = "chip to host" if kind.from_chip else "host to chip"
    rows = "".join(f"| `{f.name}` | {f.type} | {f.unit} | {f.doc} |\n" for f in kind.fields)
    return (
        f"\n### {kind.constant} `0x{kind.id:02X}`, {arrow}\n\n{kind.doc}\n\n"
        f"| field | type | unit | meaning |\n|---|---|---|---|\n{rows}"
    )


def _document_enumeration(kind: Enumeration) -> str:
    values = ", ".join(f"{value} {name}" for name, value in kind.values.items())
    return f"\n**{kind.name}**: {kind.doc} {values}.\n"
