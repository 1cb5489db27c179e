"""The link's desk for what the store says about its goods: asks for it, and hands on what is whole.

It must never decide what a price is: what arrives is checked, becomes an observation, and that is
all.
"""

from __future__ import annotations

from cart import mqtt
from cart.contract.goods import CatalogHead
from cart.contract.store import Address, decode, topic_of
from cart.core.catalog import Catalog
from cart.core.observations import CatalogArrived
from cart.shell.config import Config
from cart.shell.inbox import Inbox
from cart.shell.store_catalog import CatalogIntake, StoreKey
from cart.shell.trust import trust_of

GOODS = frozenset(("catalog_head", "catalog_chunk", "trust"))
# One by one, so that live messages pass between; and iotcore gives at most 100 kept messages to
# one subscription.
CHUNKS_AT_ONCE = 20


class GoodsDesk:
    """One cart's, at the connection of its link."""

    def __init__(
        self, config: Config, key: StoreKey, inbox: Inbox, connection: mqtt.Connection
    ) -> None:
        names = (config.tenant, config.store)
        self._names = names
        self._inbox = inbox
        self._connection = connection
        self._catalog = CatalogIntake(*names, key, config.data_folder, trust_of(config))

    @property
    def version(self) -> int:
        """The catalog in use."""
        return self._catalog.version

    @property
    def sha256(self) -> str:
        """Its hash."""
        return self._catalog.sha256

    def restore(self) -> None:
        """Bring back the catalog of the last run. Raises CatalogError."""
        self._adopt(self._catalog.restore())

    def heard(self, address: Address, payload: bytes) -> None:
        """Take a message of one of `GOODS`. Raises ContractError or CatalogError."""
        match address.channel.name:
            case "catalog_chunk":
                self._chunk_came(**address.names, piece=payload)
            case "trust":
                self._fetch_if(self._catalog.trust_came(address.names["file"], payload))
            case _:
                self._fetch_if(self._catalog.offer(decode(CatalogHead, payload)))

    def _fetch_if(self, wanted: bool) -> None:
        if wanted:
            for _ in range(CHUNKS_AT_ONCE):
                self._fetch_chunk()

    def _fetch_chunk(self) -> None:
        chunk = self._catalog.next_chunk()
        if chunk is not None:
            self._connection.subscribe(self._chunk_topic(*chunk))

    def _chunk_came(self, sha256: str, number: str, piece: bytes) -> None:
        self._connection.unsubscribe(self._chunk_topic(sha256, number))
        catalog = self._catalog.chunk(sha256, number, piece)
        self._fetch_chunk()
        self._adopt(catalog)

    def _adopt(self, catalog: Catalog | None) -> None:
        if catalog is not None:
            self._inbox.put(CatalogArrived(0, catalog, self._catalog.sha256))

    def _chunk_topic(self, sha256: str, number: str) -> str:
        return topic_of("catalog_chunk", *self._names, sha256=sha256, number=number)
