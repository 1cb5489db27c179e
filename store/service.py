"""The store's service: one loop that reads the broker, commits, and only then answers.

One thread owns the connection and the database. All messages of one poll share a transaction; a
reply leaves after its commit, so an acknowledgement means that the rows are on the disk. What a
full disk or a crash takes away was not acknowledged, and the carts send it again.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import ClassVar

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, update

from cart import mqtt
from cart.contract.fleet import (
    CertificateRequest,
    ClipNote,
    CommandState,
    ReportedConfig,
    Telemetry,
)
from cart.contract.goods import Get
from cart.contract.lines import ContractError
from cart.contract.store import (
    BATCH_MAX,
    CHANNELS,
    Address,
    Birth,
    CartState,
    CouponRequest,
    EventBatch,
    Packet,
    PairClaim,
    PairOffer,
    PayRequest,
    Snap,
    StoreState,
    app_of,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.value import Value
from store import chain, counter, coupons, disputes, giving, healing, ledger
from store.clones import Clones
from store.database import apart, check_storable, transaction
from store.keys import Signer
from store.local_time import local_offset_ms
from store.news import Fleet, News
from store.tables import carts, health

POLL_MS = 250
SAY_MS = 3_000
RETRY_MS_MAX = 1_000
ROWS_AT_ONCE = 5_000
UP_CHANNELS = [each.name for each in CHANNELS if each.direction == "up" and "{cart}" in each.topic]

log = logging.getLogger(__name__)


@contextmanager
def _living_on(what: str) -> Iterator[None]:
    """What a full disk or a lost server undoes is said, and comes again; the service lives on."""
    try:
        yield
    except OSError as error:  # of the database, too
        log.critical("%s: %s", what, error)


class Service:
    """Serves one store until `stop`. Clocks are injected: `clock` is monotonic, `utc_ms` is not."""

    connects: ClassVar[type[mqtt.Connection]] = mqtt.Connection

    def __init__(
        self,
        endpoint: mqtt.Endpoint,
        tenant: str,
        store: str,
        database: Connection,
        signer: Signer,
        clock: Callable[[], int],
        utc_ms: Callable[[], int],
        fleet: Fleet | None = None,
    ) -> None:
        self._names = (tenant, store)
        desks = fleet or Fleet()
        self._provisioning, self._orders = desks.provisioning, desks.orders
        self._configs, self._daily, self._clips = desks.configs, desks.daily, desks.clips
        self._papers = desks.papers
        self._news = News(database, signer, self._names, desks, utc_ms)
        self._database = database
        self._signer = signer
        self._clock = clock
        self._utc_ms = utc_ms
        self._boot_id = secrets.token_hex(8)
        self._connection = self.connects(
            endpoint,
            f"store-{store}",
            self._filters(),
            clock,
            Random(),  # noqa: S311 - it only spreads reconnections
            packet("store_state", StoreState(self._boot_id, online=False), *self._names),
            retry_ms_max=RETRY_MS_MAX,
        )
        self._stopping = threading.Event()
        self._clones = Clones(clock)
        self._waiting: dict[str, PayRequest] = {}
        self._snaps: dict[str, Snap] = {}
        self._look_ms = self._said_ms = 0
        self._credit = BATCH_MAX

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until `stop`; `on_ready` is called each time all subscriptions stand."""
        while not self._stopping.is_set():
            self.turn(POLL_MS, on_ready)
        self._say_state(online=False)
        self._connection.close()

    def turn(self, timeout_ms: int, on_ready: Callable[[], None]) -> None:
        """Take what has come, waiting for it at most so long, and say what is due."""
        if self._papers is not None:
            self._papers.look_hourly()
        happenings = self._connection.poll(timeout_ms)
        for happening in happenings:
            if isinstance(happening, mqtt.Changed):
                self._changed(happening, on_ready)
        self._serve([item for item in happenings if isinstance(item, mqtt.Incoming)])
        self._publish_news()
        self._say_now_and_then()
        if self._clips is not None:
            with _living_on("no clip swept now"):
                self._clips.sweep_hourly()

    def stop(self) -> None:
        """End `run` soon; from any thread or a signal handler."""
        self._stopping.set()
        self._connection.wake()

    def _say_now_and_then(self) -> None:
        """Over MQTT 3.1.1 we hear ourselves, or the connection is one that hears nothing."""
        if not self._connection.is_modern and self._clock() - self._said_ms >= SAY_MS:
            self._said_ms = self._clock()
            self._connection.doubt()
            self._say_state(online=True)

    def _filters(self) -> list[str]:
        filters = [topic_of(name, *self._names, cart="+") for name in UP_CHANNELS]
        # Our own state too: a late last will of ours must not keep the carts waiting.
        own = topic_of("store_state", *self._names)
        asks = topic_of("csr", *self._names, claim="+")
        return [*filters, topic_of("pair_claim", *self._names, app="+"), asks, own]

    def _changed(self, change: mqtt.Changed, on_ready: Callable[[], None]) -> None:
        if not change.up:
            log.warning("no broker: %s", change.reason)
            return
        self._news.begin_anew()
        self._look_ms = 0
        self._publish_news()
        self._say_state(online=True)
        on_ready()

    def _serve(self, messages: list[mqtt.Incoming]) -> None:
        if not messages:
            return
        # What is taken in at once is shared among those who send; all may send a batch.
        senders = len({message.topic for message in messages})
        self._credit = max(BATCH_MAX, ROWS_AT_ONCE // senders)
        with _living_on("nothing stored, the carts keep it"):
            with transaction(self._database):
                replies = [reply for message in messages for reply in self._replies(message)]
            # Only what has lasted is acknowledged: a commit may fail at its last write.
            for reply in replies:
                self._connection.publish(reply)

    def _replies(self, message: mqtt.Incoming) -> Iterator[Packet]:
        """Handle one message; one that is malformed or not allowed is said aloud and left.

        Of a topic the channel is logged, and who is no shopper: a pseudonym is not ours."""
        try:
            address = parse(message.topic)
        except ContractError:
            yield from self._refused(message)
            return
        sender = f"{address.channel.name} {address.names.get('cart', '')}".rstrip()
        yield from self._apart(sender, self._answers(address, message.payload))

    def _answers(self, address: Address, payload: bytes) -> Iterator[Packet]:
        if self._provisioning is not None:
            self._provisioning.check_sender(address.names)
        kind, handle = self._handlers[address.channel.name]
        said = decode(kind, payload)
        check_storable(said)
        yield from handle(self, *address.names.values(), said)

    def _apart(self, sender: str, answers: Iterator[Packet]) -> list[Packet]:
        """What a handler answers; where it refuses, that alone is undone, and said aloud."""
        try:
            with apart(self._database):
                return list(answers)
        except ContractError as error:
            log.warning("refused: %s: %s", sender, error)
            return []

    def _refused(self, message: mqtt.Incoming) -> Iterator[Packet]:
        """A claim or an app may write a cart's topics under its own name, and have the broker keep
        what it wrote: then it is kept no longer. That is heard here again, empty."""
        if not message.payload:
            return
        known = self._provisioning and self._provisioning.known_in(message.topic)
        by = f" by {known}" if known else ""
        log.warning("refused: a topic that is no channel of version 1%s", by)
        yield Packet(message.topic, b"", retain=True)

    def _born(self, cart: str, birth: Birth) -> Iterator[Packet]:
        if self._clones.born(cart, birth.boot_id):
            log.critical("clone alarm: %s: two carts greet under this name; revoke it", cart)
        self._database.execute(delete(carts).where(carts.c.cart == cart))
        born = insert(carts).values(
            cart=cart,
            epoch=birth.epoch,
            boot_id=birth.boot_id,
            online=True,
            app_version=birth.app_version,
            catalog_version=birth.catalog_version,
        )
        self._database.execute(born)
        self._news.greeted(cart, is_told_retained=self._connection.is_modern)
        utc_ms = self._utc_ms()
        answer = ledger.answer(self._database, cart, birth.epoch, utc_ms)
        yield self._to("ack", cart, replace(answer, local_offset_ms=local_offset_ms(utc_ms)))
        held = healing.view(self._database, cart)
        if held is not None:
            yield self._to("basket", cart, held)
        for name, credit in disputes.untold(self._database, after=0):
            if name == cart:
                yield self._to("credit", cart, credit)

    def _came_or_went(self, cart: str, state: CartState) -> Iterator[Packet]:
        # The last will of an earlier boot says nothing about this one.
        this_boot = (carts.c.cart == cart, carts.c.boot_id == state.boot_id)
        self._database.execute(update(carts).where(*this_boot).values(online=state.online))
        yield from ()

    def _rows_came(self, cart: str, batch: EventBatch) -> Iterator[Packet]:
        ack = ledger.ingest(self._database, cart, batch, self._utc_ms())
        yield self._to("ack", cart, replace(ack, credit=self._credit))
        # What waited for these rows may be refused; they are stored all the same.
        snap = self._snaps.pop(cart, None)
        if snap is not None:
            yield from self._apart(f"snap {cart}", self._basket_told(cart, snap))
        waiting = self._waiting.pop(cart, None)
        if waiting is not None:
            yield from self._apart(f"pay_request {cart}", self._payment_asked(cart, waiting))

    def _basket_told(self, cart: str, snap: Snap) -> Iterator[Packet]:
        """Compare it once the rows that it is the fold of are here."""
        if ledger.stored_seq(self._database, cart, snap.epoch) < snap.upto_seq:
            self._snaps[cart] = snap
            return
        wanted = healing.take(self._database, cart, snap)
        if wanted is None:
            return
        if wanted.need_from is not None:
            log.error("%s: from row %d on lost or altered here", cart, wanted.need_from)
            self._snaps[cart] = snap
        yield self._to("ack", cart, wanted)

    def _payment_asked(self, cart: str, asked: PayRequest) -> Iterator[Packet]:
        sealed = chain.is_sealed(self._database, self._signer.has_signed)
        sealed = sealed or chain.is_new(self._database)
        answer = counter.pay(self._database, cart, asked, self._utc_ms())
        if answer is None:
            self._waiting[cart] = asked
        else:
            if sealed:
                chain.seal(self._database, self._signer)
            else:
                log.error("the chain of receipts was altered: it is no longer signed")
            yield self._to("pay_answer", cart, answer)

    def _coupon_shown(self, cart: str, asked: CouponRequest) -> Iterator[Packet]:
        answer = coupons.reserve(self._database, cart, asked)
        if answer is not None:
            yield self._to("coupon_answer", cart, answer)

    def _code_offered(self, cart: str, shown: PairOffer) -> Iterator[Packet]:
        counter.offer(self._database, cart, shown.nonce, self._utc_ms())
        yield from ()

    def _code_claimed(self, app: str, asked: PairClaim) -> Iterator[Packet]:
        if app != app_of(asked.shopper):
            raise ContractError("PairClaim: a shopper may not ask for another")
        grant = counter.claim(self._database, self._signer, asked, self._utc_ms())
        yield self._to("pair_grant", asked.cart, grant)

    def _certificate_asked(self, claim: str, asked: CertificateRequest) -> Iterator[Packet]:
        if self._provisioning is None:
            raise ContractError("no authority here; begin one with: python -m store broker")
        answer = self._provisioning.answer(claim, asked)
        if answer.reason:
            log.warning("refused: csr: %s", answer.reason)
        yield packet("cert", answer, *self._names, claim=claim)

    def _command_told(self, cart: str, state: CommandState) -> Iterator[Packet]:
        if self._orders is None or not self._orders.heard(cart, state):
            raise ContractError("CommandState: not for an open order of this store")
        yield from ()

    def _health_told(self, cart: str, told: Telemetry) -> Iterator[Packet]:
        self._database.execute(delete(health).where(health.c.cart == cart))
        kept = {"utc_ms": self._utc_ms(), "told": json.encode(told)}
        self._database.execute(insert(health).values(cart=cart, **kept))
        yield from ()

    def _config_told(self, cart: str, reported: ReportedConfig) -> Iterator[Packet]:
        if self._configs is not None:
            self._configs.heard(cart, reported)
        yield from ()

    def _clip_noted(self, cart: str, note: ClipNote) -> Iterator[Packet]:
        if self._clips is None or not self._clips.noted(cart, note):
            raise ContractError("ClipNote: no such clip of this cart came here")
        yield from ()

    def _asked(self, cart: str, get: Get) -> Iterator[Packet]:
        given = giving.answer(self._database, self._signer, self._names, cart, get, self._utc_ms())
        yield self._to("given", cart, given)

    def _own_state(self, state: StoreState) -> Iterator[Packet]:
        if not state.online:
            yield self._state(online=True)

    def _publish_news(self) -> None:
        """Publish what commands have put into the database since the last look."""
        if not self._connection.up or self._clock() < self._look_ms:
            return
        now_ms = self._clock()
        self._look_ms = now_ms + RETRY_MS_MAX
        with _living_on("no look for news"):
            for look in self._news.looks():
                for new in look():
                    self._connection.publish(new)
            self._look_ms = now_ms + POLL_MS
            self._archive()

    def _archive(self) -> None:
        """A little of the day's archiving; what fails is done tomorrow."""
        if self._daily is None or not self._daily.is_due(self._utc_ms()):
            return
        with _living_on("not archived today"):
            with transaction(self._database):
                done = self._daily.step(self._database, self._utc_ms())
            if any(done):
                log.info("archived: rows_packed=%d packs_dropped=%d", done.packed, done.dropped)

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
        "snap": (Snap, _basket_told),
        "pair_offer": (PairOffer, _code_offered),
        "pair_claim": (PairClaim, _code_claimed),
        "coupon_request": (CouponRequest, _coupon_shown),
        "get": (Get, _asked),
        "telemetry": (Telemetry, _health_told),
        "clip": (ClipNote, _clip_noted),
        "config_state": (ReportedConfig, _config_told),
        "pay_request": (PayRequest, _payment_asked),
        "command_state": (CommandState, _command_told),
        "csr": (CertificateRequest, _certificate_asked),
        "store_state": (StoreState, _own_state),
    }
