"""What a cart and an event cost the store's side: bytes, processor time, rows, memory.

Real carts (journal and link, many a process), a real broker and store. docs/scale.md reckons with
these figures from one store to thousands. It must never count what the carts themselves need: each
cart brings its own computer.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from rich.console import Console

from rig.bench.figures import Figure
from rig.broker import Broker, Kind
from rig.faults.fleet import Fleet, fleet
from rig.faults.shop import Shop

CARTS, CARTS_SMALL = (25, 50, 100, 200), (10, 25, 50)
EVENTS_A_CART = 20
IDLE_S = 15.0
DONE_S_MAX = 120.0


def measure(console: Console, sizes: Sequence[int]) -> dict[int, list[Figure]]:
    """The figures by the number of carts, each with a broker and a store of its own."""
    return {carts: figures(console, carts) for carts in sizes}


def figures(console: Console, carts: int) -> list[Figure]:
    """Measure everything once."""
    kind: Kind = "mosquitto" if shutil.which("mosquitto") else "iotcore"
    with tempfile.TemporaryDirectory(prefix="dashcart-fleet-") as temporary:
        folder = Path(temporary)
        with Shop(folder, kind, ()) as shop:
            began = _Costs(shop)
            time.sleep(IDLE_S)  # the figure is what resting costs
            before = _Costs(shop)
            console.print(f"{carts} carts come, rest and shop …")
            with fleet(shop, carts, shop.carts_wire.port) as parts:  # there it is counted
                came_in = _Costs(shop)
                time.sleep(IDLE_S)  # the same with carts
                rested = _Costs(shop)
                _shopped(parts)
                shopped = _Costs(shop)
    return [*_of_carts(began, before, came_in, rested, carts), *_of_events(rested, shopped, carts)]


class _Costs:
    """What broker and store have used so far; the carts' computers are not counted."""

    def __init__(self, shop: Shop) -> None:
        assert isinstance(shop.broker, Broker)
        assert shop.store.process is not None
        self._processes = {"broker": shop.broker.process_id, "store": shop.store.process.pid}
        self.cpu_s = {name: _cpu_s(pid) for name, pid in self._processes.items()}
        self.memory_bytes = {name: _memory_bytes(pid) for name, pid in self._processes.items()}
        self.wire_bytes = shop.carts_wire.carried_bytes
        self.rows, self.database_bytes = _stored(shop.folder / "store.sqlite")


def _shopped(parts: list[Fleet]) -> None:
    """Every cart journals its events one by one, and the store acknowledges all."""
    for target in range(1, EVENTS_A_CART + 1):
        for part in parts:
            for name in part.names:
                part.say(cart=name, upto=target)
    for part in parts:
        assert part.wait(partial(part.have_stored, EVENTS_A_CART), DONE_S_MAX), "not all is stored"


def _of_carts(
    began: _Costs, before: _Costs, there: _Costs, rested: _Costs, carts: int
) -> list[Figure]:
    """What carts add to broker and store, which need something without any cart, too."""
    alone_s = {name: before.cpu_s[name] - began.cpu_s[name] for name in before.cpu_s}
    resting_s = {name: rested.cpu_s[name] - there.cpu_s[name] for name in before.cpu_s}
    return [
        figure
        for name in before.cpu_s
        for figure in (
            Figure(f"{name}: memory of a cart that is online",
                   (there.memory_bytes[name] - before.memory_bytes[name]) / carts / 1_024, "KiB",
                   samples=carts),
            Figure(f"{name}: processor time to let a cart in",
                   (there.cpu_s[name] - before.cpu_s[name]) * 1_000 / carts, "ms", samples=carts),
            Figure(f"{name}: processor time of a cart that rests",
                   (resting_s[name] - alone_s[name]) * 1_000 / carts / IDLE_S * 3_600,
                   "ms/h", samples=carts),
        )
    ]  # fmt: skip


def _of_events(before: _Costs, after: _Costs, carts: int) -> list[Figure]:
    events = carts * EVENTS_A_CART
    return [
        *(Figure(f"{name}: processor time of an event",
                 (after.cpu_s[name] - before.cpu_s[name]) * 1_000 / events, "ms", samples=events)
          for name in before.cpu_s),
        Figure("wire: an event, both ways", (after.wire_bytes - before.wire_bytes) / events,
               "bytes", samples=events),
        Figure("store: rows of an event", (after.rows - before.rows) / events, "rows",
               samples=events),
        Figure("store: disk of an event", (after.database_bytes - before.database_bytes) / events,
               "bytes", samples=events),
    ]  # fmt: skip


def _cpu_s(pid: int) -> float:
    """By the scheduler's own count in nanoseconds: ticks are too coarse for a few carts."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1_000_000_000


def _memory_bytes(pid: int) -> int:
    """What it has for itself alone: libraries, which the carts here map, too, are not counted."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith("Anonymous:"))


def _stored(path: Path) -> tuple[int, int]:
    """Rows of all tables that grow by events, and bytes of the pages in use."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        (rows,) = database.execute("SELECT count(*) FROM events").fetchone()
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    return int(rows), int(pages) * int(size)
