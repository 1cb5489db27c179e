"""What the store publishes beside its catalog: recalls, deals, aisles; each kept, numbered, signed.

A version is one table for ever: receipts are added up by the deals their cart had adopted. It must
never publish what does not fit a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select

from cart.contract.decoding import decoder_of
from cart.contract.goods import BODIES, Deals, Planogram, Published, Recalls
from cart.contract.lines import ContractError
from cart.contract.signing import published_text
from cart.core.catalog import CatalogError
from cart.core.overlay import Overlay
from store.keys import Signer
from store.tables import published

# The channel: its message, and the table of a catalog that it takes the place of.
KINDS: dict[str, tuple[type[Published], str]] = {
    "recall": (Recalls, "recalls"),
    "deals": (Deals, "deals"),
    "planogram": (Planogram, "aisles"),
}
BODY_BYTES_MAX = 190_000


def add(database: Connection, kind: str, rows: object, effective_utc_ms: int = 0) -> int:
    """Keep a table (None: the catalog's again) for publishing; its version. Raises CatalogError."""
    body = json.encode(rows)
    if len(body) > BODY_BYTES_MAX:
        raise CatalogError(f"{kind}: {len(body)} bytes; at most {BODY_BYTES_MAX} fit a message")
    version = (_newest(database, kind) or 0) + 1
    kept = {"effective_utc_ms": effective_utc_ms, "body": body}
    database.execute(insert(published).values(kind=kind, version=version, **kept))
    return version


def news(
    database: Connection, signer: Signer, tenant: str, store: str, told: dict[str, int]
) -> Iterator[tuple[str, Published]]:
    """What is newer than what was `told`, which follows: each with its channel."""
    for kind, (message, _) in KINDS.items():
        version = _newest(database, kind)
        if version is None or version <= told.get(kind, 0):
            continue
        where = (published.c.kind == kind, published.c.version == version)
        row = database.execute(select(published).where(*where)).one()
        bare = message(version, Raw(bytes(row.body)), "", row.effective_utc_ms)
        signature = signer.sign(published_text(tenant, store, bare))
        yield kind, replace(bare, signature=signature)
        told[kind] = version


def deals_of(database: Connection, version: int) -> Overlay:
    """The deals that a cart had adopted; 0: its catalog's own."""
    rows = _rows(database, "deals", version) if version else None
    return Overlay(deals=rows, deals_version=version)


def recalls_now(database: Connection, now_utc_ms: int) -> Overlay:
    """What must not be sold by now, beside the catalog."""
    holds = (published.c.kind == "recall", published.c.effective_utc_ms <= now_utc_ms)
    version = database.scalar(select(func.max(published.c.version)).where(*holds))
    return Overlay(recalls=None if version is None else _rows(database, "recall", version))


def _rows(database: Connection, kind: str, version: int) -> Any:  # noqa: ANN401 - BODIES says which
    where = (published.c.kind == kind, published.c.version == version)
    body = database.scalar(select(published.c.body).where(*where))
    if body is None:
        raise ContractError(f"{kind}: version {version} is not this store's")
    return decoder_of(BODIES[KINDS[kind][0]]).decode(bytes(body))


def _newest(database: Connection, kind: str) -> int | None:
    newest: int | None = database.scalar(
        select(func.max(published.c.version)).where(published.c.kind == kind)
    )
    return newest
