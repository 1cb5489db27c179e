"""A cart, its store and what is between them in one process, on a clock that is moved by hand.

The mind, the core loop, the journal, the link, the service and its database are the real ones, and
each does one turn when it is told to. The air stands for the broker and both networks: it keeps
what is retained, forgets everything else, breaks, and says things twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, ClassVar, get_args

from sqlalchemy import select

from cart import mqtt
from cart.contract.store import Packet, PairClaim, PairOffer, decode, packet, topic_of
from cart.core.effects import (
    Effect,
    MakePairCode,
    OfferPairing,
    ReportCommand,
    ReportConfig,
    RequestPayment,
    ReserveCoupon,
    RunCommand,
    TellBasket,
    TellHealth,
)
from cart.core.intents import TouchAction
from cart.core.observations import (
    AnyObservation,
    Booted,
    LoadChanged,
    PairCodeMade,
    ScanSeen,
    Tick,
    Touch,
)
from cart.shell.config import BrokerConfig, Config
from cart.shell.guard import Guard
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal
from cart.shell.loop import CoreLoop
from cart.shell.store_link import StoreLink
from store import catalogs
from store.database import open_database, transaction
from store.keys import signer_of
from store.service import Service
from store.tables import events, payments
from tests.store.shop import CART, STORE, TENANT
from tests.unit.mind_world import CATALOG, GTINS, MASSES_MG

BEGIN_UTC_MS = 1_800_000_000_000
STEP_MS = 1_000
KEPT_LAST = 40
TO_THE_STORE: tuple[type[Any], ...] = (
    OfferPairing, RequestPayment, RunCommand, ReportCommand, ReportConfig, ReserveCoupon,
    TellBasket, TellHealth,
)  # fmt: skip


class Wire(mqtt.Connection):
    """One end at the air, in place of a socket to a broker."""

    air: ClassVar[Air]

    def __init__(
        self,
        endpoint: mqtt.Endpoint,
        client_id: str,
        filters: Sequence[str],
        clock: Callable[[], int],
        random: Random,
        will: Packet | None = None,
        will_delay_s: int = 0,
        retry_ms_max: int = 0,
    ) -> None:
        waits = (will_delay_s, retry_ms_max)
        super().__init__(endpoint, client_id, filters, clock, random, will, *waits)
        self.listens = {*filters}
        self.heard: list[mqtt.Happening] = []
        self.is_cut = False
        self.air.wires.append(self)

    def poll(self, timeout_ms: int) -> list[mqtt.Happening]:
        """What came since the last look."""
        assert timeout_ms == 0, "nobody waits here"
        if not self.up and not self.is_cut:
            self.up = True
            self.heard = [mqtt.Changed(up=True), *self.air.retained_for(self.listens)]
        heard, self.heard = self.heard, []
        return heard

    def publish(self, packet: Packet) -> bool:
        """Say it to all who listen."""
        return self.up and self.air.take(packet)

    def subscribe(self, topic_filter: str) -> None:
        """Listen to more."""
        self.listens.add(topic_filter)
        self.heard += self.air.retained_for({topic_filter})

    def unsubscribe(self, topic_filter: str) -> None:
        """Listen to it no longer."""
        self.listens.discard(topic_filter)

    def doubt(self) -> None:
        """A broker with MQTT 5 is not doubted."""

    def cut(self) -> None:
        """The network is gone, and with it what was on its way."""
        self.is_cut = True
        if self.up:
            self.up = False
            self.heard = [mqtt.Changed(up=False, reason="cut")]
            will = self._will
            assert will is not None
            self.air.take(will)

    def close(self) -> None:
        """Gone, without a word."""
        if self in self.air.wires:
            self.air.wires.remove(self)
        super().close()


class Air:
    """A broker that keeps only what is retained. `last` is what was said lately."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.retained: dict[str, Packet] = {}
        self.last: list[Packet] = []

    def take(self, packet: Packet) -> bool:
        """Bring a message to all who listen now."""
        if packet.retain:
            self.retained[packet.topic] = packet
        self.last = [*self.last, packet][-KEPT_LAST:]
        self._bring(packet)
        return True

    def repeat(self, order: Random) -> None:
        """Everything that was said lately comes once more, in any order."""
        again = list(self.last)
        order.shuffle(again)
        for each in again:
            if not each.retain:
                self._bring(each)

    def retained_for(self, filters: set[str]) -> list[mqtt.Happening]:
        """What is kept of these topics."""
        return [mqtt.Incoming(kept.topic, kept.payload) for kept in self.retained.values()
                if any(fits(each, kept.topic) for each in filters)]  # fmt: skip

    def said(self, channel: str, kind: type[PairOffer]) -> PairOffer | None:
        """The newest message of a channel from our cart."""
        topic = topic_of(channel, TENANT, STORE, cart=CART)
        found = [each.payload for each in self.last if each.topic == topic]
        return decode(kind, found[-1]) if found else None

    def _bring(self, packet: Packet) -> None:
        for wire in self.wires:
            if wire.up and any(fits(each, packet.topic) for each in wire.listens):
                wire.heard.append(mqtt.Incoming(packet.topic, packet.payload))


