"""What holds by the store's own clock: the catalog whose hour has come, and what is published in
place of its tables.

It must never price a trip: that is by what its cart had (`store.adopted`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from cart.core.overlay import Overlay
from cart.core.pricing.kinds import AnyDeal
from store import adopted, catalogs, published


def recalls(database: Connection, now_utc_ms: int) -> Overlay:
    """What must not be sold by now, whichever catalog a cart has."""
    overlay = published.recalls_now(database, now_utc_ms)
    data = catalogs.newest_data(database, now_utc_ms) if overlay.recalls is None else None
    return overlay if data is None else Overlay(recalls=adopted.index(data).catalog.recalls)


def limits(database: Connection, now_utc_ms: int) -> dict[str, int]:
    """How often one shopper may have each offer. What waits for its hour counts, too, for it may
    come during a trip: every published table, and of the catalogs the newest. So do a catalog's
    offers where published ones stand in their place, for a cart may not have these yet."""
    found: dict[str, int] = {}
    for deal in _deals(database, now_utc_ms):
        if deal.max_per_shopper is not None:
            found[deal.deal_id] = max(deal.max_per_shopper, found.get(deal.deal_id, 0))
    return found


def _deals(database: Connection, now_utc_ms: int) -> Iterator[AnyDeal]:
    by_now, newest = catalogs.newest_sha256(database, now_utc_ms), catalogs.newest_sha256(database)
    for sha256 in dict.fromkeys(filter(None, (by_now, newest))):
        yield from adopted.index(catalogs.data_of(database, sha256)).catalog.deals
    for table in published.deals_from(database, now_utc_ms):
        yield from table.deals or ()
