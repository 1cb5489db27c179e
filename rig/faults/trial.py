"""One row of the report as it comes about: what was written, what was killed, how long it took.

A fault's function gets a `Trial`, does its worst in rounds, and lets the shop settle after each. It
must never count what got lost itself: that is the audit's, from the databases.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from rig.faults.restarts import KILLS
from rig.faults.shop import Shop

SETTLE_S_MAX = 60.0
LIVE_MS_MAX = 250
EVENTS_A_ROUND = 15

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A row: `recovery_ms_p95` is from the end of a fault (a kill is one) to all acknowledged.

    `recovery_ms_max` is what it may be, 0 for no limit; `live_ms_p99` is what a live message took
    meanwhile, 0 where a row sends none. `seconds` is what the whole row took."""

    fault: str
    events: int
    kills: int
    lost: int
    duplicated: int
    reordered: int
    recovery_ms_p95: int
    settled: bool
    seconds: float
    recovery_ms_max: int = 0
    live_ms_p99: int = 0

    @property
    def late(self) -> str:
        """What took longer than it may; "" if nothing did."""
        limits = (
            ("recovery_ms_p95", self.recovery_ms_p95, self.recovery_ms_max),
            ("live_ms_p99", self.live_ms_p99, LIVE_MS_MAX),
        )
        over = [f"{name} {took}, at most {most}" for name, took, most in limits if took > most > 0]
        return ", ".join(over)

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled or reordered, and everything acknowledged in time."""
        wrong = self.lost or self.duplicated or self.reordered or self.late
        return self.settled and not wrong


@dataclass
class Trial:
    """What a fault's function works with. `is_full` tells the full run from the quick one.

    `folder` is the trial's own, for what does not belong to the shop."""

    fault: str
    shop: Shop
    rounds: int
    is_full: bool
    random: Random
    folder: Path
    progress: Progress
    events: int = 0
    kills: int = 0
    recoveries_ms: list[float] = field(default_factory=list)
    live_ms: list[float] = field(default_factory=list)
    settled: bool = True
    # What a fault counts itself because no journal of the shop shows it.
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0

    def each_round(self) -> Iterator[int]:
        """The number of each round; shows the progress."""
        for number in range(self.rounds):
            self.progress(f"{self.fault} {number + 1}/{self.rounds}")
            yield number

    def write(self, count: int = EVENTS_A_ROUND, at_once: int = 1) -> None:
        """Have the carts journal these, shared among them."""
        carts = self.shop.carts
        self.events += count
        for place, cart in enumerate(carts):
            cart.write(count // len(carts) + (place < count % len(carts)), at_once)

    def pause(self, seconds_max: float = 0.05) -> None:
        """Wait a random while, so that the fault comes at any point."""
        # No condition to wait for: what is tested is that any moment may be the one.
        time.sleep(self.random.uniform(0, seconds_max))

    def killed(self, victim: str, point: str = "at random") -> None:
        """Note a kill."""
        self.kills += 1
        note = {"fault": self.fault, "victim": victim, "point": point, "at_ms": _now_ms()}
        with (self.shop.folder / KILLS).open("a") as log:
            log.write(json.dumps(note) + "\n")

    def settle(self, began_s: float | None = None, within_s: float = SETTLE_S_MAX) -> None:
        """Wait until the store has everything, and note how long it took since the fault ended.

        `began_s` is when that was, by the monotonic clock: a kill for instance; now if None."""
        began_s = time.monotonic() if began_s is None else began_s
        if self.shop.settle(within_s):
            self.recoveries_ms.append((time.monotonic() - began_s) * 1_000)
        else:
            self.settled = False


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
