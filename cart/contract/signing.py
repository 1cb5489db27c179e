"""The exact text that a signature of the store covers: one line a value, nothing left to taste.

The store signs these texts with Ed25519 and the cart checks them with the store's public key. Each
opens with what it is for, so a signature given for one purpose is worthless for another. Keys and
the arithmetic of signing never come here.
"""

from __future__ import annotations

import hashlib

from msgspec import json

from cart.contract.fleet import Command, DesiredConfig
from cart.contract.goods import CatalogHead, Published
from cart.contract.store import PairGrant


def head_text(tenant: str, store: str, head: CatalogHead) -> bytes:
    """What the signature of a catalog head covers: the store it is for, too."""
    what = (head.version, head.sha256, head.size_bytes, head.chunks)
    pieces = [_digest(head.pieces)] if head.pieces else []
    return _text("catalog-head", tenant, store, *what, *pieces)


def grant_text(cart: str, grant: PairGrant) -> bytes:
    """What the signature of a pairing covers: the cart it is for, too."""
    member = "member" if grant.member else "guest"
    # Each is there only where it says something, so that older grants keep their text.
    brought = bytes(grant.carried)
    carried = [] if brought == b"null" else [hashlib.sha256(brought).hexdigest()]
    used = [json.encode(grant.used, order="sorted").decode()] if grant.used else []
    return _text(
        "pair-grant",
        cart,
        grant.nonce,
        grant.trip_id,
        grant.shopper,
        member,
        grant.expires_utc_ms,
        *used,
        *carried,
    )


def published_text(tenant: str, store: str, published: Published) -> bytes:
    """What the signature of deals, recalls, aisles or a change of the catalog covers."""
    return _text(
        type(published).__name__.lower(),
        tenant,
        store,
        published.version,
        published.effective_utc_ms,
        hashlib.sha256(bytes(published.body)).hexdigest(),
    )


def chain_text(chain: str, first_number: int, number: int, sha256: str) -> bytes:
    """What the signature of the head of a chain of receipts or credits covers."""
    return _text("chain-head", chain, first_number, number, sha256)


def command_text(cart: str, command: Command) -> bytes:
    """What the signature of a command covers: the one cart that shall do it, too."""
    return _text(
        "command",
        cart,
        command.cmd_id,
        command.action,
        command.expires_utc_ms,
        _digest(command.arguments),
    )


def config_text(cart: str, config: DesiredConfig) -> bytes:
    """What the signature of a cart's settings covers."""
    return _text("config", cart, config.version, _digest(config.settings))


def _digest(values: object) -> str:
    """A hash of a table, whatever the order it was sent in."""
    return hashlib.sha256(json.encode(values, order="sorted")).hexdigest()


def _text(purpose: str, *values: str | int) -> bytes:
    lines = [f"dashcart/1/{purpose}", *map(str, values)]
    assert all("\n" not in line for line in lines), "a value with a new line could pose as two"
    return "\n".join(lines).encode()
