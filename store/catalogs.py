"""The store's catalogs: checked on the way in, signed and cut into packets on the way out.

A version is one catalog for ever. It must never publish what the carts would refuse.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select

from cart.contract.decoding import decoder_of
from cart.contract.deltas import arranged, canonical, change_between
from cart.contract.goods import (
    CATALOG_BYTES_MAX,
    CHUNK_BYTES_MAX,
    CatalogDelta,
    CatalogHead,
    Change,
)
from cart.contract.signing import head_text, published_text
from cart.contract.store import Packet, packet
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from store.database import reading, transaction
from store.keys import Signer
from store.local_time import local_hour
from store.tables import carts, catalogs

DELTA_BYTES_MAX = 90_000  # with its signature it still fits into a `Given`
UTC_MS_MAX = 2**62
VERSION_MAX = 2**53  # every program that reads JSON counts so far
LEAP_MAX = 10_000  # versions that a database may have forgotten
# A version may be a date in digits, or a time; after a mistake eight such strides are left.
STRIDE_MAX = 10**15
Row = dict[str, Any]
# What comes after the newest catalog.
Make = Callable[[Catalog | None], bytes | Catalog]
STANDS = (catalogs.c.version, catalogs.c.effective_utc_ms)


class Waiting(NamedTuple):
    """A change as it is kept: it leads to `version`, and holds from `effective_utc_ms` on."""

    version: int
    effective_utc_ms: int
    delta: bytes


def newest(database: Connection) -> Catalog | None:
    """The newest catalog, or None; it may be one that does not hold yet."""
    data = database.scalar(select(catalogs.c.data).order_by(catalogs.c.version.desc()).limit(1))
    return None if data is None else parse_catalog(bytes(data))


class Hours(NamedTuple):
    """From when on something is to hold, and when that is said; 0 is at once, whatever a clock
    says: what holds at once waits on no cart for its clock."""

    effective_utc_ms: int = 0
    now_utc_ms: int = 0


AT_ONCE = Hours()


def add(database: Connection, given: bytes | Catalog, hours: Hours = AT_ONCE) -> Catalog:
    """Keep a catalog, or its JSON by docs/schemas/catalog.schema.json, for publishing, with the
    change that leads to it.

    The same one again changes nothing. Raises CatalogError.
    """
    catalog, row = _prepared(database, given, newest(database), hours)
    _keep(database, row)
    return catalog


def publish(
    database: Connection,
    make: Make,
    hours: Hours = AT_ONCE,
) -> Catalog:
    """Keep what `make` gives for the newest catalog, in transactions of its own. A large one is
    worked out in a look, so that no cart waits meanwhile: anew if another one came first.

    Raises CatalogError, as `add` does, and DatabaseError.
    """
    while True:
        with reading(database):
            before = newest(database)
            made = _above_carts(database, make(before), before)
            catalog, row = _prepared(database, made, before, hours)
        with transaction(database):
            if _newest_version(database) == (None if before is None else before.version):
                _keep(database, row)
                return catalog


def withdraw(database: Connection, now_utc_ms: int) -> Catalog:
    """Publish what holds now once more, above all that waits for its hour, so that nothing of that
    ever holds: carts have heard of it, so it can't just go. Raises CatalogError, also if nothing
    waits, and DatabaseError."""

    def standing(before: Catalog | None) -> Catalog:
        if before is None or _latest(database).effective_utc_ms <= now_utc_ms:
            raise CatalogError("no catalog waits for its hour; the newest one holds")
        holds = parse_catalog(data_of(database, newest_sha256(database, now_utc_ms)))
        return replace(holds, version=before.version + 1)

    return publish(database, standing, Hours(now_utc_ms=UTC_MS_MAX))


def _above_carts(
    database: Connection, made: bytes | Catalog, before: Catalog | None
) -> bytes | Catalog:
    """Number the next catalog above what carts said they have: that is more than is known here
    where the database was brought back from a backup. No cart can make it leap without end."""
    known = 0 if before is None else before.version
    if not isinstance(made, Catalog) or made.version != known + 1:
        return made  # a person numbered it
    believed = carts.c.catalog_version <= known + LEAP_MAX
    told = database.scalar(select(func.max(carts.c.catalog_version)).where(believed)) or 0
    return replace(made, version=max(known, told) + 1)


def _prepared(
    database: Connection, given: bytes | Catalog, before: Catalog | None, hours: Hours
) -> tuple[Catalog, Row | None]:
    """The catalog, and its row; no row where it is kept already."""
    catalog = parse_catalog(given if isinstance(given, bytes) else canonical(given))
    if catalog.version > VERSION_MAX:
        raise CatalogError(f"catalog: version {catalog.version}; at most {VERSION_MAX} is one")
    catalog = arranged(catalog, before)
    data = canonical(catalog)
    if len(data) > CATALOG_BYTES_MAX:
        raise CatalogError(f"catalog: {len(data)} bytes; at most {CATALOG_BYTES_MAX} fit")
    sha256 = hashlib.sha256(data).hexdigest()
    if database.scalar(select(catalogs.c.version).where(catalogs.c.sha256 == sha256)) is not None:
        return catalog, None
    _check_stride(0 if before is None else before.version, catalog.version)
    delta = None
    if before is not None:
        _check_order(_latest(database), catalog.version, hours)
        delta = _delta(before, catalog, sha256, len(data))
    elif hours.effective_utc_ms > hours.now_utc_ms:
        raise CatalogError("catalog: the first one holds at once; leave out --at")
    kept = {"sha256": sha256, "data": data, "delta": delta}
    dated = {"effective_utc_ms": hours.effective_utc_ms}
    return catalog, {"version": catalog.version, **kept, **dated}


def _check_stride(known: int, version: int) -> None:
    if version > known + STRIDE_MAX:
        raise CatalogError(
            f"catalog: version {version} would leave few above it; write {known + 1}, or at most"
            f" {known + STRIDE_MAX}"
        )


def _keep(database: Connection, row: Row | None) -> None:
    if row is not None:
        database.execute(insert(catalogs).values(row))


def _newest_version(database: Connection) -> int | None:
    version: int | None = database.scalar(select(func.max(catalogs.c.version)))
    return version


def _latest(database: Connection) -> Any:  # noqa: ANN401 - a row of the columns in STANDS
    return database.execute(select(*STANDS).order_by(catalogs.c.version.desc()).limit(1)).one()


def _check_order(latest: Any, version: int, hours: Hours) -> None:  # noqa: ANN401 - as above
    """Each version holds later than the one before: a change is one from version to version."""
    if version <= latest.version:
        raise CatalogError(
            f"catalog: version {version}, but {latest.version} is published; raise the version"
        )
    if max(hours) < latest.effective_utc_ms:
        raise CatalogError(
            f"catalog: version {latest.version} waits for {local_hour(latest.effective_utc_ms)};"
            " let this one hold from then on or later (--at), or take that one back first:"
            " python -m store withdraw catalog"
        )


def _delta(before: Catalog, after: Catalog, sha256: str, size_bytes: int) -> bytes | None:
    """The change, or that it fits no message; its head is signed when it is published."""
    if after.version != before.version + 1:
        return None
    chunks = -(-size_bytes // CHUNK_BYTES_MAX)
    head = CatalogHead(after.version, sha256, size_bytes, chunks, signature="")
    body = json.encode(replace(change_between(before, after), head=head))
    if len(body) > DELTA_BYTES_MAX:
        body = json.encode(Change(head, is_long=True))
    return body


def newest_sha256(database: Connection, now_utc_ms: int = UTC_MS_MAX) -> str:
    """Which catalog carts shall have by now; "" when there is none."""
    found = select(catalogs.c.sha256).where(catalogs.c.effective_utc_ms <= now_utc_ms)
    return database.scalar(found.order_by(catalogs.c.version.desc()).limit(1)) or ""


def data_of(database: Connection, sha256: str) -> bytes:
    """A catalog as it is published, in bytes."""
    asked = select(catalogs.c.data).where(catalogs.c.sha256 == sha256)
    return bytes(database.execute(asked).scalar_one())


def newest_data(database: Connection, now_utc_ms: int = UTC_MS_MAX) -> bytes | None:
    """The newest that carts shall have by then, in bytes."""
    sha256 = newest_sha256(database, now_utc_ms)
    return data_of(database, sha256) if sha256 else None


def packets(
    database: Connection, signer: Signer, tenant: str, store: str, sha256: str
) -> Iterator[Packet]:
    """A catalog as the broker keeps it: its chunks, then the head that makes them count."""
    row = database.execute(select(catalogs).where(catalogs.c.sha256 == sha256)).one()
    data = bytes(row.data)
    pieces = list(_pieces(data))
    for number, piece in enumerate(pieces):
        yield _chunk(piece, tenant, store, sha256, number)
    head = CatalogHead(
        version=row.version,
        sha256=sha256,
        size_bytes=len(data),
        chunks=len(pieces),
        signature="",
        pieces=tuple(hashlib.sha256(piece).hexdigest() for piece in pieces),
    )
    yield packet("catalog_head", _signed(head, signer, tenant, store), tenant, store)


def piece(database: Connection, sha256: str, number: int) -> bytes | None:
    """One chunk as it is published; None for one that is not there."""
    start = number * CHUNK_BYTES_MAX + 1  # SQL counts from 1
    cut = func.substr(catalogs.c.data, start, CHUNK_BYTES_MAX)
    data = database.scalar(select(cut).where(catalogs.c.sha256 == sha256))
    return zlib.compress(bytes(data)) if data else None


def deltas(database: Connection, after_version: int) -> list[Waiting]:
    """The changes after a version, each from the one before it, in their order."""
    asked = select(catalogs.c.version, catalogs.c.effective_utc_ms, catalogs.c.delta)
    wanted = (catalogs.c.version > after_version, catalogs.c.delta.is_not(None))
    found = database.execute(asked.where(*wanted).order_by(catalogs.c.version)).all()
    return [Waiting(row.version, row.effective_utc_ms, bytes(row.delta)) for row in found]


def signed_delta(waiting: Waiting, signer: Signer, tenant: str, store: str) -> CatalogDelta:
    """A change as the carts get it."""
    change = decoder_of(Change).decode(waiting.delta)
    assert change.head is not None, "it was kept with one"
    body = json.encode(replace(change, head=_signed(change.head, signer, tenant, store)))
    delta = CatalogDelta(waiting.version, Raw(body), "", waiting.effective_utc_ms)
    return replace(delta, signature=signer.sign(published_text(tenant, store, delta)))


def forget_packets(database: Connection, tenant: str, store: str, sha256: str) -> Iterator[Packet]:
    """What makes the broker forget the chunks of a catalog that was replaced."""
    size = select(func.length(catalogs.c.data)).where(catalogs.c.sha256 == sha256)
    for number in range(-(-database.execute(size).scalar_one() // CHUNK_BYTES_MAX)):
        yield _chunk(b"", tenant, store, sha256, number)


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES_MAX):
        yield zlib.compress(data[start : start + CHUNK_BYTES_MAX])


def _signed(head: CatalogHead, signer: Signer, tenant: str, store: str) -> CatalogHead:
    return replace(head, signature=signer.sign(head_text(tenant, store, head)))


def _chunk(piece: bytes, tenant: str, store: str, sha256: str, number: int) -> Packet:
    return packet("catalog_chunk", piece, tenant, store, sha256=sha256, number=str(number))
