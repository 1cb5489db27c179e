"""docs/contract.md is enough: what follows is written from it alone and imports nothing of ours.

A second implementation of the signed texts, the chain of rows, the chunks and the changes. It takes
the lines of each text from the document's own tables.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from base64 import b64decode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.data import ROOT

DOCUMENT = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")
VECTORS = [json.loads(block) for block in re.findall(r"```json\n(.*)\n```", DOCUMENT)]
KEY = re.search(r"^`([0-9a-f]{64})`$", DOCUMENT, re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)`( of the topic)? \| (.*) \|$", re.MULTILINE)


def of_kind(kind: str) -> list[Any]:
    """The vectors of a kind; there are some."""
    found = [each for each in VECTORS if each["vector"] == kind]
    assert found
    return found


def sha256(data: bytes) -> str:
    """In lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def as_json(value: object) -> bytes:
    """Without spaces, keys sorted, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def bytes_of(message: str, field: str) -> bytes:
    """A field exactly as it stands in the message."""
    begin = message.index(f'"{field}":') + len(field) + 3
    _, end = json.JSONDecoder().raw_decode(message, begin)
    return message[begin:end].encode()


def line_of(message: str, field: str, written: str) -> str | None:
    """One line as the table says; None: there is none."""
    value = json.loads(message)[field]
    rule, _, unless = written.partition("; no line where ")
    if (unless == "it is empty" and not value) or (unless == "they are `null`" and value is None):
        return None
    return {
        "as it is": str(value),
        "`member` or `guest`": "member" if value else "guest",
        "its JSON": as_json(value).decode(),
        "SHA-256 of its JSON": sha256(as_json(value)),
        "SHA-256 of its bytes": sha256(bytes_of(message, field)),
    }[rule]


def text_of(vector: dict[str, Any]) -> str:
    """The signed text, by the table under the heading of its purpose."""
    section = DOCUMENT.split(f"\n### {vector['purpose']}\n")[1].split("```")[0]
    (first, *_), *rows = ROW.findall(section)
    told = (
        vector["topic"][field] if in_topic else line_of(vector["message"], field, written)
        for field, in_topic, written in rows
    )
    return "\n".join([first, *(line for line in told if line is not None)])


@pytest.mark.parametrize("vector", of_kind("signed"), ids=lambda vector: vector["purpose"])
def test_a_signed_text_is_as_its_table_says(vector: dict[str, Any]) -> None:
    """The text comes out the same, and its signature fits it and no other."""
    assert KEY is not None
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(KEY[1]))
    text = text_of(vector)
    assert text == vector["text"]
    key.verify(b64decode(vector["signature"], validate=True), text.encode())
    with pytest.raises(InvalidSignature):
        key.verify(b64decode(vector["signature"]), text.encode() + b"\n")


def test_rows_are_chained_as_said() -> None:
    """The hash before, a line feed, the event."""
    (vector,) = of_kind("chain")
    before = "0" * 64
    for event, expected in zip(vector["events"], vector["hashes"], strict=True):
        before = sha256(before.encode() + b"\n" + event.encode())
        assert before == expected


def test_a_piece_is_packed_as_said() -> None:
    """Its name is that of the packed bytes, and zlib unpacks it."""
    (vector,) = of_kind("chunk")
    packed = bytes.fromhex(vector["packed"])
    assert sha256(packed) == vector["piece"]
    assert zlib.decompress(packed).decode() == vector["contents"]


def test_a_change_leads_to_the_same_bytes() -> None:
    """Products keep their places, new ones come last, and all else but the version stays."""
    (vector,) = of_kind("change")
    catalog, change = json.loads(vector["before"]), json.loads(vector["change"])
    assert change["rest"] is None
    new = {product["sku"]: product for product in change["products"]}
    kept = [each for each in catalog["products"] if each["sku"] not in change["gone"]]
    products = [new.pop(each["sku"], each) for each in kept] + list(new.values())
    after = catalog | {"version": vector["version"], "products": products}
    written = json.dumps(after, separators=(",", ":"), ensure_ascii=False)
    assert written == vector["after"]
    assert sha256(written.encode()) == vector["sha256"]


def test_the_document_has_no_gap() -> None:
    """Every field of a message that is signed, but the signature, is a line of its text; and each
    line that may be missing is there once, and missing once."""
    for vector in of_kind("signed"):
        section = DOCUMENT.split(f"\n### {vector['purpose']}\n")[1].split("```")[0]
        listed = {field for field, in_topic, _ in ROW.findall(section)[1:] if not in_topic}
        assert listed == json.loads(vector["message"]).keys() - {"signature"}
    for purpose in ("catalog-head", "pair-grant"):
        lines = {len(each["text"].split("\n")) for each in of_kind("signed")
                 if each["purpose"] == purpose}  # fmt: skip
        assert len(lines) == 2
