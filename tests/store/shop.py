"""A cart's link and a store to test with: real parts, on loopback, in folders of the test."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, Self, TypeVar

import msgspec
from sqlalchemy import Connection, insert

from cart.contract.store import FIRST_HASH, Entry, EventBatch, chain_hash
from cart.core.catalog import Catalog, Product, TaxRate
from cart.core.events import CatalogAdopted, Event, ItemAdded, TripOpened
from cart.shell.clock import monotonic_ms
from cart.shell.config import BrokerConfig, Config, FilesConfig
from cart.shell.guard import Guard
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal
from cart.shell.store_link import StoreLink
from store.__main__ import main as store_main
from store.tables import grants
from tests.waiting import DEADLINE_S

Heard = TypeVar("Heard")
# Where a broker listens; with TLS the authority, the certificate and its key, too.
Ends = tuple[str, int] | tuple[str, int, Path, Path, Path]
TENANT, STORE, CART = "acme", "store-1", "cart-1"
CATALOG = Catalog(
    version=1,
    currency="USD",
    products=(
        Product(sku="tomatoes-400g", name="Tomatoes 400 g", price_minor=149, mass_mg=440_000),
        Product(sku="bananas", name="Bananas", price_minor=199, sold_by="mass"),
    ),
    tax_rates=(TaxRate(category="standard", rate_ppm=70_000),),
)


def rows(events: list[Event], first_seq: int = 1, last_hash: str = FIRST_HASH) -> list[Entry]:
    """Journal rows of events, chained as the journal does it."""
    made = []
    for seq, event in enumerate(events, first_seq):
        raw = msgspec.json.encode(event)
        last_hash = chain_hash(last_hash, raw)
        made.append(Entry(seq, msgspec.Raw(raw), last_hash))
    return made


def batch(entries: list[Entry], epoch: int = 1) -> EventBatch:
    """Rows as one message."""
    return EventBatch(epoch, tuple(entries))


def item(number: int) -> ItemAdded:
    """A tin of tomatoes."""
    return ItemAdded(number, f"L{number}", "tomatoes-400g", "Tomatoes 400 g", 1, 149, 149)


def cart_toml(store_folder: Path, ends: Ends, *more: str) -> str:
    """A configuration of a cart of this store, whose folders lie beside it; `more` lines of it."""
    papers = zip(("ca", "certificate", "key"), ends[2:], strict=False)
    lines = [
        f'cart_id = "{CART}"',
        f'tenant = "{TENANT}"',
        f'store = "{STORE}"',
        'data_folder = "data"',
        'screen_socket = "screen.sock"',
        'eyes_socket = "eyes.sock"',
        f'store_public_key = "{store_folder}/store.pub"',
        *more,
        "[broker]",
        f'host = "{ends[0]}"',
        f"port = {ends[1]}",
        *(f'{name} = "{path}"' for name, path in papers),
    ]
    return "\n".join(lines)


def granted(
    database: Connection,
    trip_id: str,
    shopper: str = "ann",
    cart: str = CART,
    *,
    member: bool = False,
) -> None:
    """The store gave this trip to a shopper."""
    given = {"nonce": f"nonce-of-{trip_id}", "cart": cart, "shopper": shopper, "member": member}
    database.execute(insert(grants).values(trip_id=trip_id, **given))


def trip_events(
    trip_id: str, items: int, sha256: str = "", shopper: str | None = None
) -> list[Event]:
    """A trip as far as its checkout: 149 a tin, and 7 % tax on top."""
    return [
        CatalogAdopted(0, 1, sha256),
        TripOpened(1, trip_id, shopper),
        *(item(number) for number in range(items)),
    ]


class StoreProcess:
    """`python -m store run` as a process, to be killed at will."""

    def __init__(self, folder: Path, broker: Ends, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._broker = [f"{broker[0]}:{broker[1]}"]
        for part, file in zip(("ca", "certificate", "key"), broker[2:], strict=False):
            self._broker += [f"--tls-{part}", str(file)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it, and wait for its line "ready"."""
        names = ["--tenant", TENANT, "--store", STORE, "--broker", *self._broker]
        with (self.folder.parent / "store.log").open("a") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "store",
                    "run",
                    "--data",
                    str(self.folder),
                    *names,
                    *self._options,
                ],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        assert "ready" in msgspec.json.decode(self._process.stdout.readline())
        return self

    def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process is not None and self._process.stdout is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


def store_command(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of the store's commands to its end."""
    command = [sys.executable, "-m", "store", name, "--data", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def import_catalog(folder: Path, catalog: Catalog = CATALOG) -> None:
    """Give the store a catalog."""
    file = folder.parent / f"catalog-{catalog.version}.json"
    file.write_bytes(msgspec.json.encode(catalog))
    assert store_main(["import", "--data", str(folder), str(file)]) == 0


class CartLink:
    """A cart as its store sees it: journal, inbox and link; no mind, no senses."""

    def __init__(
        self,
        folder: Path,
        broker: Ends,
        public_key: Path,
        trust_root: Path | None = None,
        cart: str = CART,
        seed: int = 7,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.config = Config(
            cart_id=cart,
            tenant=TENANT,
            store=STORE,
            data_folder=folder,
            screen_socket=folder / "screen.sock",
            eyes_socket=folder / "eyes.sock",
            broker=BrokerConfig(*broker),
            store_public_key=public_key,
            trust_root=trust_root,
            files=FilesConfig("https://127.0.0.1:1", folder / "files"),
        )
        self.journal = Journal(folder)
        self.inbox = Inbox(monotonic_ms)
        self.unheard: list[Any] = []
        guard = Guard(monotonic_ms)
        boot = Random(seed)
        self.link = StoreLink(self.config, self.journal, self.inbox, guard, monotonic_ms, boot)
        self.link.bring_back_catalog()

    def __enter__(self) -> Self:
        self.link.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.link.stop()
        self.journal.close()

    def write(self, events: list[Event]) -> None:
        """Append to the journal, and say so."""
        self.journal.append(events)
        self.link.journal_grew()

    def hear(self, kind: type[Heard], within_s: float = DEADLINE_S) -> Heard:
        """The next observation of a kind; those of other kinds wait until they are asked for."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            for seen in self.unheard:
                if isinstance(seen, kind):
                    self.unheard.remove(seen)
                    return seen
            self.unheard += self.inbox.take(100)
        raise AssertionError(f"no {kind.__name__} within {within_s} s; heard {self.unheard}")

    def is_all_acked(self) -> bool:
        """Whether the store has everything."""
        return self.journal.acked_seq == self.journal.last_seq
