"""The store's catalogs: checked on the way in, signed and cut into packets on the way out.

A version is one catalog for ever. It must never publish what the carts would refuse.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from msgspec.structs import replace

from cart.contract.goods import CATALOG_BYTES_MAX, CHUNK_BYTES_MAX, CatalogHead
from cart.contract.signing import head_text
from cart.contract.store import Packet, packet
from cart.core.catalog import Catalog, CatalogError, parse_catalog
from store.keys import Signer


def add(database: sqlite3.Connection, data: bytes) -> Catalog:
    """Keep a catalog (JSON by docs/schemas/catalog.schema.json) for publishing.

    The same one again changes nothing. Raises CatalogError.
    """
    if len(data) > CATALOG_BYTES_MAX:
        raise CatalogError(f"catalog: {len(data)} bytes; at most {CATALOG_BYTES_MAX} fit")
    catalog = parse_catalog(data)
    sha256 = hashlib.sha256(data).hexdigest()
    newest = database.execute("SELECT MAX(version) AS version FROM catalogs").fetchone()["version"]
    known = database.execute("SELECT version FROM catalogs WHERE sha256 = ?", (sha256,)).fetchone()
    if known is None and newest is not None and catalog.version <= newest:
        raise CatalogError(
            f"catalog: version {catalog.version}, but {newest} is published; raise the version"
        )
    database.execute(
        "INSERT OR IGNORE INTO catalogs VALUES (?, ?, ?)", (catalog.version, sha256, data)
    )
    return catalog


def newest_sha256(database: sqlite3.Connection) -> str:
    """Which catalog carts shall have; "" when there is none."""
    row = database.execute("SELECT sha256 FROM catalogs ORDER BY version DESC LIMIT 1").fetchone()
    return str(row["sha256"]) if row else ""


def data_of(database: sqlite3.Connection, sha256: str) -> bytes:
    """The JSON of a catalog that is kept."""
    row = database.execute("SELECT data FROM catalogs WHERE sha256 = ?", (sha256,)).fetchone()
    return bytes(row["data"])


def packets(
    database: sqlite3.Connection, signer: Signer, tenant: str, store: str, sha256: str
) -> Iterator[Packet]:
    """A catalog as the broker keeps it: its chunks, then the head that makes them count."""
    row = database.execute("SELECT * FROM catalogs WHERE sha256 = ?", (sha256,)).fetchone()
    data = bytes(row["data"])
    starts = range(0, len(data), CHUNK_BYTES_MAX)
    for number, start in enumerate(starts):
        piece = data[start : start + CHUNK_BYTES_MAX]
        yield _chunk(piece, tenant, store, sha256, number)
    head = CatalogHead(
        version=row["version"],
        sha256=sha256,
        size_bytes=len(data),
        chunks=len(starts),
        signature="",
    )
    signed = replace(head, signature=signer.sign(head_text(tenant, store, head)))
    yield packet("catalog_head", signed, tenant, store)


def forget_packets(
    database: sqlite3.Connection, tenant: str, store: str, sha256: str
) -> Iterator[Packet]:
    """What makes the broker forget the chunks of a catalog that was replaced."""
    row = database.execute(
        "SELECT length(data) AS size FROM catalogs WHERE sha256 = ?", (sha256,)
    ).fetchone()
    for number in range(-(-row["size"] // CHUNK_BYTES_MAX)):
        yield _chunk(b"", tenant, store, sha256, number)


def _chunk(piece: bytes, tenant: str, store: str, sha256: str, number: int) -> Packet:
    return packet("catalog_chunk", piece, tenant, store, sha256=sha256, number=str(number))
