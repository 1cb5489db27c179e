"""The catalogs and deals that carts had adopted: by them their trips are priced.

It must never price a trip by a catalog that its cart did not have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Connection, select

from cart.contract.lines import ContractError
from cart.core.catalog import CatalogIndex, parse_catalog
from cart.core.events import CatalogAdopted
from cart.core.overlay import Overlay, overlaid
from store import published
from store.tables import catalogs

LOOKS_MAX = 32


def index_of(database: Connection, adopted: Sequence[CatalogAdopted]) -> CatalogIndex:
    """The newest catalog and deals that a cart had adopted. Raises ContractError."""
    if not adopted:
        raise ContractError("the cart had no catalog; import one with: python -m store import")
    newest = adopted[-1]
    data = _catalog(database, newest)
    if data is None:
        raise ContractError(f"the cart's catalog, version {newest.version}, is not this store's")
    version = newest.deals_version
    return _overlaid(data, published.deals_of(database, version)) if version else index(data)


class Shelves:
    """Each catalog that a cart had adopted and that is this store's, likeliest first to say where a
    price comes from: the newest, then the one that the trip began with. Each is read once, when it
    is asked for; a cart may name many, so `LOOKS_MAX` are read at most."""

    def __init__(self, database: Connection, adopted: Sequence[CatalogAdopted]) -> None:
        named = {(each.sha256, each.version): each for each in adopted}
        newest, *before = reversed(named.values())
        likeliest = [newest, *before[-1:], *before[:-1]][:LOOKS_MAX]
        found = (_catalog(database, each) for each in likeliest)
        self._unread = (index(data) for data in found if data is not None)
        self._read: list[CatalogIndex] = []

    def __iter__(self) -> Iterator[CatalogIndex]:
        """One walk after the other."""
        yield from self._read
        for each in self._unread:
            self._read.append(each)
            yield each


def _catalog(database: Connection, adopted: CatalogAdopted) -> bytes | None:
    asked = catalogs.c.sha256 == adopted.sha256
    if adopted.sha256 == "":
        asked = catalogs.c.version == adopted.version
    data = database.scalar(select(catalogs.c.data).where(asked))
    return None if data is None else bytes(data)


@lru_cache(maxsize=4)
def index(data: bytes) -> CatalogIndex:
    """A catalog is large and rarely changes; its bytes name it."""
    return CatalogIndex(parse_catalog(data))


@lru_cache(maxsize=4)
def _overlaid(data: bytes, overlay: Overlay) -> CatalogIndex:
    return CatalogIndex(overlaid(index(data).catalog, overlay))
