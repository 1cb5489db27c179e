"""Answers what a cart asks for because it did not come by itself: the time, a chunk, a change.

It must never answer with more than a message holds: it says why, and the cart goes another way.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from cart.contract.goods import CHUNK_BYTES_MAX, Get, Given
from cart.contract.lines import encode
from store import catalogs
from store.keys import Signer
from store.tables import carts


def answer(
    database: Connection, signer: Signer, names: tuple[str, str], cart: str, get: Get, utc_ms: int
) -> Given:
    """What this cart asked for, or why there is none."""
    if get.what == "presence":
        online = database.scalar(select(carts.c.online).where(carts.c.cart == cart))
        return Given(get.correlation, utc_ms, online=bool(online))
    data: bytes | None = b""
    if get.what == "chunk":
        data = catalogs.piece(database, get.sha256 or "", get.number)
    elif get.what == "delta":
        found = catalogs.deltas(database, get.version - 1)
        right = found and found[0].version == get.version
        data = encode(catalogs.signed_delta(found[0], signer, *names)) if right else None
    if data is None:
        return Given(get.correlation, utc_ms, reason="not here; take the newest catalog whole")
    if len(data) > CHUNK_BYTES_MAX:
        return Given(get.correlation, utc_ms, reason="too long; take the newest catalog whole")
    return Given(get.correlation, utc_ms, data)
