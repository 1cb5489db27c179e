"""A thousand carts lose the broker at once and come back; all with the real link, many a process.

Each process stays below 1,024 files, which is what `select` can watch.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from rig.faults.shop import FaultsError, Shop, Talker
from rig.faults.trial import Trial

CARTS_FULL, CARTS_QUICK = 1_000, 100
CARTS_A_PROCESS = 125
START_S_MAX = 120.0


class Fleet(Talker):
    """Some of the carts, in one process."""

    def __init__(self, shop: Shop, names: list[str], port: int) -> None:
        super().__init__(shop.folder / "fleet.log", self._hear)
        self.names = names
        self.online: set[str] = set()
        self.acked: dict[str, int] = {}
        where = ["--folder", str(shop.folder / "carts"), "--broker", str(port)]
        self.start("rig.faults.cart", *where, "--key", str(shop.folder / "store.pub"), *names)

    def are_online(self) -> bool:
        """Whether every cart is."""
        return len(self.online) == len(self.names)

    def are_offline(self) -> bool:
        """Whether every cart has noticed that the broker is gone."""
        return not self.online

    def have_stored(self, seq: int) -> bool:
        """Whether the store has this many rows of every cart."""
        return min(self.acked.values()) >= seq

    def _hear(self, said: dict[str, object]) -> None:
        name = str(said["cart"])
        if "acked_seq" in said:
            self.acked[name] = int(str(said["acked_seq"]))
        if "online" in said:
            (self.online.add if said["online"] else self.online.discard)(name)


def reconnecting(trial: Trial) -> None:
    """The broker dies under all of them; the recovery ends when the last is online again."""
    total = CARTS_FULL if trial.is_full else CARTS_QUICK
    with fleet(trial.shop, total) as parts:
        for _ in trial.each_round():
            began_s = reconnect(trial, parts)
            trial.recoveries_ms.append((time.monotonic() - began_s) * 1_000)
            target = max(max(part.acked.values()) for part in parts) + 1
            for part in parts:
                for name in part.names:
                    part.say(cart=name, upto=target)
                    trial.events += 1
            for part in parts:
                trial.settled &= part.wait(partial(part.have_stored, target), START_S_MAX)


def reconnect(trial: Trial, parts: list[Fleet]) -> float:
    """Kill the broker, start it when all have noticed, wait until all are back; when that began."""
    broker = trial.shop.broker
    broker.kill()
    trial.killed("broker", f"under {sum(len(part.names) for part in parts)} carts")
    for part in parts:
        part.wait(part.are_offline, START_S_MAX)
    began_s = time.monotonic()
    broker.start()
    for part in parts:
        trial.settled &= part.wait(part.are_online, START_S_MAX)
    return began_s


@contextmanager
def fleet(shop: Shop, total: int, port: int | None = None) -> Iterator[list[Fleet]]:
    """So many carts, all online, at the broker itself or by another port. Raises FaultsError."""
    names = [f"fleet-{number:04}" for number in range(total)]
    with ExitStack() as stack:
        parts = []
        for start in range(0, total, CARTS_A_PROCESS):
            some = names[start : start + CARTS_A_PROCESS]
            parts.append(Fleet(shop, some, port or shop.broker.port))
            stack.callback(parts[-1].kill)
        for part in parts:
            if not part.wait(part.are_online, START_S_MAX):
                raise FaultsError(f"{len(part.online)} of {len(part.names)} carts online")
        yield parts
