"""The exact text that a signature of the store covers: one line a value, nothing left to taste.

The store signs these texts with Ed25519 and the cart checks them with the store's public key. Each
opens with what it is for, so a signature given for one purpose is worthless for another. Keys and
the arithmetic of signing never come here.
"""

from __future__ import annotations

from msgspec import json

from cart.contract.store import CatalogHead, PairGrant


def head_text(tenant: str, store: str, head: CatalogHead) -> bytes:
    """What the signature of a catalog head covers: the store it is for, too."""
    return _text(
        "catalog-head", tenant, store, head.version, head.sha256, head.size_bytes, head.chunks
    )


def grant_text(cart: str, grant: PairGrant) -> bytes:
    """What the signature of a pairing covers: the cart it is for, too."""
    member = "member" if grant.member else "guest"
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
    )


def _text(purpose: str, *values: str | int) -> bytes:
    lines = [f"dashcart/1/{purpose}", *map(str, values)]
    assert all("\n" not in line for line in lines), "a value with a new line could pose as two"
    return "\n".join(lines).encode()
