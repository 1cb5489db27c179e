"""Faults of disks: full under a cart or the store, refusing every write, an old backup, a lost one.

A full disk is a limit on the size of a process's files (RLIMIT_FSIZE), set and lifted from outside
while it runs: every write beyond it fails, as on a disk without room.
"""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from rig.faults.trial import Trial
from rig.waiting import came

NOTICED_S_MAX = 5.0
ROWS = 200
FULL_BYTES = 8_192
NOTHING_STORED = "nothing stored"


def cart_full(trial: Trial) -> None:
    """A cart's disk has no room: it says so, writes nothing, and goes on when there is room."""
    cart = trial.shop.carts[0]
    for _ in trial.each_round():
        cart.told.pop("full", None)
        assert cart.process is not None
        with _no_room(cart.process, FULL_BYTES):
            trial.write(ROWS, at_once=20)
            trial.settled &= came(lambda: "full" in cart.told, NOTICED_S_MAX)
        trial.settle()


def store_full(trial: Trial) -> None:
    """The store's disk has no room: it acknowledges nothing; the carts keep it."""
    shop, log = trial.shop, trial.shop.folder / "store.log"
    for _ in trial.each_round():
        process, told = shop.store.process, log.read_text().count(NOTHING_STORED)
        assert process is not None
        with _no_room(process, FULL_BYTES):
            trial.write(ROWS, at_once=20)
            trial.settled &= came(partial(_tells_more, log, told), NOTICED_S_MAX)
        trial.settle()


def read_only(trial: Trial) -> None:
    """No write succeeds at all, not even over a restart of the cart."""
    cart = trial.shop.carts[0]
    for _ in trial.each_round():
        cart.told.pop("full", None)
        assert cart.process is not None
        with _no_room(cart.process, 0):
            trial.write()
            trial.settled &= came(lambda: "full" in cart.told, NOTICED_S_MAX)
            cart.kill()
            trial.killed(cart.name, "on a disk that refuses every write")
        cart.begin()
        assert cart.process is not None
        with _no_room(cart.process, 0):
            cart.wait(lambda: cart.is_ready or not cart.lives, NOTICED_S_MAX)
        began_s = time.monotonic()
        cart.kill()
        cart.begin()
        cart.await_ready()
        trial.settle(began_s)


def journal_lost(trial: Trial) -> None:
    """A cart loses its disk: it comes back under the next epoch, and what it writes follows."""
    for number in trial.each_round():
        cart = trial.shop.carts[number % len(trial.shop.carts)]
        trial.write()
        trial.settle()  # what only the lost disk held, nobody has
        cart.lose_disk()
        began_s = time.monotonic()
        trial.killed(cart.name, "and its disk")
        cart.begin()
        cart.await_ready()
        trial.write(5)
        trial.settle(began_s)


def poison(trial: Trial) -> None:
    """An event that the store can't read is kept as it came; those behind it are not blocked."""
    for number in trial.each_round():
        trial.write()
        trial.shop.carts[number % len(trial.shop.carts)].write(1, poison=True)
        trial.events += 1
        trial.write()
        trial.settle()


def old_backup(trial: Trial) -> None:
    """The store comes back with an older backup of its database: the carts send the rest again."""
    shop, backup = trial.shop, trial.folder / "store.backup"
    trial.folder.mkdir(parents=True, exist_ok=True)
    for _ in trial.each_round():
        trial.write()
        trial.settle()
        _copy(shop.folder / "store.sqlite", backup)
        trial.write(ROWS, at_once=20)
        trial.settle()
        shop.store.kill()
        began_s = time.monotonic()
        trial.killed("store", "restored from an older backup")
        for side in shop.folder.glob("store.sqlite*"):
            side.unlink()
        backup.rename(shop.folder / "store.sqlite")
        shop.store.begin()
        trial.write(len(shop.carts))  # a new row's acknowledgement means all rows before it, too
        shop.store.await_ready()
        trial.settle(began_s)


@contextmanager
def _no_room(process: subprocess.Popen[str], size_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond this size."""
    free = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size_bytes, free[1]))
    try:
        yield
    finally:
        if process.poll() is None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, free)


def _tells_more(log: Path, told: int) -> bool:
    return log.read_text().count(NOTHING_STORED) > told


def _copy(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
