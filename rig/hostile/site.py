"""A guarded store to break into: mosquitto as a store runs it, the store's service, a cart's link.

`signs` counts what shows that something was refused, `loot` is everything that an intruder could
have changed. It must never help an intruder: all it hands out are papers.
"""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Self

import msgspec

from cart.contract.store import FIRST_HASH, Entry, EventBatch, chain_hash, topic_of
from cart.core.catalog import Catalog, Product
from cart.core.events import Event, ItemAdded, TripOpened
from cart.core.observations import CatalogArrived, InputRefused, LinkChanged
from cart.shell.clock import monotonic_ms
from cart.shell.config import BrokerConfig, Config
from cart.shell.guard import Guard
from cart.shell.identity import Identity
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal
from cart.shell.store_link import StoreLink
from rig.certificates import GuardedBroker
from rig.hostile.intruder import Papers
from rig.waiting import came
from store.__main__ import main as store_main
from store.authority import Authority, now_utc
from store.denials import denials
from store.provisioning import Provisioning

TENANT, STORE = "acme", "store-1"
SERVICE = f"store-{STORE}"
VICTIM, HOSTILE, APP, SHOPPER = "cart-1", "cart-9", "app-ann", "ann"
WAIT_S = 20.0
LOOT = (
    "SELECT * FROM events", "SELECT * FROM trips", "SELECT * FROM offers", "SELECT * FROM grants",
    "SELECT * FROM payments", "SELECT * FROM catalogs", "SELECT * FROM moves",
    "SELECT * FROM health", "SELECT cart FROM carts",
)  # fmt: skip


class SiteError(RuntimeError):
    """The site itself does not work; the text says what was waited for."""


