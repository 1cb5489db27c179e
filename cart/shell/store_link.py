"""The link to the store: journal rows out, pairing, catalog and payment in. One thread owns it.

Its desks do the work: rows, goods, orders, certificates. What the mind wants it asks again while it
still wants it, so nothing needs a second queue. It must never decide: what arrives is checked,
becomes an observation, and that is all. What is refused is said aloud and changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from importlib.metadata import version
from random import Random
from typing import ClassVar

from cart import mqtt
from cart.contract.broker import WILL_DELAY_S
from cart.contract.fleet import CertificateAnswer, ClipNote, Command, DesiredConfig
from cart.contract.lines import ContractError
from cart.contract.signing import grant_text
from cart.contract.store import (
    Ack,
    BasketView,
    Birth,
    CartState,
    CouponAnswer,
    Credit,
    PairGrant,
    PayAnswer,
    StoreState,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.catalog import CatalogError
from cart.core.effects import OfferPairing, RunCommand
from cart.core.observations import InputRefused, Paired
from cart.core.value import Value
from cart.shell.clock import Clock
from cart.shell.config import BrokerConfig, Config
from cart.shell.guard import Beat, Guard
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal
from cart.shell.newest import Newest
from cart.shell.renewal import Renewal
from cart.shell.store_catalog import StoreKey
from cart.shell.store_clock import StoreClock
from cart.shell.store_goods import GOODS, GoodsDesk
from cart.shell.store_orders import OrderDesk
from cart.shell.store_rows import RowDesk
from cart.shell.store_words import (
    Answer,
    Request,
    Wish,
    carried_in,
    message_of,
    observation_of,
    requests_of,
)
from cart.shell.trust import trust_of

APP_VERSION = version("dashcart")  # once: it is looked up on the disk
POLL_MS = 1_000  # `wake` interrupts it; a thousand idle links must not load a machine
STOP_S = 2.0
LOOKUP_MS_MAX = 60_000  # without a network, asking for a host name may block this long
HEARD = (
    "ack", "basket", "pair_grant", "pay_answer", "coupon_answer", "credit", "command", "cert",
    "store_state", "recall", "trust", "catalog_head", "given", "deals", "planogram", "config",
)  # fmt: skip

log = logging.getLogger(__name__)


class StoreLink:
    """`start`, then `journal_grew` and `perform` from any thread, then `stop`.

    `random` spreads reconnections and names this boot, so it must differ from boot to boot."""

    connects: ClassVar[type[mqtt.Connection]] = mqtt.Connection

    def __init__(
        self,
        config: Config,
        journal: Journal,
        inbox: Inbox,
        guard: Guard,
        clock: Clock,
        random: Random,
    ) -> None:
        assert config.broker, "a cart without a broker has no link"
        assert config.store_public_key, "the configuration demands it with a broker"
        self._config = config
        self._names = (config.tenant, config.store)
        self._journal = journal
        self._inbox = inbox
        self._guard = guard
        self._clock = clock
        self._boot_id = f"{random.getrandbits(64):016x}"
        self._key = StoreKey(config.store_public_key.read_bytes())
        self._time = StoreClock(clock, inbox)
        self._connection = connection = self._new_connection(config.broker, random)
        trust = trust_of(config)
        self._newest = Newest(trust, config.cart_id, clock)
        self._goods = GoodsDesk(
            config, self._key, inbox, connection, clock, self._time.told, trust, self._newest
        )
        self._renewal = Renewal(config.cart_id, config.broker)
        self._orders = OrderDesk(
            config, self._key, inbox, self._renewal, guard, self._tell_clip, self._newest
        )
        self._rows = RowDesk(
            journal, inbox, connection, clock,
            self._publish, self._birth, self._greeting_answered, self._refuse,
        )  # fmt: skip
        self._requests: deque[Request] = deque(maxlen=16)
        self._recalls = topic_of("recall", config.tenant, config.store)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._began_ms = clock()
        self._offered_nonce = ""

    @property
    def catalog_sha256(self) -> str:
        """Which catalog came last, whole and signed."""
        return self._goods.sha256

    def start(self) -> None:
        """Connect, and keep connecting."""
        self._thread = self._guard.start("store_link", self._live, LOOKUP_MS_MAX)

    def bring_back_catalog(self, adopted_version: int = 0) -> None:
        """Put the catalog of the last run into the inbox, before `start`: a restarted cart knows
        its prices before it shows its first receipt. `adopted_version` is what the journal says."""
        for error in self._goods.restore(adopted_version):
            self._refuse(error)

    def stop(self) -> None:
        """Say goodbye; wait until the thread has ended, but not for a name that nobody resolves."""
        self._stopping.set()
        self._connection.wake()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def journal_grew(self) -> None:
        """There are new rows to send."""
        self._connection.wake()

    def perform(self, effect: Wish) -> None:
        """Ask the store; may be lost with the link, and is then asked again by the mind.

        Called by the core right after its commit: a basket is the fold up to the newest row."""
        stands = (self._journal.epoch, self._journal.last_seq, self._journal.last_hash)
        files = self._config.files
        folder = None if files is None else files.folder
        here = (self._clock() - self._began_ms, folder, self._newest.trouble)
        self._requests.extend(requests_of(effect, *stands, *here))
        self._connection.wake()

    def _tell_clip(self, note: ClipNote) -> None:
        self._requests.append(note)
        self._connection.wake()

    def renew(self) -> None:
        """Ask for a new certificate for a key made now; the old pair serves until it works."""
        self._renewal.want()
        self._connection.wake()

    def _new_connection(self, broker: BrokerConfig, random: Random) -> mqtt.Connection:
        cart = self._config.cart_id
        filters = [topic_of(name, *self._names, cart=cart, claim=cart, file="+") for name in HEARD]
        return self.connects(
            broker.endpoint(),
            cart,
            filters,
            self._clock,
            random,
            packet("cart_state", CartState(self._boot_id, online=False), *self._names, cart=cart),
            WILL_DELAY_S,
        )

    def _live(self, beat: Beat) -> None:
        while not self._stopping.is_set():
            beat()
            self.turn(POLL_MS)
        self._publish("cart_state", CartState(self._boot_id, online=False))
        self._connection.close()

    def turn(self, timeout_ms: int) -> None:
        """Take what has come, waiting for it at most so long, and send what is due: what the thread
        does again and again."""
        for happening in sorted(self._connection.poll(timeout_ms), key=self._is_patient):
            self._take(happening)
        self._let_time_pass()
        self._ask_store()
        self._ask_certificate()
        self._rows.send()

    def _is_patient(self, happening: mqtt.Happening) -> bool:
        """A recall goes before everything else that has come."""
        return not (isinstance(happening, mqtt.Incoming) and happening.topic == self._recalls)

    def _let_time_pass(self) -> None:
        self._orders.time_passed()
        try:
            self._goods.time_passed(self._time.utc_ms())
        except (ContractError, CatalogError) as error:
            self._refuse(error)

    def _take(self, happening: mqtt.Happening) -> None:
        match happening:
            case mqtt.Changed(up=True):
                if (settled := self._renewal.came_up()) is not None:
                    self._connection.use(settled)
                    self._orders.rotated()
                self._publish("cart_state", CartState(self._boot_id, online=True))
                self._goods.came_up()
            case mqtt.Refused(reason=reason):
                self._refuse(ContractError(f"{reason}; mend the broker's access list"))
            case mqtt.Changed(reason=reason):
                log.info("store_link down: %s", reason)
                self._rows.store_gone()
                self._dial_anew(self._renewal.went_down())
            case mqtt.Incoming(topic=topic, payload=payload):
                try:
                    self._read(topic, payload)
                except (ContractError, CatalogError) as error:
                    self._refuse(error)

    def _read(self, topic: str, payload: bytes) -> None:
        address = parse(topic)
        if not payload:
            return  # it only clears what the broker had kept
        if address.channel.name in GOODS:
            self._goods.heard(address, payload, self._time.utc_ms())
            return
        kind, handle = self._handlers[address.channel.name]
        handle(self, decode(kind, payload))

    def _store_came_or_went(self, state: StoreState) -> None:
        (self._rows.store_came if state.online else self._rows.store_gone)()

    def _ack_came(self, ack: Ack) -> None:
        self._rows.heard(ack)

    def _birth(self) -> Birth:
        """Who we are, and how far."""
        journal = self._journal
        return Birth(
            boot_id=self._boot_id,
            epoch=journal.epoch,
            last_seq=journal.last_seq,
            acked_seq=journal.acked_seq,
            app_version=APP_VERSION,
            catalog_version=self._goods.version,
        )

    def _greeting_answered(self, ack: Ack, asked_ms: int) -> None:
        self._time.told(ack.utc_ms, asked_ms, ack.local_offset_ms)
        self._renewal.check(ack.utc_ms)

    def _grant_came(self, grant: PairGrant) -> None:
        """Open the trip only for the code on our screen, once, in time, by the store's own hand."""
        if not self._key.has_signed(grant_text(self._config.cart_id, grant), grant.signature):
            raise ContractError("PairGrant: not signed by this store for this cart")
        if grant.nonce != self._offered_nonce:
            raise ContractError("PairGrant: not for the code on the screen; scan it again")
        if self._time.utc_ms() > grant.expires_utc_ms:
            self._goods.doubt_time()  # the store's clock may have been set back
            raise ContractError("PairGrant: it came too late; scan the code again")
        self._offered_nonce = ""
        told = (grant.nonce, grant.trip_id, grant.shopper, grant.member, grant.used)
        self._inbox.put(Paired(0, *told, carried_in(grant)))

    def _command_came(self, command: Command) -> None:
        if not self._time.is_told:
            raise ContractError("Command: it came before the store told the time; send it again")
        too_late = self._orders.came(command, self._time.utc_ms())
        if too_late is not None:
            self._publish("command_state", too_late)

    def _config_came(self, config: DesiredConfig) -> None:
        self._orders.config_came(config)

    def _answered(self, answer: Answer) -> None:
        self._inbox.put(observation_of(answer))

    def _certificate_came(self, answer: CertificateAnswer) -> None:
        self._dial_anew(self._renewal.take(answer))

    def _dial_anew(self, endpoint: mqtt.Endpoint | None) -> None:
        if endpoint is not None:
            self._connection.redial(endpoint)

    def _ask_certificate(self) -> None:
        if self._connection.up and (asked := self._renewal.to_ask(self._clock())):
            claim = self._config.cart_id
            self._connection.publish(packet("csr", asked, *self._names, claim=claim))

    def _ask_store(self) -> None:
        while self._requests:
            request = self._requests.popleft()
            if isinstance(request, RunCommand):
                self._orders.run(request)
                continue
            if isinstance(request, OfferPairing):
                self._offered_nonce = request.nonce
            self._publish(*message_of(request, self._journal.epoch, self._journal.last_seq))

    def _publish(self, name: str, message: Value) -> None:
        cart = self._config.cart_id
        self._connection.publish(packet(name, message, *self._names, cart=cart))

    def _refuse(self, error: ContractError | CatalogError) -> None:
        log.warning("refused: %s", error)
        reason = str(error)[:500]
        self._orders.refused.append(reason)
        is_catalog = isinstance(error, CatalogError)
        self._inbox.put(InputRefused(0, "catalog" if is_catalog else "contract", reason))

    _handlers: ClassVar[dict[str, tuple[type[Value], Callable[..., None]]]] = {
        "store_state": (StoreState, _store_came_or_went),
        "ack": (Ack, _ack_came),
        "basket": (BasketView, _answered),
        "pair_grant": (PairGrant, _grant_came),
        "pay_answer": (PayAnswer, _answered),
        "config": (DesiredConfig, _config_came),
        "command": (Command, _command_came),
        "coupon_answer": (CouponAnswer, _answered),
        "credit": (Credit, _answered),
        "cert": (CertificateAnswer, _certificate_came),
    }
