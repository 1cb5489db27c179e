"""Screens get the newest snapshot over a real socket; what they send is checked."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cart.contract.screen import Snapshot
from cart.core.observations import AnyObservation, InputRefused, Touch
from cart.shell.clock import monotonic_ms
from cart.shell.config import ConfigError
from cart.shell.inbox import Inbox
from cart.shell.line_server import CLIENTS_MAX
from cart.shell.screen_link import INTENT_BYTES_MAX, ScreenLink
from tests.shell.peers import LinePeer
from tests.waiting import serving, until


class Bench:
    """A served screen socket."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "run" / "screen.sock"
        self.inbox = Inbox(monotonic_ms)
        self.link = ScreenLink(self.path, self.inbox)
        self.taken: list[AnyObservation] = []

    def next(self) -> AnyObservation:
        """The next observation that the link made."""
        if not self.taken:
            self.taken = until(lambda: self.inbox.take(100), "an observation")
        return self.taken.pop(0)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """The socket, served until the test ends."""
    made = Bench(tmp_path)
    with serving(made.link.serve, made.link.stop):
        yield made
    assert not made.path.exists()


def picture(revision: int, aisle: str = "") -> Snapshot:
    """A snapshot of this revision."""
    return Snapshot(revision, 0, "shop", aisle=aisle)


def test_the_socket_is_private(bench: Bench) -> None:
    """Nobody else on the machine may read a basket or touch for the shopper."""
    assert stat.S_IMODE(bench.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.path.parent.stat().st_mode) == 0o700


def test_every_screen_gets_the_newest_at_once(bench: Bench) -> None:
    """A screen that connects late sees the newest snapshot; all see what follows."""
    bench.link.show(picture(1))
    bench.link.show(picture(2))
    with LinePeer(bench.path) as first, LinePeer(bench.path) as second:
        assert first.hear()["revision"] == second.hear()["revision"] == 2
        bench.link.show(picture(3))
        assert first.hear()["revision"] == second.hear()["revision"] == 3


def test_a_slow_screen_skips_to_the_newest(bench: Bench) -> None:
    """A screen that doesn't read costs nobody anything, and reads whole, growing snapshots."""
    with LinePeer(bench.path) as slow, LinePeer(bench.path) as quick:
        for revision in range(1, 301):
            bench.link.show(picture(revision, aisle="x" * 50_000))
            if revision % 100 == 0:
                quick.hear_until("revision", revision)
        revisions = [slow.hear()["revision"]]
        while revisions[-1] != 300:
            revisions.append(slow.hear()["revision"])
        assert revisions == sorted(set(revisions))
        assert len(revisions) < 100


def test_an_intent_becomes_a_touch(bench: Bench) -> None:
    """Also when it comes in pieces, or with another behind it."""
    with LinePeer(bench.path) as peer:
        peer.send(b'{"intent_id":"a","action":"an')
        peer.send(b'swer","target":"L1","choice":"own"}\n{"intent_id":"b","action":"done"}\n')
        touches = [bench.next(), bench.next()]
    assert touches == [
        Touch(touches[0].t_ms, "a", "answer", "L1", "own"),
        Touch(touches[1].t_ms, "b", "done"),
    ]


BAD = [
    b"no json\n",
    b"[]\n",
    b'{"intent_id":"a"}\n',
    b'{"intent_id":"a","action":"steal"}\n',
    b'{"intent_id":"","action":"done"}\n',
    b'{"intent_id":"a","action":"done","target":"' + b"x" * 201 + b'"}\n',
    b"\xff\xfe\n",
    b"[" * 5_000 + b"\n",
    b"x" * (INTENT_BYTES_MAX + 1) + b"\n",
]


@pytest.mark.parametrize("line", BAD)
def test_a_malformed_intent_costs_only_itself(line: bytes, bench: Bench) -> None:
    """It is refused with a reason, and the next intent on the same connection is heard."""
    with LinePeer(bench.path) as peer:
        peer.send(line)
        refused = bench.next()
        assert isinstance(refused, InputRefused)
        assert refused.boundary == "contract"
        assert refused.reason
        peer.say(intent_id="a", action="done")
        assert isinstance(bench.next(), Touch)


def test_a_screen_may_vanish(bench: Bench) -> None:
    """Hanging up in mid-line and mid-snapshot disturbs no other screen."""
    bench.link.show(picture(1, aisle="x" * 500_000))
    with LinePeer(bench.path) as staying:
        gone = LinePeer(bench.path)
        gone.send(b'{"intent_id":')
        gone.close()
        staying.hear_until("revision", 1)
        bench.link.show(picture(2))
        staying.hear_until("revision", 2)


def test_the_number_of_screens_is_bounded(bench: Bench) -> None:
    """One too many is turned away; those there are stay."""
    bench.link.show(picture(1))
    peers = [LinePeer(bench.path) for _ in range(CLIENTS_MAX)]
    assert all(peer.hear()["revision"] == 1 for peer in peers)
    with LinePeer(bench.path) as extra:
        assert extra._lines.readline() == b""
    for peer in peers:
        peer.close()


def test_a_socket_in_use_is_said(bench: Bench) -> None:
    """A second cart on the same path is told; the first goes on."""
    with pytest.raises(ConfigError, match="another cartd serves this socket"):
        ScreenLink(bench.path, bench.inbox)
    with LinePeer(bench.path) as peer:
        peer.say(intent_id="a", action="done")
        assert isinstance(bench.next(), Touch)


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    """What a killed cart left behind doesn't stop the next."""
    (tmp_path / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "run" / "screen.sock"))
    bench = Bench(tmp_path)
    with serving(bench.link.serve, bench.link.stop), LinePeer(bench.path) as peer:
        peer.say(intent_id="a", action="done")
        assert isinstance(bench.next(), Touch)


def test_a_socket_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file where the folder should be: the error names the path."""
    (tmp_path / "run").touch()
    with pytest.raises(ConfigError, match="choose another socket path"):
        Bench(tmp_path)
