"""The store's service: one loop that reads the broker, commits, and only then answers.

One thread owns the connection and the database. All messages of one poll share a transaction; a
reply leaves after its commit, so an acknowledgement means that the rows are on the disk. What a
full disk or a crash takes away was not acknowledged, and the carts send it again.
"""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from random import Random
from typing import ClassVar

from cart import mqtt
from cart.contract.lines import ContractError
from cart.contract.store import (
    Ack,
    Birth,
    CartState,
    EventBatch,
    Packet,
    PairClaim,
    PairOffer,
    PayRequest,
    StoreState,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.value import Value
from store import catalogs, counter, disputes, ledger
from store.database import transaction
from store.keys import Signer

POLL_MS = 250
RETRY_MS_MAX = 1_000
UP_CHANNELS = ("birth", "cart_state", "events", "pair_offer", "pay_request")
# What a disk can do to a commit; extended codes carry these in their low byte.
DISK_TROUBLE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
}

log = logging.getLogger(__name__)


class Service:
    """Serves one store until `stop`. Clocks are injected: `clock` is monotonic, `utc_ms` is not."""

    def __init__(
        self,
        endpoint: mqtt.Endpoint,
        tenant: str,
        store: str,
        database: sqlite3.Connection,
        signer: Signer,
        clock: Callable[[], int],
        utc_ms: Callable[[], int],
    ) -> None:
        self._names = (tenant, store)
        self._database = database
        self._signer = signer
        self._utc_ms = utc_ms
        self._boot_id = secrets.token_hex(8)
        self._connection = mqtt.Connection(
            endpoint,
            f"store-{store}",
            self._filters(),
            clock,
            Random(),  # noqa: S311 - it only spreads reconnections
            packet("store_state", StoreState(self._boot_id, online=False), *self._names),
            retry_ms_max=RETRY_MS_MAX,
        )
        self._stopping = threading.Event()
        self._waiting: dict[str, PayRequest] = {}
        self._published = ""
        self._told_credit = 0
        self._data_version = 0

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until `stop`; `on_ready` is called each time all subscriptions stand."""
        while not self._stopping.is_set():
            happenings = self._connection.poll(POLL_MS)
            for happening in happenings:
                if isinstance(happening, mqtt.Changed):
                    self._changed(happening, on_ready)
            self._serve([item for item in happenings if isinstance(item, mqtt.Incoming)])
            self._publish_news()
        self._say_state(online=False)
        self._connection.close()

    def stop(self) -> None:
        """End `run` soon; from any thread or a signal handler."""
        self._stopping.set()
        self._connection.wake()

    def _filters(self) -> list[str]:
        filters = [topic_of(name, *self._names, cart="+") for name in UP_CHANNELS]
        # Our own state too: a late last will of ours must not keep the carts waiting.
        own = topic_of("store_state", *self._names)
        return [*filters, topic_of("pair_claim", *self._names, shopper="+"), own]

    def _changed(self, change: mqtt.Changed, on_ready: Callable[[], None]) -> None:
        if not change.up:
            log.warning("no broker: %s", change.reason)
            return
        self._published, self._told_credit = "", 0
        self._publish_news()
        self._say_state(online=True)
        on_ready()

    def _serve(self, messages: list[mqtt.Incoming]) -> None:
        if not messages:
            return
        try:
            with transaction(self._database):
                replies = [reply for message in messages for reply in self._replies(message)]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in DISK_TROUBLE:
                raise
            log.critical("nothing stored, the carts keep it: %s; make room on the disk", error)
            return
        for reply in replies:
            self._connection.publish(reply)

    def _replies(self, message: mqtt.Incoming) -> Iterator[Packet]:
        """Handle one message; one that is malformed or not allowed is said aloud and left.

        Of a topic only the channel and the cart are logged: a shopper's pseudonym is not ours."""
        try:
            address = parse(message.topic)
        except ContractError:
            log.warning("refused: a topic that is no channel of version 1")
            return
        name = address.channel.name
        kind, handle = self._handlers[name]
        try:
            yield from handle(self, *address.names.values(), decode(kind, message.payload))
        except ContractError as error:
            sender = f"{name} {address.names.get('cart', '')}".rstrip()
            log.warning("refused: %s: %s", sender, error)

    def _born(self, cart: str, birth: Birth) -> Iterator[Packet]:
        self._database.execute(
            "INSERT OR REPLACE INTO carts VALUES (?, ?, ?, 1, ?, ?)",
            (cart, birth.epoch, birth.boot_id, birth.app_version, birth.catalog_version),
        )
        seq = ledger.stored_seq(self._database, cart, birth.epoch)
        yield self._to("ack", cart, Ack(birth.epoch, seq, utc_ms=self._utc_ms()))
        for name, credit in disputes.untold(self._database, after=0):
            if name == cart:
                yield self._to("credit", cart, credit)

    def _came_or_went(self, cart: str, state: CartState) -> Iterator[Packet]:
        # The last will of an earlier boot says nothing about this one.
        self._database.execute(
            "UPDATE carts SET online = ? WHERE cart = ? AND boot_id = ?",
            (state.online, cart, state.boot_id),
        )
        yield from ()

    def _rows_came(self, cart: str, batch: EventBatch) -> Iterator[Packet]:
        yield self._to("ack", cart, ledger.ingest(self._database, cart, batch))
        waiting = self._waiting.pop(cart, None)
        if waiting is not None:
            yield from self._payment_asked(cart, waiting)

    def _payment_asked(self, cart: str, asked: PayRequest) -> Iterator[Packet]:
        answer = counter.pay(self._database, cart, asked)
        if answer is None:
            self._waiting[cart] = asked
        else:
            yield self._to("pay_answer", cart, answer)

    def _code_offered(self, cart: str, shown: PairOffer) -> Iterator[Packet]:
        counter.offer(self._database, cart, shown.nonce)
        yield from ()

    def _code_claimed(self, shopper: str, asked: PairClaim) -> Iterator[Packet]:
        if asked.shopper != shopper:
            raise ContractError("PairClaim: a shopper may not ask for another")
        grant = counter.claim(self._database, self._signer, asked, self._utc_ms())
        yield self._to("pair_grant", asked.cart, grant)

    def _own_state(self, state: StoreState) -> Iterator[Packet]:
        if not state.online:
            yield self._state(online=True)

    def _publish_news(self) -> None:
        """Publish what `import` and `credit` have put into the database since the last look."""
        version = self._database.execute("PRAGMA data_version").fetchone()[0]
        if not self._connection.up or (self._published and version == self._data_version):
            return
        self._data_version = version
        for cart, credit in disputes.untold(self._database, self._told_credit):
            self._connection.publish(self._to("credit", cart, credit))
            self._told_credit = credit.number
        self._publish_new_catalog()

    def _publish_new_catalog(self) -> None:
        newest = catalogs.newest_sha256(self._database)
        if not newest or newest == self._published:
            return
        for new in catalogs.packets(self._database, self._signer, *self._names, newest):
            self._connection.publish(new)
        if self._published:
            for old in catalogs.forget_packets(self._database, *self._names, self._published):
                self._connection.publish(old)
        self._published = newest

    def _say_state(self, *, online: bool) -> None:
        self._connection.publish(self._state(online=online))

    def _state(self, *, online: bool) -> Packet:
        return packet("store_state", StoreState(self._boot_id, online), *self._names)

    def _to(self, name: str, cart: str, message: Value) -> Packet:
        return packet(name, message, *self._names, cart=cart)

    _handlers: ClassVar[dict[str, tuple[type[Value], Callable[..., Iterator[Packet]]]]] = {
        "birth": (Birth, _born),
        "cart_state": (CartState, _came_or_went),
        "events": (EventBatch, _rows_came),
        "pair_offer": (PairOffer, _code_offered),
        "pair_claim": (PairClaim, _code_claimed),
        "pay_request": (PayRequest, _payment_asked),
        "store_state": (StoreState, _own_state),
    }
