"""The store's catalogs: checked on the way in, signed and cut into packets on the way out.

A version is one catalog for ever. It must never publish what the carts would refuse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection, func, insert, select

from cart.contract.goods import CATALOG_BYTES_MAX, CHUNK_BYTES_MAX, CatalogHead
from cart.contract.signing import head_text
from cart.contract.store import Packet, packet
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from store.keys import Signer
from store.tables import catalogs


def newest(database: Connection) -> Catalog | None:
    """The catalog that carts shall have, or None."""
    data = newest_data(database)
    return None if data is None else parse_catalog(data)


def add(database: Connection, given: bytes | Catalog) -> Catalog:
    """Keep a catalog, or its JSON by docs/schemas/catalog.schema.json, for publishing.

    The same one again changes nothing. Raises CatalogError.
    """
    data = given if isinstance(given, bytes) else json.encode(given)
    if len(data) > CATALOG_BYTES_MAX:
        raise CatalogError(f"catalog: {len(data)} bytes; at most {CATALOG_BYTES_MAX} fit")
    catalog = parse_catalog(data)
    sha256 = hashlib.sha256(data).hexdigest()
    if database.scalar(select(catalogs.c.version).where(catalogs.c.sha256 == sha256)) is not None:
        return catalog
    latest = database.scalar(select(func.max(catalogs.c.version)))
    if latest is not None and catalog.version <= latest:
        raise CatalogError(
            f"catalog: version {catalog.version}, but {latest} is published; raise the version"
        )
    database.execute(insert(catalogs).values(version=catalog.version, sha256=sha256, data=data))
    return catalog


def newest_sha256(database: Connection) -> str:
    """Which catalog carts shall have; "" when there is none."""
    found = select(catalogs.c.sha256).order_by(catalogs.c.version.desc()).limit(1)
    return database.scalar(found) or ""


def newest_data(database: Connection) -> bytes | None:
    """The same as it is published, in bytes."""
    found = select(catalogs.c.data).order_by(catalogs.c.version.desc()).limit(1)
    data = database.scalar(found)
    return None if data is None else bytes(data)


def packets(
    database: Connection, signer: Signer, tenant: str, store: str, sha256: str
) -> Iterator[Packet]:
    """A catalog as the broker keeps it: its chunks, then the head that makes them count."""
    row = database.execute(select(catalogs).where(catalogs.c.sha256 == sha256)).one()
    data = bytes(row.data)
    starts = range(0, len(data), CHUNK_BYTES_MAX)
    for number, start in enumerate(starts):
        piece = data[start : start + CHUNK_BYTES_MAX]
        yield _chunk(piece, tenant, store, sha256, number)
    head = CatalogHead(
        version=row.version,
        sha256=sha256,
        size_bytes=len(data),
        chunks=len(starts),
        signature="",
    )
    signed = replace(head, signature=signer.sign(head_text(tenant, store, head)))
    yield packet("catalog_head", signed, tenant, store)


def forget_packets(database: Connection, tenant: str, store: str, sha256: str) -> Iterator[Packet]:
    """What makes the broker forget the chunks of a catalog that was replaced."""
    size = select(func.length(catalogs.c.data)).where(catalogs.c.sha256 == sha256)
    for number in range(-(-database.execute(size).scalar_one() // CHUNK_BYTES_MAX)):
        yield _chunk(b"", tenant, store, sha256, number)


def _chunk(piece: bytes, tenant: str, store: str, sha256: str, number: int) -> Packet:
    return packet("catalog_chunk", piece, tenant, store, sha256=sha256, number=str(number))