def _end(connection: mqtt.Connection) -> None:
    """One side's process is gone."""
    assert isinstance(connection, Wire)
    connection.cut()
    connection.close()


def fits(topic_filter: str, topic: str) -> bool:
    """Whether a filter of MQTT takes a topic."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    same = (each in {"+", level} for each, level in zip(wanted, levels, strict=False))
    return len(wanted) == len(levels) and all(same)


class World:
    """All of it. `now_ms` is the monotonic clock of both machines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_ms = 10_000
        self.skew_ms = 0  # how far the wall clock of the store is off
        self.air = Air()
        ends = {"connects": type("End", (Wire,), {"air": self.air})}
        self.service_of = type("SimulatedService", (Service,), ends)
        self.link_of = type("SimulatedLink", (StoreLink,), ends)
        self.random = Random(7)
        self.boots = self.nonces = self.touches = self.load_mg = 0
        (folder / "store").mkdir()
        self.signer = signer_of(folder / "store")
        with closing(open_database(folder / "store")) as database, transaction(database):
            catalogs.add(database, CATALOG)
        self.start_store()
        self.start_cart()
        self.pass_time(5_000)

    def clock(self) -> int:
        """The monotonic clock."""
        return self.now_ms

    def start_store(self) -> None:
        """The store's process comes up."""
        self.database = open_database(self.folder / "store")
        self.service: Service = self.service_of(
            mqtt.Endpoint("127.0.0.1", 1), TENANT, STORE, self.database, self.signer,
            self.clock, lambda: BEGIN_UTC_MS + self.now_ms + self.skew_ms,
        )  # fmt: skip

    def kill_store(self) -> None:
        """Its process is gone at once, and comes up again."""
        _end(self.service._connection)
        self.database.close()
        self.start_store()

    def start_cart(self) -> None:
        """The cart's process comes up on what is on its disk."""
        self.boots += 1
        folder = self.folder / "cart"
        folder.mkdir(exist_ok=True)
        config = Config(
            cart_id=CART, tenant=TENANT, store=STORE, data_folder=folder,
            screen_socket=folder / "screen.sock", eyes_socket=folder / "eyes.sock",
            broker=BrokerConfig("127.0.0.1", 1), store_public_key=self.folder / "store/store.pub",
        )  # fmt: skip
        self.inbox, self.journal = Inbox(self.clock), Journal(folder)
        booted = self.journal.events()
        self.inbox.put(Booted(0, CART, self.journal.epoch, booted, boot_id=f"{self.boots:08x}"))
        guard, boot = Guard(self.clock), Random(self.boots)
        self.link: StoreLink = self.link_of(
            config, self.journal, self.inbox, guard, self.clock, boot
        )
        self.link.bring_back_catalog()
        effects: dict[type[Effect], Callable[[Any], None]] = dict.fromkeys(
            get_args(Effect), lambda _: None
        )
        effects |= dict.fromkeys(TO_THE_STORE, self.link.perform)
        effects[MakePairCode] = self.make_code
        self.loop = CoreLoop(
            self.inbox, self.journal, lambda _: None, lambda _: None, lambda: None, effects
        )

    def kill_cart(self) -> None:
        """Its process is gone at once, and comes up again; the load stays where it is."""
        self.begin_cart_anew()
        self.weigh(0)

    def begin_cart_anew(self) -> None:
        """The same, before it has looked at anything."""
        _end(self.link._connection)
        self.journal.close()
        self.start_cart()

    def make_code(self, _: MakePairCode) -> None:
        """The next code for the screen."""
        self.nonces += 1
        self.inbox.put(PairCodeMade(0, f"nonce-{self.nonces:06}"))

    def pass_time(self, span_ms: int, step_ms: int = STEP_MS) -> None:
        """Time passes in steps, in each of which everybody does what they do."""
        for _ in range(max(1, span_ms // step_ms)):
            self.now_ms += step_ms
            self.inbox.put(Tick(0))
            self.turn()

    def turn(self) -> None:
        """Cart and store each take what has come, twice, so that a question is answered."""
        for _ in range(2):
            self.link.turn(0)
            while seen := self.inbox.take(0):
                self.loop.think(seen, lambda: None)
            self.link.turn(0)
            self.service.turn(0, lambda: None)

    def see(self, *observations: AnyObservation) -> None:
        """The cart senses these, one after the other."""
        for seen in observations:
            self.now_ms += 100
            self.inbox.put(seen)
            self.turn()

    def weigh(self, change_mg: int) -> None:
        """The load changes, and comes to rest."""
        before_mg, self.load_mg = self.load_mg, self.load_mg + change_mg
        onset_ms = self.now_ms
        self.see(
            LoadChanged(0, onset_ms, before_mg, self.load_mg, state="moving"),
            LoadChanged(0, onset_ms + 600, before_mg, self.load_mg, onset_ms, 1_000),
        )

    def put(self, sku: str) -> None:
        """A good is shown to the camera and put in."""
        self.see(ScanSeen(0, self.now_ms, GTINS[sku], "EAN13", "camera"))
        self.weigh(MASSES_MG[sku])

    def take_out(self, sku: str) -> None:
        """A good is shown and taken out."""
        self.see(ScanSeen(0, self.now_ms, GTINS[sku], "EAN13", "camera"))
        self.weigh(-MASSES_MG[sku])

    def touch(self, action: TouchAction) -> None:
        """The shopper touches the screen."""
        self.touches += 1
        self.see(Touch(0, f"touch-{self.touches}", action, "", ""))

    def pair(self, shopper: str) -> None:
        """The shopper's app claims the code that was offered last."""
        offered = self.air.said("pair_offer", PairOffer)
        if offered is not None:
            claim = PairClaim(CART, offered.nonce, shopper)
            app = f"app-{shopper}"
            self.air.take(packet("pair_claim", claim, TENANT, STORE, app=app))
            self.turn()

    def restore(self) -> None:
        """The network is good again."""
        for wire in self.air.wires:
            wire.is_cut = False

    def stored(self) -> list[str]:
        """The hashes of the store's rows, in the order of its commits."""
        with self.database.begin():
            found = self.database.execute(select(events.c.hash).order_by(events.c.number))
            return [row.hash for row in found]

    def paid(self) -> list[tuple[str, int]]:
        """Which trip was paid with how much, as the store has it."""
        with self.database.begin():
            found = self.database.execute(select(payments.c.trip_id, payments.c.total_minor))
            return [(row.trip_id, row.total_minor) for row in found]

    def close(self) -> None:
        """Let go of files and sockets."""
        for wire in [*self.air.wires]:
            wire.close()
        self.journal.close()
        self.database.close()
