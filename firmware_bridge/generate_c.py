"""The C header of the wire: ids, enumerations, and one packed layout a message, for the firmware.

Text in, text out. The header is plain C11 with no library but stdint, stddef and stdbool.
"""

from __future__ import annotations

from firmware_bridge.dictionary import NUMBER_BYTES, Dictionary, Enumeration, Field, Message, snake

C_TYPES = {
    "u8": "uint8_t",
    "u16": "uint16_t",
    "u32": "uint32_t",
    "u64": "uint64_t",
    "i16": "int16_t",
    "i32": "int32_t",
}

HEAD = """/* {note} */
#ifndef WIRE_PROTOCOL_H
#define WIRE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION {version}
#define WIRE_SCHEMA_HASH 0x{schema_hash:08X}u
#define WIRE_PAYLOAD_BYTES_MAX {payload_bytes_max}

static inline size_t wire_put(uint8_t *out, uint64_t value, size_t bytes) {{
    for (size_t i = 0; i < bytes; i++, value >>= 8) {{
        out[i] = (uint8_t)value;
    }}
    return bytes;
}}

static inline uint64_t wire_get(const uint8_t *in, size_t bytes) {{
    uint64_t value = 0;
    for (size_t i = bytes; i > 0; i--) {{
        value = value << 8 | in[i - 1];
    }}
    return value;
}}
"""

ENCODER = """
static inline size_t {name}_encode(uint8_t *payload, const {name}_t *message) {{
    size_t size = 0;
{puts}
    return size;
}}
"""

DECODER = """
static inline bool {name}_decode({name}_t *message, const uint8_t *payload, size_t size) {{
    if (size != {name}_BYTES) {{
        return false;
    }}
{gets}
    return true;
}}
"""


def header(dictionary: Dictionary, note: str) -> str:
    """The text of protocol.h."""
    head = HEAD.format(
        note=note,
        version=dictionary.version,
        schema_hash=dictionary.schema_hash,
        payload_bytes_max=dictionary.payload_bytes_max,
    )
    enumerations = [_enumeration(kind) for kind in dictionary.enumerations]
    messages = [_message(kind) for kind in dictionary.messages]
    return "".join([head, *enumerations, *messages, "\n#endif\n"])


def _enumeration(kind: Enumeration) -> str:
    prefix = snake(kind.name).upper()
    rows = "".join(f"    {prefix}_{name} = {value},\n" for name, value in kind.values.items())
    return f"\n/* {kind.doc} */\nenum {{\n{rows}}};\n"


def _message(kind: Message) -> str:
    name = f"wire_{snake(kind.name)}"
    members = "".join(f"    {_member(field)} /* {field.doc} */\n" for field in kind.fields)
    size = sum(_bytes(field) for field in kind.fixed)
    return (
        f"\n/* {kind.doc} */\n#define WIRE_{kind.constant} 0x{kind.id:02X}\n"
        f"#define {name}_BYTES {size}\n"
        f"typedef struct {{\n{members}}} {name}_t;\n"
        + (_encoder(kind, name) if kind.from_chip else _decoder(kind, name))
    )


def _bytes(field: Field) -> int:
    return NUMBER_BYTES.get(field.type, 1)


def _member(field: Field) -> str:
    if field.type == "text":
        return f"const char *{field.name};"
    if field.type == "i32[]":
        return f"const int32_t *{field.name}; uint8_t {field.name}_length;"
    return f"{C_TYPES.get(field.type, 'uint8_t')} {field.name};"


def _encoder(kind: Message, name: str) -> str:
    puts = [
        f"    size += wire_put(payload + size, (uint64_t)message->{field.name}, {_bytes(field)});"
        for field in kind.fixed
    ]
    if kind.rest:
        puts.append(_put_rest(kind.rest))
    return ENCODER.format(name=name, puts="\n".join(puts))


def _put_rest(field: Field) -> str:
    if field.type == "text":
        return (
            f"    for (const char *c = message->{field.name}; *c != 0; c++) {{\n"
            "        payload[size++] = (uint8_t)*c;\n"
            "    }"
        )
    return (
        f"    for (size_t i = 0; i < message->{field.name}_length; i++) {{\n"
        f"        size += wire_put(payload + size, (uint32_t)message->{field.name}[i], 4);\n"
        "    }"
    )


def _decoder(kind: Message, name: str) -> str:
    gets, offset = [], 0
    for field in kind.fields:
        kind_c = C_TYPES.get(field.type, "uint8_t")
        gets.append(
            f"    message->{field.name} = ({kind_c})wire_get(payload + {offset}, {_bytes(field)});"
        )
        offset += _bytes(field)
    return DECODER.format(name=name, gets="\n".join(gets))
