"""What holds by the store's own clock: the catalog whose hour has come, and what is published in
place of its tables.

It must never price a trip: that is by what its cart had (`store.adopted`).
"""

from __future__ import annotations

from sqlalchemy import Connection

from cart.core.overlay import Overlay
from store import adopted, catalogs, published


def recalls(database: Connection, now_utc_ms: int) -> Overlay:
    """What must not be sold by now, whichever catalog a cart has."""
    overlay = published.recalls_now(database, now_utc_ms)
    sha256 = catalogs.newest_sha256(database, now_utc_ms)
    if overlay.recalls is not None or not sha256:
        return overlay
    return Overlay(recalls=adopted.index(catalogs.data_of(database, sha256)).catalog.recalls)
