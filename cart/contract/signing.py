"""The exact text that a signature of the store covers: one line a value, nothing left to taste.

The store signs these texts with Ed25519 and the cart checks them with the store's public key. Each
opens with what it is for, so a signature given for one purpose is worthless for another. The table
is the document, too (docs/contract.md). Keys and the arithmetic of signing never come here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import json

from cart.contract.fleet import Command, DesiredConfig
from cart.contract.goods import CatalogHead, Published
from cart.contract.store import PairGrant


class Form(NamedTuple):
    """How a value becomes a line, in words and in code; None: there is no such line."""

    says: str
    of: Callable[[Any], str | int | None]


class Line(NamedTuple):
    """One line of a text: the field of the message, and how it is written."""

    field: str
    form: Form


class SignedText(NamedTuple):
    """A kind of text: what it is for, whom it is addressed to, and its lines, in order."""

    purpose: str
    addressed: tuple[str, ...]
    lines: tuple[Line, ...]

    def of(self, addressed: tuple[str, ...], message: object) -> bytes:
        """The text of a message."""
        written = (line.form.of(getattr(message, line.field)) for line in self.lines)
        values = (*addressed, *(value for value in written if value is not None))
        lines = [PREFIX + self.purpose, *map(str, values)]
        assert all("\n" not in line for line in lines), "a value with a new line could pose as two"
        return "\n".join(lines).encode()


def _sorted(values: object) -> bytes:
    """A table as JSON, whatever the order it was sent in."""
    return json.encode(values, order="sorted")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


PREFIX = "dashcart/1/"
PLAIN = Form("as it is", lambda value: value)
MEMBER = Form("`member` or `guest`", lambda value: "member" if value else "guest")
DIGEST = Form("SHA-256 of its JSON", lambda value: _digest(_sorted(value)))
BYTES = Form("SHA-256 of its bytes", lambda value: _digest(bytes(value)))
# These are there only where they say something, so that older messages keep their text.
SOME = Form("its JSON; no line where it is empty",
            lambda value: _sorted(value).decode() if value else None)  # fmt: skip
SOME_DIGEST = Form("SHA-256 of its JSON; no line where it is empty",
                   lambda value: _digest(_sorted(value)) if value else None)  # fmt: skip
SOME_BYTES = Form(
    "SHA-256 of its bytes; no line where they are `null`",
    lambda value: None if bytes(value) == b"null" else _digest(bytes(value)),
)


def _plain(*fields: str) -> tuple[Line, ...]:
    return tuple(Line(field, PLAIN) for field in fields)


STORE, CART = ("tenant", "store"), ("cart",)
PUBLISHED = (*_plain("version", "effective_utc_ms"), Line("body", BYTES))
SIGNED = {text.purpose: text for text in (
    SignedText("catalog-head", STORE, (
        *_plain("version", "sha256", "size_bytes", "chunks"), Line("pieces", SOME_DIGEST))),
    SignedText("catalogdelta", STORE, PUBLISHED),
    SignedText("deals", STORE, PUBLISHED),
    SignedText("recalls", STORE, PUBLISHED),
    SignedText("planogram", STORE, PUBLISHED),
    SignedText("pair-grant", CART, (
        *_plain("nonce", "trip_id", "shopper"), Line("member", MEMBER),
        *_plain("expires_utc_ms"), Line("used", SOME), Line("carried", SOME_BYTES))),
    SignedText("command", CART, (
        *_plain("cmd_id", "action", "expires_utc_ms"), Line("arguments", DIGEST))),
    SignedText("config", CART, (*_plain("version"), Line("settings", DIGEST))),
    SignedText("chain-head", ("chain", "first_number", "number", "sha256"), ()),
)}  # fmt: skip


def head_text(tenant: str, store: str, head: CatalogHead) -> bytes:
    """What the signature of a catalog head covers: the store it is for, too."""
    return SIGNED["catalog-head"].of((tenant, store), head)


def grant_text(cart: str, grant: PairGrant) -> bytes:
    """What the signature of a pairing covers: the cart it is for, too."""
    return SIGNED["pair-grant"].of((cart,), grant)


def published_text(tenant: str, store: str, published: Published) -> bytes:
    """What the signature of deals, recalls, aisles or a change of the catalog covers."""
    return SIGNED[type(published).__name__.lower()].of((tenant, store), published)


def chain_text(chain: str, first_number: int, number: int, sha256: str) -> bytes:
    """What the signature of the head of a chain of receipts or credits covers."""
    return SIGNED["chain-head"].of((chain, str(first_number), str(number), sha256), None)


def command_text(cart: str, command: Command) -> bytes:
    """What the signature of a command covers: the one cart that shall do it, too."""
    return SIGNED["command"].of((cart,), command)


def config_text(cart: str, config: DesiredConfig) -> bytes:
    """What the signature of a cart's settings covers."""
    return SIGNED["config"].of((cart,), config)
