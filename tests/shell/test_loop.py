"""The loop shows and does nothing before the journal has it on the disk, and loses no turn."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import get_args

import pytest

from cart.contract.screen import Snapshot
from cart.core.effects import Effect, MakePairCode, OfferPairing, TellHealth
from cart.core.events import TripOpened
from cart.core.observations import AnyObservation, Booted, LinkChanged, PairCodeMade, Tick, Touch
from cart.shell.clock import monotonic_ms
from cart.shell.export import entries, export_lines
from cart.shell.inbox import Inbox
from cart.shell.journal import FILE_NAME, Journal
from cart.shell.loop import TROUBLE_TOLD_MS, CoreLoop
from cart.shell.replay import replay
from cart.shell.screen_link import ScreenLink
from tests.shell.peers import LinePeer
from tests.waiting import serving, until


class Bench:
    """A core loop on a real journal, with everything it calls written down in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = Inbox(monotonic_ms)
        self.journal = Journal(folder)
        self.recorded: list[AnyObservation] = []
        self.snapshots: list[Snapshot] = []
        self.durable: list[int] = []
        self.effects: list[Effect] = []
        self.grown = 0
        kinds = get_args(Effect)
        self.loop = CoreLoop(
            self.inbox, self.journal, self.recorded.append, self.show, self.grew,
            dict.fromkeys(kinds, self.do),
        )  # fmt: skip
        self.inbox.put(Booted(0, "cart-1", self.journal.epoch, self.journal.events()))

    def rows_on_disk(self) -> int:
        """What another program finds in the file now."""
        with closing(sqlite3.connect(self.folder / FILE_NAME)) as database:
            count: int = database.execute("SELECT count(*) FROM events").fetchone()[0]
        return count

    def show(self, snapshot: Snapshot) -> None:
        """Be the screen."""
        self.snapshots.append(snapshot)
        self.durable.append(self.rows_on_disk())

    def do(self, effect: Effect) -> None:
        """Be whoever does effects."""
        self.effects.append(effect)
        self.durable.append(self.rows_on_disk())

    def grew(self) -> None:
        """Be the store link."""
        self.grown += 1
        self.durable.append(self.rows_on_disk())

    def think(self) -> None:
        """Let the loop take what waits."""
        self.loop.think(self.inbox.take(0), lambda: None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench whose cart has just started."""
    made = Bench(tmp_path)
    made.think()
    yield made
    made.journal.close()


def start(intent_id: str = "i-1") -> Touch:
    """The shopper wants to shop without pairing."""
    return Touch(0, intent_id, "start")


def test_durable_before_visible(bench: Bench) -> None:
    """When the screen, the store link or an effect hears of a trip, its row is in the file."""
    bench.durable.clear()
    bench.inbox.put(start())
    bench.think()
    assert bench.snapshots[-1].route == "shop"
    assert bench.grown == 1
    assert bench.durable == [1, 1]


def test_what_changes_nothing_is_not_shown(bench: Bench) -> None:
    """Ticks are recorded and thought about; the screen hears of them only if something changed."""
    shown = len(bench.snapshots)
    for _ in range(5):
        bench.inbox.put(Tick(0))
        bench.think()
    assert len(bench.recorded) == 6
    assert len(bench.snapshots) == shown
    assert bench.grown == 0


def test_a_batch_is_shown_once(bench: Bench) -> None:
    """Observations that wait together are stepped in order and shown in one snapshot."""
    shown = len(bench.snapshots)
    bench.inbox.put(LinkChanged(0, online=True))
    bench.inbox.put(start())
    bench.inbox.put(Tick(0))
    bench.think()
    assert [type(seen) for seen in bench.recorded[1:]] == [LinkChanged, Touch, Tick]
    (snapshot,) = bench.snapshots[shown:]
    assert snapshot.online
    assert snapshot.route == "shop"
    assert snapshot.cause_ms == bench.recorded[1].t_ms
    assert snapshot.revision == bench.snapshots[shown - 1].revision + 1


def test_effects_are_asked_for_in_order(bench: Bench) -> None:
    """The mind's wishes reach those who fulfil them."""
    bench.inbox.put(PairCodeMade(0, "n" * 16))
    bench.inbox.put(LinkChanged(0, online=True))
    bench.think()
    assert [type(effect) for effect in bench.effects] == [MakePairCode, OfferPairing, TellHealth]


def test_a_full_disk_keeps_the_turn_and_says_so(bench: Bench) -> None:
    """While the file can't grow nothing is shown but the trouble; with room the turn goes in."""
    with serving(bench.loop.run, bench.inbox.close):
        with files_cannot_grow(bench.folder / f"{FILE_NAME}-wal"):
            bench.inbox.put(start())
            bench.inbox.put(LinkChanged(0, online=True))
            until(lambda: _troubled(bench), "the notice")
            assert "shop" not in [snapshot.route for snapshot in bench.snapshots]
            assert (bench.grown, bench.rows_on_disk()) == (0, 0)
        until(lambda: bench.snapshots[-1].online, "what waited behind the turn")
    assert bench.snapshots[-1].route == "shop"
    assert not _troubled(bench)
    assert [type(event) for event in bench.journal.events()] == [TripOpened]


def test_a_cart_stops_also_with_a_full_disk(bench: Bench) -> None:
    """Asked to stop while a turn can't be written, the loop ends; nothing of the turn was shown."""
    with (
        files_cannot_grow(bench.folder / f"{FILE_NAME}-wal"),
        serving(bench.loop.run, bench.inbox.close),
    ):
        bench.inbox.put(start())
        until(lambda: _troubled(bench), "the notice")
    assert bench.snapshots[-1].route == "welcome"


def test_a_replaced_journal_is_said_for_a_while(tmp_path: Path) -> None:
    """After a damaged journal was set aside the screen says that storage had trouble."""
    (tmp_path / FILE_NAME).write_bytes(b"garbage!" * 1_000)
    bench = Bench(tmp_path)
    bench.think()
    assert _troubled(bench)
    assert bench.journal.epoch == 2
    bench.loop.think([Tick(bench.snapshots[0].cause_ms + TROUBLE_TOLD_MS)], lambda: None)
    assert not _troubled(bench)
    bench.journal.close()


def test_a_replay_gives_the_same_journal(bench: Bench) -> None:
    """The observations that the loop recorded lead to the same bytes, hash chain included."""
    for action in ("start", "help", "pay_start"):
        bench.inbox.put(Touch(0, action, action))
        bench.think()
    assert bench.journal.last_seq > 0
    replayed = b"".join(export_lines(entries(replay(bench.recorded))))
    assert replayed == bench.journal.export_lines()


def test_a_screen_sees_only_what_is_durable(bench: Bench, tmp_path: Path) -> None:
    """Over the real socket: when the shop screen arrives, the trip is in the journal's file."""
    screen = ScreenLink(tmp_path / "run" / "screen.sock", bench.inbox)
    bench.loop._show = screen.show
    with (
        serving(screen.serve, screen.stop),
        LinePeer(tmp_path / "run" / "screen.sock") as peer,
        serving(bench.loop.run, bench.inbox.close),
    ):
        peer.say(intent_id="i-1", action="start")
        peer.hear_until("route", "shop")
        assert bench.rows_on_disk() == 1


@contextmanager
def files_cannot_grow(path: Path) -> Iterator[None]:
    """Let the kernel refuse to any file more bytes than this one has: a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _troubled(bench: Bench) -> bool:
    return "storage_trouble" in [notice.code for notice in bench.snapshots[-1].notices]
