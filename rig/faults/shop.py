"""The processes of a run: a broker, the store, the carts, and the bad network between them.

Everything lies in one folder: the store's database in it, `carts/<cart>/journal.sqlite`, the
broker's log. Each process is ended by its id. It must never decide when a fault happens.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Literal, Self

from cart.mqtt import Dialect
from rig.broker import BEGAN, Broker, Kind
from rig.faults.cart import STORE, TENANT
from rig.faults.restarts import BROKER_LOG
from rig.proxy import FaultProxy
from rig.rabbit import Cluster

READY_S_MAX = 60.0
AnyKind = Kind | Literal["rabbitmq"]


class FaultsError(RuntimeError):
    """A part of the run did not start; the text says where to look."""


class Talker:
    """A program that says what happens in lines of JSON; `take(line)` runs in its reader."""

    def __init__(self, log: Path, take: Callable[[dict[str, object]], None]) -> None:
        self._log = log
        self._take = take
        self.process: subprocess.Popen[str] | None = None
        self._readers: tuple[threading.Thread, ...] = ()
        self.changed = threading.Condition()

    def start(self, *arguments: str) -> None:
        """Start `python -m ARGUMENTS`; returns at once."""
        pipe = subprocess.PIPE
        process = self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments], stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )
        with self._log.open("a") as log:
            log.write(f"{BEGAN} {process.pid}\n")  # what `rig audit` counts
        self._readers = tuple(
            threading.Thread(target=read, args=[process], daemon=True)
            for read in (self._read, self._keep_log)
        )
        for reader in self._readers:
            reader.start()

    def say(self, **order: object) -> None:
        """Give an order; a process that was just killed does not take it, its heir is told."""
        assert self.process is not None
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            print(json.dumps(order), file=self.process.stdin, flush=True)

    def wait(self, holds: Callable[[], bool], within_s: float = READY_S_MAX) -> bool:
        """Wait until what it said makes something true; False after `within_s`."""
        with self.changed:
            return self.changed.wait_for(holds, within_s)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone and all is heard that it had said."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for reader in self._readers:
                reader.join()
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()

    @property
    def lives(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self.changed:
                    if line.startswith("{"):
                        self._take(json.loads(line))
                    self.changed.notify_all()

    def _keep_log(self, process: subprocess.Popen[str]) -> None:
        """Not left to the process: one whose files must not grow has to tell us so all the same."""
        assert process.stderr is not None
        with process.stderr, self._log.open("a") as log:
            for line in process.stderr:
                log.write(line)
                log.flush()


class Cart(Talker):
    """A cart's process. `target` is how many rows it was told to write, `told` what it said last,
    `catalogs` each (version, hash) that it took into use.

    `vanished` counts rows that it had said were written and that its journal then lacked."""

    def __init__(self, name: str, folder: Path, port: int, dialect: Dialect) -> None:
        super().__init__(folder / f"{name}.log", self._hear)
        self.name = name
        self.folder = folder / "carts" / name
        self._broker = ("--broker", str(port), "--mqtt", dialect)
        self._key = folder / "store.pub"
        self.target = self.last_seq = self.acked_seq = self.vanished = 0
        self.epoch = self.epoch_online = 0
        self.online = self.is_ready = False
        self.told: dict[str, object] = {}
        self.catalogs: list[tuple[int, str]] = []

    def begin(self) -> None:
        """Start it, with what it still owes."""
        self.is_ready = self.online = False
        where = ["--folder", str(self.folder.parent), *self._broker]
        self.start("rig.faults.cart", *where, "--key", str(self._key), self.name)

    def await_ready(self) -> None:
        """Wait until its journal is open. Raises FaultsError."""
        if not self.wait(lambda: self.is_ready):
            raise FaultsError(f"{self.name} did not start; see {self._log}")
        self.write(0)

    def write(self, count: int, at_once: int = 1, *, poison: bool = False) -> None:
        """Have it journal more rows, `at_once` in a commit; poison is one that no store reads."""
        self.target += count
        if self.target > self.last_seq:
            self.say(cart=self.name, upto=self.target, at_once=at_once, poison=poison)

    def lose_disk(self) -> None:
        """SIGKILL it and take its journal away; what the journal held stays for the audit."""
        self.kill()
        lost = self.folder / "lost" / f"{self.epoch_online:03}"
        lost.mkdir(parents=True)
        for file in self.folder.glob("journal*.sqlite*"):
            file.rename(lost / file.name)
        self.target = self.last_seq = self.acked_seq = 0

    def has_written(self) -> bool:
        """Whether its journal has everything it was told to write."""
        return self.last_seq >= self.target

    def is_settled(self) -> bool:
        """Whether the store has acknowledged everything it was told to write."""
        return self.is_ready and self.acked_seq >= self.target

    def _hear(self, said: dict[str, object]) -> None:
        if "epoch" in said:
            self.is_ready = True
            self.vanished += max(0, self.last_seq - int(str(said["last_seq"])))
        self.told.update(said)
        if "catalog" in said:
            self.catalogs.append((int(str(said["catalog"])), str(said["sha256"])))
        for name in ("epoch", "epoch_online", "last_seq", "acked_seq", "online"):
            if name in said:
                setattr(self, name, said[name])


class Store(Talker):
    """`python -m store run` on its own network; `launcher` is what starts it instead."""

    def __init__(self, folder: Path, port: int, dialect: Dialect) -> None:
        super().__init__(folder / "store.log", self._hear)
        self.folder = folder
        self._broker = ("--broker", f"127.0.0.1:{port}", "--mqtt", dialect)
        self._is_ready = False
        self.launcher: tuple[str, ...] = ()

    def begin(self) -> None:
        """Start it; returns at once."""
        self._is_ready = False
        names = ["--tenant", TENANT, "--store", STORE, *self._broker]
        self.start(*self.launcher, "store", "run", "--data", str(self.folder), *names)

    def await_ready(self) -> None:
        """Wait until it serves. Raises FaultsError."""
        if not self.wait(lambda: self._is_ready):
            raise FaultsError(f"the store did not start; see {self._log}")

    def _hear(self, said: dict[str, object]) -> None:
        self._is_ready = self._is_ready or "ready" in said


class Shop:
    """All of it, running. `carts_wire` and `store_wire` are the networks to the broker, which
    speaks `dialect`."""

    def __init__(self, folder: Path, kind: AnyKind, names: tuple[str, ...]) -> None:
        self.folder = folder
        self.kind = kind
        self._stack = ExitStack()
        self.broker = Cluster(folder) if kind == "rabbitmq" else Broker(folder, kind)
        self.dialect: Dialect = "3.1.1" if kind == "rabbitmq" else "5"
        upstream = (self.broker.host, self.broker.port)
        self.carts_wire, self.store_wire = FaultProxy(upstream), FaultProxy(upstream)
        self.store = Store(folder, self.store_wire.port, self.dialect)
        self.carts = [Cart(name, folder, self.carts_wire.port, self.dialect) for name in names]

    def __enter__(self) -> Self:
        with ExitStack() as stack:  # what stands is ended, too, when the rest does not come up
            enter = stack.enter_context
            enter(self.broker)
            enter(self.carts_wire)
            enter(self.store_wire)
            for talker in (self.store, *self.carts):
                stack.callback(talker.kill)
            self.store.begin()
            self.store.await_ready()
            for cart in self.carts:
                cart.begin()
            for cart in self.carts:
                cart.await_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        (self.folder / f"{self.kind}.log").rename(self.folder / BROKER_LOG)

    def restore_network(self) -> None:
        """A good network for everybody."""
        for wire in (self.carts_wire, self.store_wire):
            wire.delay_ms = wire.bytes_per_s = 0
            wire.restore()

    def settle(self, within_s: float) -> bool:
        """Wait until the store has everything; False after `within_s`."""
        end_s = time.monotonic() + within_s
        return all(
            cart.wait(cart.is_settled, max(0.0, end_s - time.monotonic())) for cart in self.carts
        )
