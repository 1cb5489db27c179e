"""Figures of the whole shop running: evidence to pixels, replay, memory of each process.

Everything is simulated but the programs: the goods, the load cells and the camera's pictures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cart.contract.screen import Snapshot
from cart.shell.recorder import read_record
from cart.shell.replay import replay_record
from rig.bench.figures import Figure, percentile
from rig.cart_watch import CartWatch
from rig.demo.stack import Stack
from rig.finger import Finger

GOODS = ("tomatoes-400g", "pasta-500g", "milk-1l", "olive-oil-500ml", "yoghurt-500g")
FLIP_WITHIN_S = 3.0


class Arrivals:
    """When the first snapshot of so many lines came, and what it showed."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[Snapshot, float]] = {}
        self._changed = threading.Condition()

    def came(self, snapshot: Snapshot) -> None:
        """Take note of a snapshot that came now."""
        came_ms = time.monotonic_ns() / 1_000_000
        with self._changed:
            self._first.setdefault(len(snapshot.lines), (snapshot, came_ms))
            self._changed.notify_all()

    def of_lines(self, count: int, timeout_s: float = 5.0) -> tuple[Snapshot, float] | None:
        """The first snapshot of so many lines; None when none came in time."""
        with self._changed:
            self._changed.wait_for(lambda: count in self._first, timeout_s)
            return self._first.get(count)


def pixels(stack: Stack, goods: int) -> list[Figure]:
    """p50 and p95 from the decisive observation in the inbox to its line on the screen."""
    arrivals, finger = Arrivals(), Finger(stack.finger_socket)
    to_pixels, to_socket = [], []
    with CartWatch(stack.screen_socket, arrivals.came) as watch:
        watch.wait_for(lambda snapshot: snapshot.route == "welcome", FLIP_WITHIN_S)
        watch.send("start")
        for number, sku in zip(range(1, goods + 1), _endless(GOODS), strict=False):
            stack.world.do({"do": "put", "skus": [sku], "show": "barcode"})
            seen = arrivals.of_lines(number)
            if seen is None:
                continue  # a good that was not read is a yellow line later, and no latency
            snapshot, came_ms = seen
            to_socket.append(came_ms - snapshot.cause_ms)
            to_pixels.append(_flipped_ms(finger, snapshot.revision) - snapshot.cause_ms)
    return [
        Figure(f"decisive evidence to pixels p{percent}", percentile(to_pixels, percent), "ms",
               "<= 100" if percent == 95 else "", percentile(to_socket, percent),
               "the same to a socket, nothing drawn", len(to_pixels))
        for percent in (50, 95)
    ]  # fmt: skip


def replay(stack: Stack) -> Figure:
    """How much faster than life the newest record of the cart replays."""
    record = max((stack.cart_data / "trips").glob("*.mcap"))
    stamps_ms = [observation.t_ms for observation in read_record(record)]
    began_s = time.perf_counter()
    replay_record(record)
    took_s = time.perf_counter() - began_s
    lived_s = (stamps_ms[-1] - stamps_ms[0]) / 1_000
    return Figure("replay speed over real time", lived_s / took_s, "x", samples=len(stamps_ms))


def memory(stack: Stack) -> list[Figure]:
    """Proportional set size of each process of ours."""
    return [
        Figure(f"memory of {name}", _pss_mib(stack.supervisor.pid(name)), "MiB")
        for name in ("cartd", "eyes", "screen", "store", "world")
        if stack.supervisor.running(name)
    ]


def _pss_mib(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(row.split()[1]) / 1_024 for row in rows if row.startswith("Pss:"))


def _flipped_ms(finger: Finger, revision: int) -> float:
    """When the screen had drawn this revision or a later one."""
    deadline_s = time.monotonic() + FLIP_WITHIN_S
    while time.monotonic() < deadline_s:
        flips = finger.ask({"state": True})["flips"]
        drawn = [flip_ms for drawn_revision, flip_ms in flips if drawn_revision >= revision]
        if drawn:
            return float(min(drawn))
    raise TimeoutError(f"revision {revision} was not drawn within {FLIP_WITHIN_S:g} s")


def _endless(goods: tuple[str, ...]) -> Iterator[str]:
    while True:
        yield from goods
