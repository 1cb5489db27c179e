"""`python -m rig faults --peers`: the same kills under raw paho, ohmqtt and reliomq, beside ours.

Each peer has a broker that saves after every change, a session that lasts and a keeper that
commits before it confirms; of an event that a peer had not taken upon itself nothing is expected.
Ours has a broker that keeps nothing. It must never mend what a peer lost.
"""

from __future__ import annotations

import getpass
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from random import Random

from rig.bench.figures import percentile
from rig.broker import Broker
from rig.faults.audit import Count, count
from rig.faults.exports import Row
from rig.faults.shop import FaultsError, Talker
from rig.faults.trial import EVENTS_A_ROUND, Progress, Result
from rig.waiting import came

ROUNDS, ROUNDS_QUICK = 20, 5
SAVING = """
user {user}
persistence true
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
max_queued_messages 0
"""
PAUSE_S_MAX = 0.3
SETTLE_S_MAX, STILL_S = 60.0, 6.0
MODULE = "rig.faults.peer_ends"
NEEDED = ("ohmqtt", "reliomq")


class Sender(Talker):
    """What sends by a peer; it remembers for it which events it tried and which are owed."""

    def __init__(self, peer: str, folder: Path, port: int) -> None:
        super().__init__(folder / "sender.log", self._hear)
        self._arguments = (MODULE, "send", peer, str(folder), str(port))
        self.target = 0
        self.tried: list[int] = []
        self.owed: set[int] = set()

    def begin(self) -> None:
        """Start it where it stopped; what it tried last is not tried again."""
        first = self.tried[-1] + 1 if self.tried else 0
        self.start(*self._arguments, str(first))
        self.say(upto=self.target)

    def write(self, events: int) -> None:
        """Have it send more; one that was killed does so when it is back."""
        self.target += events
        if self.process is not None:
            self.say(upto=self.target)

    def _hear(self, said: dict[str, object]) -> None:
        if "tried" in said:
            self.tried.append(int(str(said["tried"])))
        if "owed" in said:
            self.owed.add(int(str(said["owed"])))


class Keeper(Talker):
    """What keeps the events that come; `kept` in the order of its commits."""

    def __init__(self, peer: str, folder: Path, port: int) -> None:
        super().__init__(folder / "keeper.log", self._hear)
        self._arguments = (MODULE, "keep", peer, str(folder), str(port))
        self.is_ready = False
        self.kept: list[int] = []

    def begin(self) -> None:
        """Start it, and wait until it listens. Raises FaultsError."""
        self.start(*self._arguments)
        if not self.wait(lambda: self.is_ready):
            raise FaultsError("the keeper did not start")

    def _hear(self, said: dict[str, object]) -> None:
        self.is_ready = self.is_ready or "ready" in said
        if "kept" in said:
            self.kept.append(int(str(said["kept"])))


def missing() -> list[str]:
    """The peers that are not installed."""
    return [name for name in NEEDED if find_spec(name) is None]


def run_peers(
    folder: Path, names: list[str], random: Random, progress: Progress, *, quick: bool
) -> list[Result]:
    """A row for each of these peers."""
    rounds = ROUNDS_QUICK if quick else ROUNDS
    results = []
    for name in names:
        own = folder / name.replace(" ", "_")
        own.mkdir(parents=True)
        progress(f"{name}: {rounds} kills of its broker, {rounds} of its sender")
        results.append(_row(name, own, random, rounds, progress))
    return results


def merged(results: list[Result]) -> Result:
    """Ours as one row: the kills of its broker and of its carts together."""
    first, *rest = results
    for more in rest:
        first = Result(
            "dashcart", first.events + more.events, first.kills + more.kills,
            first.lost + more.lost, first.duplicated + more.duplicated,
            first.reordered + more.reordered, max(first.recovery_ms_p95, more.recovery_ms_p95),
            first.settled and more.settled, first.seconds + more.seconds, first.recovery_ms_max,
        )  # fmt: skip
    return first


def _row(peer: str, folder: Path, random: Random, rounds: int, progress: Progress) -> Result:
    began_s = time.monotonic()
    recoveries_ms: list[float] = []
    with ExitStack() as stack:
        broker = Broker(folder, "mosquitto", SAVING.format(folder=folder, user=getpass.getuser()))
        stack.enter_context(broker)
        keeper, sender = Keeper(peer, folder, broker.port), Sender(peer, folder, broker.port)
        stack.callback(keeper.kill)
        stack.callback(sender.kill)
        keeper.begin()
        sender.begin()
        given_up: set[int] = set()
        for number in range(rounds * 2):
            sender.write(EVENTS_A_ROUND)
            time.sleep(random.uniform(0, PAUSE_S_MAX))  # any moment may be the one
            victim = sender if number % 2 else broker
            victim.kill()
            ended_s = time.monotonic()
            sender.write(1)
            _restart(victim)
            given_up |= _missing_after(keeper, sender, given_up)
            recoveries_ms.append((time.monotonic() - ended_s) * 1_000)
    counted = count_of(sender, keeper.kept)
    never_taken = len(sender.tried) - counted.events
    progress(f"{peer}: {never_taken} events died with the sender before the peer had taken them")
    recovery_ms = round(percentile(recoveries_ms, 95))
    wrong = (counted.lost, counted.duplicated, counted.reordered)
    seconds = round(time.monotonic() - began_s, 1)
    return Result(peer, counted.events, rounds * 2, *wrong, recovery_ms, True, seconds)


def _restart(victim: Sender | Broker) -> None:
    if isinstance(victim, Sender):
        victim.begin()
    else:
        victim.start()


def _missing_after(keeper: Keeper, sender: Sender, given_up: set[int]) -> set[int]:
    """Wait until all that is owed is kept, or until nothing comes any more; what is not there."""

    def is_done() -> bool:
        has_tried = bool(sender.tried) and sender.tried[-1] == sender.target - 1
        return has_tried and sender.owed <= {*keeper.kept, *given_up}

    end_s, progress = time.monotonic() + SETTLE_S_MAX, -1
    while progress < len(keeper.kept) + len(sender.tried) and time.monotonic() < end_s:
        progress = len(keeper.kept) + len(sender.tried)
        if came(is_done, STILL_S):
            break
    return sender.owed - set(keeper.kept)


def count_of(sender: Sender, kept: list[int]) -> Count:
    """What a peer had not taken upon itself when it was killed may have come, or not."""
    expected = sender.owed | (set(sender.tried) & set(kept))
    return count((Row("sender", 1, each, "") for each in expected),
                 (Row("sender", 1, each, "") for each in kept))  # fmt: skip
