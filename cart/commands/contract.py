"""`python -m cart contract`: write the generated documents of the contract, or check them."""

from __future__ import annotations

import argparse
import sys
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cart.arguments import folder, say_error
from cart.commands import certify
from cart.contract.asyncapi import SCHEMAS, as_yaml, document, json_schema, store_schema
from cart.contract.broker import acl_text, mosquitto_text
from cart.contract.document import document as contract_document

CHECK = "certify a store or a cart: plays the opposite side, a row a rule"
# The key of RFC 8032, 7.1, test 1: everybody knows it, so it signs nothing but vectors.
VECTOR_KEY = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
DOCS = Path(__file__).resolve().parents[2] / "docs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parts = parser.add_subparsers(dest="part", metavar="PART")
    certify.add_arguments(parts.add_parser("check", help=CHECK, description=CHECK))
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is stale")
    parser.add_argument(
        "--docs", type=folder, default=DOCS, metavar="DIR", help="folder of the documents"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write what is stale, or with --check only name it; or certify another's store or cart."""
    if arguments.part == "check":
        return certify.run(arguments)
    stale = {
        path: text
        for path, text in documents(arguments.docs).items()
        if not path.is_file() or path.read_bytes() != text
    }
    if arguments.check:
        sys.stderr.writelines(f"{path} is stale; write it with: make contract\n" for path in stale)
        return 1 if stale else 0
    try:
        for path, text in stale.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    except OSError as error:
        say_error("python -m cart contract", error, as_json=False)
        return 1
    return 0


def documents(folder: Path) -> dict[Path, bytes]:
    """Every generated document and what it should hold."""
    schemas = {folder / "schemas" / f"{name}.schema.json": json_schema(name) for name in SCHEMAS}
    broker = folder.parent / "deploy" / "mosquitto"
    return {
        folder / "contract.md": _contract(),
        folder / "asyncapi.yaml": as_yaml(document()).encode(),
        folder / "schemas" / "store.schema.json": store_schema(),
        broker / "dashcart.acl": acl_text().encode(),
        broker / "dashcart.conf": mosquitto_text().encode(),
        **schemas,
    }


def _contract() -> bytes:
    """docs/contract.md with its vectors signed."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTOR_KEY))
    public = key.public_key().public_bytes_raw().hex()
    return contract_document(public, lambda text: b64encode(key.sign(text)).decode()).encode()
