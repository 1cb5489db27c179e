"""Figures of the link to the store: events a second, latency, catch-up, many carts, traffic.

Journal, link, broker and store are the real ones; the cart's link runs in this process, the store
and the broker in theirs. Times are those of the wall, the cart's processor time stands beside.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from rich.console import Console

from cart import mqtt
from cart.contract.store import CartState, PairClaim, packet
from cart.core.effects import OfferPairing
from cart.shell import store_outbox
from cart.shell.clock import monotonic_ms
from cart.shell.config import BrokerConfig
from rig.bench import link_floor, link_peers
from rig.bench.figures import Figure, percentile
from rig.broker import Kind
from rig.faults.cart import STORE, TENANT, LinkedCart, item
from rig.faults.fleet import fleet, reconnect
from rig.faults.networks import OFFLINE_EVENTS
from rig.faults.shop import Shop, Store
from rig.faults.trial import Trial

CART = "bench"
WINDOW, BATCH, EVENTS = 100, 20, 10_000
PACED, PACE_S = 400, 0.05
SHOPPING_EVENTS, SHOPPING_S = 20, 60
CARTS, CARTS_SMALL = 1_000, 100
DONE_S_MAX = 180.0
ASK_AGAIN_S = 0.03
BARE = "two bare commits, raw paho"


class Timed:
    """A cart in this process, and when the store acknowledged which row."""

    def __init__(self, shop: Shop, port: int) -> None:
        self.acked_seq = 0
        self.acked_s = 0.0
        self.online = False
        self.paired: dict[str, float] = {}
        self.changed = threading.Condition()
        folder = shop.folder / "carts" / CART
        broker = BrokerConfig(port=port)
        self.cart = LinkedCart(CART, folder, broker, shop.folder / "store.pub", self._say)

    def write(self, count: int, at_once: int) -> None:
        """Journal so many events."""
        journal = self.cart.journal
        for start in range(0, count, at_once):
            journal.append([item(start + place) for place in range(min(at_once, count - start))])
            self.cart.link.journal_grew()

    def wait(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        assert self.wait_for(holds, DONE_S_MAX), "the link stands still"

    def wait_for(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Whether something came to hold in time."""
        with self.changed:
            return self.changed.wait_for(holds, within_s)

    def is_done(self) -> bool:
        """Whether the store has everything."""
        return self.acked_seq == self.cart.journal.last_seq

    def _say(self, **what: object) -> None:
        with self.changed:
            if "acked_seq" in what:
                # Now it counts; that whoever waits for it wakes up later is no part of it.
                self.acked_s = time.perf_counter()
                self.acked_seq = int(str(what["acked_seq"]))
            if "paired" in what:
                self.paired[str(what["paired"])] = time.perf_counter()
            self.online = bool(what.get("online", self.online))
            self.changed.notify_all()


def figures(console: Console, carts: int = CARTS) -> list[Figure]:
    """Measure everything once."""
    made: list[Figure] = []
    # Asked again, the store grants again; that the cart refuses the second one is no news here.
    logging.getLogger("cart.shell.store_link").setLevel(logging.ERROR)
    kind: Kind = "mosquitto" if shutil.which("mosquitto") else "iotcore"
    with (
        tempfile.TemporaryDirectory(prefix="dashcart-link-") as temporary,
        _shop(Path(temporary), kind) as shop,
    ):
        with _cart(shop, shop.broker.port) as timed:
            console.print("a durable event at a time …")
            with link_floor.floor(shop.broker.port, Path(temporary), link_peers.payload(0)) as bare:
                made += _paced(timed, bare)
            console.print("as many durable events as go …")
            peers = link_peers.rates(shop.broker, Path(temporary), console)
            made += _throughput(timed, peers)
        with _cart(shop, shop.carts_wire.port) as timed:
            console.print("catching up on eight hours …")
            made += _catch_up(shop, timed)
            made += _traffic(shop, timed)
        console.print(f"{carts} carts at once …")
        made.append(_many(shop, carts))
    return made


@contextmanager
def _shop(folder: Path, kind: Kind) -> Iterator[Shop]:
    """The store speaks straight to the broker: a bad network's proxy would run in this process and
    take the interpreter from the cart that is timed."""
    shop = Shop(folder, kind, ())
    shop.store = Store(folder, shop.broker.port, shop.dialect)
    with shop:
        yield shop


@contextmanager
def _cart(shop: Shop, port: int) -> Iterator[Timed]:
    timed = Timed(shop, port)
    timed.wait(lambda: timed.online)
    yield timed
    timed.cart.close()


