"""Describes the store contract for other programmers: AsyncAPI 3 and JSON Schemas, from the code.

Generated from CHANNELS and the Structs, so the documents can't say anything else than the programs
do. `python -m cart contract` writes them; this module only makes the text.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec import json

from cart.contract.broker import KEEPALIVE_S_MAX, PACKET_BYTES_MAX
from cart.contract.store import CHANNELS, PAYLOAD_BYTES_MAX, ROOT, Channel, topic_of
from cart.core.catalog import Catalog
from cart.core.events import Event
from cart.core.notices import Notice
from cart.core.observations import AnyObservation
from cart.core.value import Value

Node = dict[str, Any]
Tree = dict[str, Any] | list[Any] | tuple[Any, ...]

INDENT = 2
# YAML would read these as something else than text.
YAML_WORDS = {"true", "false", "yes", "no", "on", "off", "null"}
ABOUT = f"""What crosses the network between carts and their store, seen from the store.
MQTT 5, or 3.1.1; QoS 1 but for telemetry; UTF-8 JSON of at most {PAYLOAD_BYTES_MAX} bytes;
unknown fields are ignored; an integer has at most 63 bits. A cart's order is that of `seq` alone.
PUBACK says nothing about durability: the cart forgets a row only on `Ack`, which follows the
store's commit. What no schema can say, the texts that are signed, the chain of rows, chunks, wills,
pairing, MQTT 3.1.1, stands in docs/contract.md."""
PARAMETERS = {
    "tenant": "the chain",
    "store": "the store of the chain",
    "cart": "the cart's id, which is its client id too",
    "app": "app- and a shopper's pseudonym: a random key, never a name or number of a person",
    "sha256": "of the whole catalog, in hexadecimal",
    "number": "of the chunk, from 0",
    "version": "of the catalog that comes of it",
    "file": "of the metadata: targets, snapshot, timestamp",
    "claim": "what may ask for a certificate once, or the cart that renews its own",
}
CERTIFICATES = """Both sides show a certificate of the store's authority, TLS 1.2 or later; the
common name is the user name and the client id, and the broker gives each its own topics alone."""
WILL = topic_of("cart_state", "{tenant}", "{store}", cart="{cart}")
SERVERS: Node = {
    name: {
        "host": f"{name}.example:8883",
        "protocol": "secure-mqtt",
        "protocolVersion": version,
        "description": description,
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {
            "mqtt": {
                "clientId": "{cart}",
                "cleanSession": True,
                "keepAlive": KEEPALIVE_S_MAX,
                "maximumPacketSize": PACKET_BYTES_MAX,
                "lastWill": {
                    "topic": WILL,
                    "qos": 1,
                    "message": '{"boot_id":"BOOT","online":false}',
                    "retain": True,
                },
                "bindingVersion": "0.2.0",
            }
        },
    }
    for name, version, description in (
        ("store", "5.0", "a store's own broker (mosquitto); the will is a cart's"),
        ("chain", "3.1.1", "a chain's cluster (RabbitMQ); the will is a cart's"),
    )
}
SCHEMAS: dict[str, Any] = {
    "catalog": Catalog,
    "observation": AnyObservation,
    "event": Event,
    "notice": Notice,
}


def json_schema(name: str) -> bytes:
    """One of SCHEMAS as a JSON Schema, indented."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.format(json.encode(schema | json.schema(SCHEMAS[name])), indent=INDENT) + b"\n"


def store_schema() -> bytes:
    """Every message between cart and store as one JSON Schema; `$defs` are named as in the code."""
    _, messages = json.schema_components(_kinds(), ref_template="#/$defs/{name}")
    channels = {channel.name: {"$ref": f"#/$defs/{channel.message.__name__}"}
                for channel in CHANNELS if channel.message is not None}  # fmt: skip
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "one message of each channel of docs/asyncapi.yaml, by the channel's name",
        "type": "object",
        "properties": channels,
        "additionalProperties": False,
        "$defs": messages,
    }
    return json.format(json.encode(schema), indent=INDENT) + b"\n"


def document() -> Node:
    """The whole AsyncAPI document."""
    _, schemas = json.schema_components(_kinds(), ref_template="#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "dashcart store contract", "version": "1.0.0", "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {_verb(channel) + "_" + channel.name: _operation(channel)
                       for channel in CHANNELS},
        "components": {
            "messages": {_message_name(channel): _message(channel) for channel in CHANNELS},
            "schemas": schemas,
            "securitySchemes": {"certificate": {"type": "X509", "description": CERTIFICATES}},
        },
    }  # fmt: skip


def as_yaml(node: Node) -> str:
    """A document as YAML."""
    return "# Generated by `python -m cart contract`; change cart/contract/store.py instead.\n" + (
        "\n".join(_yaml_lines(node, "")) + "\n"
    )


def _kinds() -> list[type[Value]]:
    return [channel.message for channel in CHANNELS if channel.message is not None]


def _channel(channel: Channel) -> Node:
    address = ROOT + channel.topic
    name = _message_name(channel)
    return {
        "address": address,
        "summary": channel.summary,
        "parameters": {
            parameter: {"description": PARAMETERS[parameter]}
            for parameter in re.findall(r"{(\w+)}", address)
        },
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operation(channel: Channel) -> Node:
    mqtt: Node = {"qos": channel.qos, "retain": channel.retain}
    if channel.expiry_s is not None:
        mqtt["messageExpiryInterval"] = channel.expiry_s
    return {
        "action": _verb(channel),
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "bindings": {"mqtt": {**mqtt, "bindingVersion": "0.2.0"}},
    }


def _message(channel: Channel) -> Node:
    if channel.message is None:
        return {
            "contentType": "application/octet-stream",
            "payload": {"type": "string", "format": "binary"},
        }
    name = channel.message.__name__
    return {"name": name, "payload": {"$ref": f"#/components/schemas/{name}"}}


def _message_name(channel: Channel) -> str:
    return channel.message.__name__ if channel.message else "Chunk"


def _verb(channel: Channel) -> str:
    return "send" if channel.direction == "down" else "receive"


def _yaml_lines(node: Tree, indent: str) -> list[str]:
    """The lines of a mapping or a list that isn't empty."""
    rows = node.items() if isinstance(node, dict) else ((None, item) for item in node)
    lines = []
    for key, value in rows:
        head = indent + ("-" if key is None else f"{_scalar(key)}:")
        if isinstance(value, dict | list | tuple) and value:
            lines += [head, *_yaml_lines(value, indent + " " * INDENT)]
        else:
            lines.append(f"{head} {_scalar(value)}")
    return lines


def _scalar(value: object) -> str:
    """Plain words as they are, all else as JSON, which YAML includes."""
    if (
        isinstance(value, str)
        and re.fullmatch(r"\$?[A-Za-z]\w+", value)
        and value.lower() not in YAML_WORDS
    ):
        return value
    return json.encode(value).decode()