class Site:
    """Opens everything; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self.broker = GuardedBroker(folder, TENANT, STORE, [VICTIM, HOSTILE, APP, "cart-8"])
        # Of an authority that gave an app a name that could be a cart's.
        self.broker.authority.equip(SHOPPER, self.broker.certificates)
        self.data = self.broker.certificates / "data"
        self.log = folder / "store.log"
        self.refused = 0
        self.heard: list[object] = []
        self._make_papers()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.callback(self._stack.close)
            self._open()
            opening.pop_all()
        return self

    def _open(self) -> None:
        self._stack.enter_context(self.broker)
        catalog = self.folder / "catalog.json"
        catalog.write_bytes(msgspec.json.encode(Catalog(2, "EUR", (Product("tin", "Tin", 149),))))
        assert store_main(["import", "--data", str(self.data), str(catalog)]) == 0
        self._start_store()
        self._start_cart()
        self.until("the cart is online", lambda: any(map(_is_online, self._met())))
        self.until("it has its catalog", lambda: any(map(_is_catalog, self._met())))
        self.journal.append(events("trip-victim"))
        self.link.journal_grew()
        self.until("its rows are stored", lambda: self.journal.acked_seq == self.journal.last_seq)

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def topic(self, name: str, **names: str) -> str:
        """A topic of this store."""
        return topic_of(name, TENANT, STORE, **names)

    def papers(self, certificate: str) -> Papers:
        """Papers by the name of a pair in the folder; "" shows none."""
        return Papers(certificate or "nobody", self.broker.certificates, certificate)

    def traffic(self) -> None:
        """Let the victim send a row and get its acknowledgement."""
        self.write()
        self.until("the victim is served", lambda: self.journal.acked_seq == self.journal.last_seq)

    def write(self) -> None:
        """Let the victim send a row."""
        self.journal.append([TripOpened(1, "trip-more")])
        self.link.journal_grew()

    def signs(self) -> dict[str, int]:
        """How much was visibly refused so far, by who saw it."""
        self._met()
        lines = self.broker.log.read_text(errors="replace").splitlines()
        told = self.log.read_text(errors="replace").count("refused: ")
        return {
            "broker": sum(1 for _ in denials(lines, TENANT, STORE)),
            "store": told,
            "cart": self.refused,
        }

    def loot(self) -> str:
        """A fingerprint of all that is worth stealing: the store's rows, the victim's mind."""
        with closing(sqlite3.connect(self.data / "store.sqlite")) as database:
            rows = [database.execute(query).fetchall() for query in LOOT]
            rows.append(
                database.execute("SELECT * FROM carts WHERE cart = ?", (VICTIM,)).fetchall()
            )
        issued = sorted(path.name for path in (self.data / "authority" / "issued").iterdir())
        self._met()
        mind = (self.heard, self.journal.last_seq, self.journal.acked_seq)
        return hashlib.sha256(repr((rows, issued, mind)).encode()).hexdigest()

    def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for it. Raises SiteError."""
        if not came(holds, WAIT_S):
            raise SiteError(f"waited {WAIT_S:g} s in vain: {what}; see {self.folder}")

    def stop_store(self) -> None:
        """The service ends, so that somebody with its papers can pose as it."""
        self._store.terminate()
        self._store.wait()

    def _met(self) -> list[object]:
        """Everything the victim's mind would have been told so far."""
        for seen in self.inbox.take(0):
            if isinstance(seen, InputRefused):
                self.refused += 1
            else:
                self.heard.append(msgspec.structs.replace(seen, t_ms=0))
        return self.heard

    def _start_store(self) -> None:
        files = zip(("ca", "certificate", "key"), self.broker.ends(SERVICE)[2:], strict=True)
        tls = [word for part, file in files for word in (f"--tls-{part}", str(file))]
        where = ["--broker", f"127.0.0.1:{self.broker.port}", "--data", str(self.data)]
        with self.log.open("w") as log:
            self._store = subprocess.Popen(
                [sys.executable, "-m", "store", "run", "--tenant", TENANT, "--store", STORE,
                 *where, *tls],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        self._stack.callback(self._end_store)
        assert self._store.stdout is not None
        self._store.stdout.readline()

    def _end_store(self) -> None:
        self._store.kill()
        self._store.wait()
        if self._store.stdout is not None:
            self._store.stdout.close()

    def _start_cart(self) -> None:
        folder = self.folder / VICTIM
        folder.mkdir()
        host, port, ca, certificate, key = self.broker.ends(VICTIM)
        self.pair = folder / "cart.pem"  # both in one file, so that it can be renewed
        self.pair.write_bytes(key.read_bytes() + certificate.read_bytes())
        config = Config(
            cart_id=VICTIM, tenant=TENANT, store=STORE, data_folder=folder,
            screen_socket=folder / "s", eyes_socket=folder / "e",
            broker=BrokerConfig(host, port, ca, self.pair, self.pair),
            store_public_key=self.data / "store.pub",
        )  # fmt: skip
        self.journal = Journal(folder)
        self.inbox = Inbox(monotonic_ms)
        guard = Guard(monotonic_ms)
        self.link = StoreLink(config, self.journal, self.inbox, guard, monotonic_ms, Random(7))
        self._stack.callback(self.journal.close)
        self._stack.callback(self.link.stop)
        self.link.start()

    def _make_papers(self) -> None:
        """Bad papers: of another authority, too old, too young, taken back; and a used claim."""
        folder, authority = self.broker.certificates, self.broker.authority
        Authority(self.folder / "foreign").equip(VICTIM, self.folder / "strange")
        for each in (f"{VICTIM}.pem", f"{VICTIM}.key"):
            (folder / each.replace(VICTIM, "strange")).write_bytes(
                (self.folder / "strange" / each).read_bytes()
            )
        for name, days in (("old", -400), ("young", 400)):
            when = now_utc() + timedelta(days=days)
            Authority(authority.folder, partial(_just, when)).equip(name, folder)
        authority.equip("thief", folder)
        authority.revoke("thief")
        (folder / "crl.pem").write_bytes((authority.folder / "crl.pem").read_bytes())
        claim = Provisioning(authority, lambda: round(time.time() * 1_000)).new_claim("cart-8")
        (claims,) = (authority.folder / "claims").glob("*.json")
        self.claim = claims.stem
        self.foreign_request = Identity("cart-7", self.folder / "cart-7.pem").request().request
        end = claim.index(b"-----BEGIN CERTIFICATE")
        (folder / "claim.key").write_bytes(claim[:end])
        (folder / "claim.pem").write_bytes(claim[end:])


def _just(when: datetime) -> datetime:
    return when


def _is_online(observation: object) -> bool:
    return isinstance(observation, LinkChanged) and observation.online


def _is_catalog(seen: object) -> bool:
    return isinstance(seen, CatalogArrived)


def events(trip_id: str) -> list[Event]:
    """A short trip."""
    item = ItemAdded(1, "L1", "tin", "Tin", 1, 149, 149)
    return [TripOpened(0, trip_id, "ann"), item]


def batch(trip_id: str, first_hash: str = FIRST_HASH) -> EventBatch:
    """The same as rows of a journal, chained."""
    rows, last_hash = [], first_hash
    for seq, event in enumerate(events(trip_id), 1):
        raw = msgspec.json.encode(event)
        last_hash = chain_hash(last_hash, raw)
        rows.append(Entry(seq, msgspec.Raw(raw), last_hash))
    return EventBatch(1, tuple(rows))
