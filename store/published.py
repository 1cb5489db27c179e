"""What the store publishes beside its catalog: recalls, deals, aisles; each kept, numbered, signed.

A version is one table for ever: receipts are added up by the deals their cart had adopted. It is
the time from which it holds, or a little more: so versions follow each other as their tables do,
and go on above what carts know, even from a database that was brought back from a backup. It must
never publish what does not fit a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, insert, select

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


def add(
    database: Connection, kind: str, rows: object, now_utc_ms: int, effective_utc_ms: int = 0
) -> int:
    """Keep a table (None: the catalog's again) for publishing; its version. Raises CatalogError."""
    body = json.encode(rows)
    if len(body) > BODY_BYTES_MAX:
        raise CatalogError(f"{kind}: {len(body)} bytes; at most {BODY_BYTES_MAX} fit a message")
    version = _free_version(database, kind, max(now_utc_ms, effective_utc_ms))
    kept = {"effective_utc_ms": effective_utc_ms, "body": body}
    database.execute(insert(published).values(kind=kind, version=version, **kept))
    return version


def withdraw(database: Connection, kind: str, now_utc_ms: int) -> int:
    """Take back the tables of a kind that wait for their hour; how many. No cart has heard of
    them. Raises CatalogError if none waits."""
    waits = (published.c.kind == kind, published.c.effective_utc_ms > now_utc_ms)
    taken: int = database.execute(delete(published).where(*waits)).rowcount
    if not taken:
        raise CatalogError(f"{kind}: none waits for its hour; the newest one holds")
    return taken


def news(
    database: Connection,
    signer: Signer,
    names: tuple[str, str],
    told: dict[str, int],
    now_utc_ms: int,
) -> Iterator[tuple[str, Published]]:
    """What holds by now and is newer than what was `told`, which follows: each with its channel.

    What waits for its hour is not said yet: the broker keeps one of a kind, and who comes before
    that hour needs the one that holds."""
    for kind, (message, _) in KINDS.items():
        version = _holding(database, kind, now_utc_ms)
        if version is None or version <= told.get(kind, 0):
            continue
        where = (published.c.kind == kind, published.c.version == version)
        row = database.execute(select(published).where(*where)).one()
        bare = message(version, Raw(bytes(row.body)), "", row.effective_utc_ms)
        signature = signer.sign(published_text(*names, bare))
        yield kind, replace(bare, signature=signature)
        told[kind] = version


def deals_of(database: Connection, version: int) -> Overlay:
    """The deals that a cart had adopted; 0: its catalog's own."""
    rows = _rows(database, "deals", version) if version else None
    return Overlay(deals=rows, deals_version=version)


def deals_from(database: Connection, now_utc_ms: int) -> list[Overlay]:
    """The deals that hold by now and those that wait for their hour."""
    holds = _holding(database, "deals", now_utc_ms) or 0
    which = (published.c.kind == "deals", published.c.version >= holds)
    versions = database.scalars(select(published.c.version).where(*which)).all()
    return [deals_of(database, version) for version in versions]


def recalls_now(database: Connection, now_utc_ms: int) -> Overlay:
    """What must not be sold by now, beside the catalog."""
    version = _holding(database, "recall", now_utc_ms)
    return Overlay(recalls=None if version is None else _rows(database, "recall", version))


def _rows(database: Connection, kind: str, version: int) -> Any:  # noqa: ANN401 - BODIES says which
    where = (published.c.kind == kind, published.c.version == version)
    body = database.scalar(select(published.c.body).where(*where))
    if body is None:
        raise ContractError(f"{kind}: version {version} is not this store's")
    return decoder_of(BODIES[KINDS[kind][0]]).decode(bytes(body))


def _free_version(database: Connection, kind: str, from_utc_ms: int) -> int:
    """Above all that hold before this hour, and below those that are to hold later."""
    before = _holding(database, kind, from_utc_ms) or 0
    taken = set(database.scalars(select(published.c.version).where(published.c.kind == kind)))
    return next(each for each in count(max(before + 1, from_utc_ms)) if each not in taken)


def _holding(database: Connection, kind: str, utc_ms: int) -> int | None:
    """The version of a kind that holds at an hour."""
    by_then = (published.c.kind == kind, published.c.effective_utc_ms <= utc_ms)
    version: int | None = database.scalar(select(func.max(published.c.version)).where(*by_then))
    return version
