"""The link's desk for what the store says about its goods: asks for it, and hands on what is whole.

The next change of the catalog is always listened for; a catalog that is further away is collected
whole. What does not come by itself is asked for. It must never decide what a price is: what arrives
is checked, becomes an observation, and that is all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from cart import mqtt
from cart.contract.goods import CatalogDelta, CatalogHead, Get, Given, trust_file
from cart.contract.store import Address, decode, packet, topic_of
from cart.core.catalog import Catalog, CatalogError
from cart.core.observations import CatalogArrived
from cart.shell.clock import Clock
from cart.shell.config import Config
from cart.shell.inbox import Inbox
from cart.shell.newest import Newest
from cart.shell.store_catalog import CatalogIntake, StoreKey
from cart.shell.store_published import KINDS, PublishedIntake, Told
from cart.shell.trust import Trust

GOODS = frozenset(("catalog_head", "catalog_chunk", "catalog_delta", "trust", "given", *KINDS))
# One by one, so that live messages pass between; and iotcore gives at most 100 kept messages to
# one subscription.
CHUNKS_AT_ONCE = 20
PATIENCE_MS = 2_000  # so long what is kept at the broker may take, before the store is asked for it
ASK_TIME_MS = 600_000

log = logging.getLogger(__name__)


class GoodsDesk:
    """One cart's, at the connection of its link. `time_told` hears the store's wall clock, and when
    it was asked for."""

    def __init__(
        self,
        config: Config,
        key: StoreKey,
        inbox: Inbox,
        connection: mqtt.Connection,
        clock: Clock,
        time_told: Callable[[int, int], None],
        trust: Trust | None,
        newest: Newest,
    ) -> None:
        names = (config.tenant, config.store)
        self._names = names
        self._cart = config.cart_id
        self._inbox = inbox
        self._connection = connection
        self._clock = clock
        self._catalog = CatalogIntake(*names, key, config.data_folder, trust)
        self._published = PublishedIntake(*names, key, config.data_folder, newest)
        self._newest = newest
        self._time_told = time_told
        self._near: CatalogHead | None = None  # a few changes lead to it, and are on their way
        self._asked_change = False
        self._waiting_since_ms = 0
        self._chunks_asked: dict[tuple[str, str], int] = {}
        self._listens_for: int | None = None
        self._time_asked_ms = clock()

    @property
    def version(self) -> int:
        """The catalog in use."""
        return self._catalog.version

    @property
    def sha256(self) -> str:
        """Its hash."""
        return self._catalog.sha256

    def restore(self, adopted_version: int) -> Iterator[CatalogError]:
        """Bring back what held in the last run; what could not be, each for itself: a torn file
        keeps no other back."""
        for told in self._published.restore():
            if isinstance(told, CatalogError):
                yield told
            else:
                self._inbox.put(told)
        try:
            self._restore_catalog(adopted_version)
        except CatalogError as error:
            yield error

    def _restore_catalog(self, adopted_version: int) -> None:
        """A cart that died between a new catalog's coming and its adoption hears of the adopted one
        first, as long as it is here: what it cost counts for the trip."""
        newest = self._catalog.restore()
        if newest is not None and 0 < adopted_version < newest.version:
            before = self._catalog.restore(adopted_version)
            if before is not None and before.version == adopted_version:
                self._adopt(before)
            newest = self._catalog.restore()
        self._adopt(newest)

    def came_up(self) -> None:
        """The connection is new: nothing is listened for yet."""
        self._listens_for = None
        self._chunks_asked.clear()
        self._listen()

    def heard(self, address: Address, payload: bytes, now_utc_ms: int) -> None:
        """Take a message of one of `GOODS`. Raises ContractError or CatalogError."""
        match address.channel.name:
            case "catalog_chunk":
                self._chunk_came(**address.names, piece=payload)
            case "catalog_delta":
                self._change_came(payload, now_utc_ms)
            case "given":
                self._given(decode(Given, payload), now_utc_ms)
            case "trust":
                self._trust_came(trust_file(address.names["file"]), payload)
            case name if name in KINDS:
                self._tell(self._published.came(name, payload, now_utc_ms))
            case _:
                self._head_came(decode(CatalogHead, payload))

    def time_passed(self, now_utc_ms: int) -> None:
        """Use what has come to its hour; ask for what does not come. Raises CatalogError."""
        self._newest.look(now_utc_ms, is_up=self._connection.up)
        self._adopt(self._catalog.time_passed(now_utc_ms))
        for told in self._published.time_passed(now_utc_ms):
            self._tell(told)
        if not self._connection.up:
            return
        now_ms = self._clock()
        if now_ms - self._time_asked_ms >= ASK_TIME_MS:
            self._time_asked_ms = now_ms
            self._ask(Get("time", "time"))
        for chunk, asked_ms in self._chunks_asked.items():
            if now_ms - asked_ms >= PATIENCE_MS:
                self._chunks_asked[chunk] = now_ms
                self._ask(Get(f"chunk-{chunk[1]}", "chunk", chunk[0], int(chunk[1])))
        if self._near is not None and now_ms - self._waiting_since_ms >= PATIENCE_MS:
            self._lose_patience(self._near, now_ms)

    def doubt_time(self) -> None:
        """What the store says does not fit the time that it told: ask it anew, soon."""
        self._time_asked_ms = self._clock() - ASK_TIME_MS

    def _lose_patience(self, head: CatalogHead, now_ms: int) -> None:
        """Ask the store for the change that did not come; then collect the catalog whole."""
        wanted = self._catalog.next_version
        if wanted is None or self._asked_change:
            self._near = None
            self._collect(head)
            return
        self._asked_change, self._waiting_since_ms = True, now_ms
        self._ask(Get(f"delta-{wanted}", "delta", version=wanted))

    def _head_came(self, head: CatalogHead) -> None:
        if head.version > self.version and self._catalog.is_close(head):
            self._near, self._asked_change = head, False
            self._waiting_since_ms = self._clock()
        else:
            self._collect(head)

    def _collect(self, head: CatalogHead) -> None:
        if self._catalog.offer(head):
            for _ in range(CHUNKS_AT_ONCE):
                self._fetch_chunk()
            self._adopt(self._catalog.finished())

    def _fetch_chunk(self) -> None:
        chunk = self._catalog.next_chunk()
        if chunk is not None:
            self._chunks_asked[chunk] = self._clock()
            self._connection.subscribe(self._chunk_topic(*chunk))

    def _chunk_came(self, sha256: str, number: str, piece: bytes) -> None:
        if self._chunks_asked.pop((sha256, number), None) is not None:
            self._connection.unsubscribe(self._chunk_topic(sha256, number))
        catalog = self._catalog.chunk(sha256, number, piece)
        self._fetch_chunk()
        self._adopt(catalog)

    def _change_came(self, payload: bytes, now_utc_ms: int) -> None:
        self._waiting_since_ms, self._asked_change = self._clock(), False
        self._adopt(self._catalog.change(decode(CatalogDelta, payload), now_utc_ms))
        self._listen()
        near = self._near
        if near is not None and not self._catalog.is_close(near):
            self._near = None
            self._collect(near)

    def _given(self, given: Given, now_utc_ms: int) -> None:
        what, _, number = given.correlation.partition("-")
        if given.reason:
            log.info("not given: %s: %s", given.correlation, given.reason)
            self._waiting_since_ms -= PATIENCE_MS
        elif what == "delta":
            self._change_came(given.data, now_utc_ms)
        elif what == "time":
            self._time_told(given.utc_ms, self._time_asked_ms)
        asked = [chunk for chunk in self._chunks_asked if chunk[1] == number]
        if what == "chunk" and asked:
            self._chunk_came(*asked[0], piece=given.data)

    def _trust_came(self, name: str, data: bytes) -> None:
        allowed = self._catalog.trust_came(name, data)
        if isinstance(allowed, Catalog):
            self._adopt(allowed)
        elif allowed is not None:
            self._head_came(allowed)

    def _tell(self, told: Told | None) -> None:
        if told is not None:
            self._inbox.put(told)

    def _adopt(self, catalog: Catalog | None) -> None:
        if catalog is None:
            return
        if self._near is not None and self._near.version <= self.version:
            self._near = None
        self._inbox.put(CatalogArrived(0, catalog, self._catalog.sha256))
        self._listen()

    def _listen(self) -> None:
        """Listen for the change after the newest one here, and for no other."""
        wanted = self._catalog.next_version
        if wanted == self._listens_for or not self._connection.up:
            return
        if self._listens_for is not None:
            self._connection.unsubscribe(self._change_topic(self._listens_for))
        if wanted is not None:
            self._connection.subscribe(self._change_topic(wanted))
        self._listens_for = wanted

    def _ask(self, get: Get) -> None:
        self._connection.publish(packet("get", get, *self._names, cart=self._cart))

    def _change_topic(self, version: int) -> str:
        return topic_of("catalog_delta", *self._names, version=str(version))

    def _chunk_topic(self, sha256: str, number: str) -> str:
        return topic_of("catalog_chunk", *self._names, sha256=sha256, number=number)