def _paced(timed: Timed, bare: link_floor.Floor) -> list[Figure]:
    """Twenty events a second. Between them the bare minimum, so that it has the same noise."""
    took_ms, bare_ms, cpu_s = [], [], 0.0
    for _ in range(PACED):
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        timed.write(1, 1)
        timed.wait(timed.is_done)
        took_ms.append((timed.acked_s - began_s) * 1_000)
        cpu_s += time.process_time() - began_cpu_s
        time.sleep(PACE_S / 2)  # the figure is for twenty events a second: the rest is idle
        bare_ms.append(bare.event_ms())
        time.sleep(max(0.0, PACE_S - (time.perf_counter() - began_s)))
    return [
        *(Figure(f"event acknowledged at 20/s p{percent}", percentile(took_ms, percent), "ms",
                 f"<= {goal}", percentile(bare_ms, percent), BARE, PACED)
          for percent, goal in ((50, 3), (99, 15))),
        Figure("the same by the cart's own processor time", cpu_s * 1_000 / PACED, "ms",
               samples=PACED),
    ]  # fmt: skip


def _throughput(timed: Timed, peers: dict[str, float]) -> list[Figure]:
    """At a window that does not grow, so that the peers have the same one."""
    adaptive = store_outbox.WINDOW_MAX
    store_outbox.WINDOW_MAX = WINDOW
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    timed.write(EVENTS, BATCH)
    timed.wait(timed.is_done)
    seconds, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    store_outbox.WINDOW_MAX = adaptive
    rate = EVENTS / seconds
    return [
        *(Figure(f"durable end to end, window {WINDOW}", rate, "events/s", ">= 5000",
                 peer_rate, name, EVENTS) for name, peer_rate in peers.items()),
        Figure("the same by the cart's own processor time", EVENTS / cpu_s, "events/s",
               samples=EVENTS),
    ]  # fmt: skip


def _catch_up(shop: Shop, timed: Timed) -> list[Figure]:
    """The link is cut while the events are written; meanwhile shoppers pair, one after another."""
    shop.carts_wire.cut()
    timed.wait(lambda: not timed.online)
    timed.write(OFFLINE_EVENTS, 50)
    will = packet("cart_state", CartState("app", online=False), TENANT, STORE, cart="app")
    here = mqtt.Endpoint(shop.broker.host, shop.broker.port)
    app = mqtt.Connection(here, "app", [], monotonic_ms, Random(1), will)
    while not app.up:
        app.poll(20)
    shop.carts_wire.restore()
    timed.wait(lambda: timed.online)
    began_s = time.perf_counter()
    live_ms: list[float] = []
    while not timed.is_done() or not live_ms:
        live_ms.append(_pair(timed, app, f"nonce-{len(live_ms):06}"))
    drained_s = time.perf_counter() - began_s
    app.close()
    return [
        Figure(f"{OFFLINE_EVENTS} events drained", drained_s, "s", "<= 5", samples=1),
        Figure("live pairing meanwhile p99", percentile(live_ms, 99), "ms", "<= 250",
               samples=len(live_ms)),
    ]  # fmt: skip


def _pair(timed: Timed, app: mqtt.Connection, nonce: str) -> float:
    """Milliseconds from the code on the screen to the trip; the app asks until it has it."""
    began_s = time.perf_counter()
    timed.cart.link.perform(OfferPairing(nonce))
    claim = packet("pair_claim", PairClaim(CART, nonce, "ann"), TENANT, STORE, app="app-ann")
    while not timed.wait_for(lambda: nonce in timed.paired, ASK_AGAIN_S):
        app.publish(claim)
        app.poll(0)
    return (timed.paired[nonce] - began_s) * 1_000


def _traffic(shop: Shop, timed: Timed) -> list[Figure]:
    """What twenty single events cost both ways, and a minute of keeping the connection alive."""
    before = shop.carts_wire.carried_bytes
    for _ in range(SHOPPING_EVENTS):
        timed.write(1, 1)
        timed.wait(timed.is_done)
    alive_bytes = 2 * 2 * SHOPPING_S // mqtt.KEEPALIVE_S
    carried = shop.carts_wire.carried_bytes - before + alive_bytes
    kbit = carried * 8 / 1_000 / SHOPPING_S
    return [Figure("traffic of a cart, 20 events a minute", kbit, "kbit/s", "<= 50")]


def _many(shop: Shop, carts: int) -> Figure:
    trial = Trial("bench", shop, 1, True, Random(1), shop.folder, lambda _: None)
    with fleet(shop, carts) as parts:
        began_s = reconnect(trial, parts)
        seconds = time.monotonic() - began_s
    return Figure(f"{carts} carts online again", seconds, "s", "<= 30", samples=carts)
