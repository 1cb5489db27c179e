"""A cart as its store sees it, as a process to be killed: journal and link; no mind, no senses.

    python -m rig.faults.cart --folder FOLDER --broker PORT [--mqtt 3.1.1] --key FILE NAME...

Orders come as lines of JSON on standard input, `{"cart": NAME, "upto": 40, "at_once": 1}` (write
until the journal has 40 rows) or `{"cart": NAME, "offer": NONCE}`; what happens goes out the same
way. It keeps nothing in memory that a kill may not take.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import cast

from cart.contract.deltas import canonical
from cart.core.effects import OfferPairing
from cart.core.events import Event, Fact, ItemAdded
from cart.core.observations import (
    CatalogArrived,
    ConfigArrived,
    InputRefused,
    LinkChanged,
    Paired,
    RecallsCame,
)
from cart.shell.clock import monotonic_ms
from cart.shell.config import BrokerConfig, Config
from cart.shell.guard import Guard
from cart.shell.inbox import Inbox
from cart.shell.journal import Journal, JournalFull
from cart.shell.store_link import StoreLink

TENANT, STORE = "rig", "faults"
Say = Callable[..., None]
RETRY_S = 0.05


def say(cart: str, **what: object) -> None:
    """One line out, whole whichever thread says it."""
    os.write(1, json.dumps({"cart": cart, **what}).encode() + b"\n")


def item(number: int) -> ItemAdded:
    """An event of the usual size, about 360 bytes."""
    return ItemAdded(number, f"L{number}", "tomatoes-400g", "Tomatoes 400 g", 1, 149, 149)


class FromTheFuture(Fact, tag="from_the_future.9"):
    """An event that no store of today can read."""

    riddle: str = "\u2028\U0001f6d2" * 100


class ToldJournal(Journal):
    """A journal that says how far the store is."""

    def __init__(self, folder: Path, say: Say) -> None:
        super().__init__(folder)
        self._say = say

    def acked(self, epoch: int, upto_seq: int) -> None:
        before = self.acked_seq
        super().acked(epoch, upto_seq)
        if self.acked_seq != before:
            self._say(acked_seq=self.acked_seq)


class LinkedCart:
    """One cart of this process; `say` is told what happens, from any thread."""

    def __init__(self, name: str, folder: Path, broker: BrokerConfig, key: Path, say: Say) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = Config(
            cart_id=name, tenant=TENANT, store=STORE, data_folder=folder,
            screen_socket=folder / "screen.sock", eyes_socket=folder / "eyes.sock",
            broker=broker, store_public_key=key,
        )  # fmt: skip
        self._say = say
        self.journal = ToldJournal(folder, say)
        self.inbox = Inbox(monotonic_ms)
        guard = Guard(monotonic_ms)
        self.link = StoreLink(config, self.journal, self.inbox, guard, monotonic_ms, SystemRandom())
        self.link.bring_back_catalog()
        threading.Thread(target=self._tell, name=f"tell_{name}", daemon=True).start()
        self.link.start()

    def ready(self) -> None:
        """Say how far the journal is."""
        journal = self.journal
        self._say(epoch=journal.epoch, last_seq=journal.last_seq, acked_seq=journal.acked_seq)

    def write(self, upto: int, at_once: int, make: Callable[[int], Fact]) -> None:
        """Journal rows until there are `upto`; a disk that refuses is asked again."""
        while self.journal.last_seq < upto:
            first = self.journal.last_seq
            try:
                events = [make(number) for number in range(first, min(upto, first + at_once))]
                self.journal.append(cast("list[Event]", events))  # the poison is none of ours
            except JournalFull as error:
                self._say(full=str(error))
                time.sleep(RETRY_S)  # nothing tells when a disk has room again
            else:
                self.link.journal_grew()
        self._say(last_seq=self.journal.last_seq)

    def close(self) -> None:
        """End the link and close the journal."""
        self.link.stop()
        self.inbox.close()
        self.journal.close()

    def _tell(self) -> None:
        while not self.inbox.closed:
            for seen in self.inbox.take(1_000):
                match seen:
                    case LinkChanged(online=online, epoch=epoch):
                        self._say(online=online, epoch_online=epoch)
                    case CatalogArrived(catalog=catalog):
                        sha256 = hashlib.sha256(canonical(catalog)).hexdigest()
                        self._say(catalog=catalog.version, sha256=sha256)
                    case RecallsCame(version=version):
                        self._say(recalls=version)
                    case ConfigArrived(version=version):
                        self._say(config=version)
                    case Paired(nonce=nonce):
                        self._say(paired=nonce)
                    case InputRefused(reason=reason):
                        self._say(refused=reason)
                    case _:
                        pass


def main(arguments: Sequence[str]) -> int:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--broker", type=int, required=True, metavar="PORT")
    parser.add_argument("--mqtt", default="5")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args(arguments)
    broker = BrokerConfig(port=options.broker, mqtt=options.mqtt)
    carts = {
        name: LinkedCart(name, options.folder / name, broker, options.key, partial(say, name))
        for name in options.names
    }
    for cart in carts.values():
        cart.ready()
    for line in sys.stdin:
        order = json.loads(line)
        cart = carts[order["cart"]]
        if "upto" in order:
            make = FromTheFuture if order.get("poison") else item
            cart.write(order["upto"], order.get("at_once", 1), make)
        else:
            cart.link.perform(OfferPairing(order["offer"]))
    for cart in carts.values():
        cart.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
