"""The eyes' loop over a real lens socket: what they say, and what they do when frames stop."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cart.contract.senses import CodeRead, EyesAlive, EyesTrouble
from cart.core.observations import SenseBack, SenseLost
from cart.eyes.link import CartLink
from cart.eyes.pipeline import Pipeline
from cart.eyes.sources import source_opener
from cart.eyes.watch import Watch
from cart.shell.clock import monotonic_ms
from cart.shell.eyes_link import EyesLink
from cart.shell.inbox import Inbox
from models.reader import Reader
from rig.lens import Lens
from rig.scene import Scene
from rig.supervisor import Program, Supervisor
from tests.eyes.codes import frame_with_code, write_video
from tests.eyes.peers import Cart, ShortLens, now_ms
from tests.rig.test_supervisor import has_started_twice
from tests.waiting import serving, until


@pytest.fixture
def cart(tmp_path: Path) -> Iterator[Cart]:
    """A cart that listens."""
    cart = Cart(tmp_path / "eyes.sock")
    yield cart
    cart.close()


def watch_lens(lens_path: Path, tmp_path: Path) -> str:
    """Run the eyes on a lens until they end; why they do."""
    return watch_source(f"lens:{lens_path}", tmp_path)[1]


def watch_source(source: str, tmp_path: Path) -> tuple[Watch, str]:
    """Run the eyes without a recogniser until they end; what they counted, and why they end."""
    link = CartLink(tmp_path / "eyes.sock", pytest.fail)
    watch = Watch(
        source_opener(source),
        Pipeline(Reader(), None),
        link,
        now_ms,
        stall_ms=300,
        alive_every_ms=50,
    )
    try:
        return watch, watch.run(lambda: False, lambda: None)
    finally:
        link.close()


def test_a_code_is_read_and_a_stall_reopens_once_then_ends(tmp_path: Path, cart: Cart) -> None:
    """One read for many frames; when frames stop the source is opened again, then the eyes end."""
    lens = ShortLens(tmp_path / "lens.sock", [frame_with_code("9520000000011")] * 4)
    why = watch_lens(lens.path, tmp_path)
    lens.close()
    heard = cart.all_heard()
    reads = [message for message in heard if isinstance(message, CodeRead)]
    assert {(read.text, read.format) for read in reads} == {("9520000000011", "EAN13")}
    assert len(reads) == 1
    assert lens.visits == 2
    alive = [message for message in heard if isinstance(message, EyesAlive)]
    assert {message.reopened for message in alive} == {0, 1}
    assert isinstance(heard[-1], EyesTrouble)
    assert heard[-1].reason == why == "no frame for 300 ms"


def test_a_missing_lens_is_said_and_ends_the_eyes(tmp_path: Path, cart: Cart) -> None:
    """No camera: the cart hears why, in the same words as the log."""
    why = watch_lens(tmp_path / "nowhere.sock", tmp_path)
    (said,) = cart.all_heard()
    assert isinstance(said, EyesTrouble)
    assert said.reason == why
    assert "nowhere.sock" in why


def test_garbage_instead_of_a_frame_is_refused(tmp_path: Path, cart: Cart) -> None:
    """A lens that speaks another language is no source of frames."""
    lens = ShortLens(tmp_path / "lens.sock", [], b"HTTP/1.1 400 Bad Request, and so on..........")
    assert "not a lens frame" in watch_lens(lens.path, tmp_path)
    lens.close()
    (said,) = cart.all_heard()
    assert isinstance(said, EyesTrouble)
    assert "not a lens frame" in said.reason


def test_frames_that_are_old_are_a_stall_too(tmp_path: Path, cart: Cart) -> None:
    """A camera that goes on handing out what it saw long ago is no better than a silent one."""
    began_ms = now_ms()
    pictures = [frame_with_code("9520000000011")] * 2_000
    lens = ShortLens(tmp_path / "lens.sock", pictures, stamp=lambda: began_ms)
    watch, why = watch_source(f"lens:{lens.path}", tmp_path)
    lens.close()
    assert why == "no frame for 300 ms"
    assert 0 < watch.frames < 2 * len(pictures)
    alive = [message for message in cart.all_heard() if isinstance(message, EyesAlive)]
    assert max(message.frame_age_ms for message in alive) > 300


def test_a_picture_that_repeats_reopens_the_camera_once(tmp_path: Path, cart: Cart) -> None:
    """New stamps on one picture are a frozen camera. If that does not help, the eyes go on: they
    say so with every heartbeat, where a new process would only begin anew."""
    stamps = itertools.count(now_ms(), 1_000)
    pictures = [frame_with_code("9520000000011")] * 500
    lens = ShortLens(tmp_path / "lens.sock", pictures, stamp=lambda: next(stamps))
    watch, why = watch_source(f"lens:{lens.path}", tmp_path)
    lens.close()
    assert (lens.visits, watch.reopened) == (2, 1)
    assert why == "no frame for 300 ms"
    alive = [message for message in cart.all_heard() if isinstance(message, EyesAlive)]
    assert (alive[-1].reopened, alive[-1].condition) == (1, "frozen")


def test_frames_that_never_came_are_counted(tmp_path: Path, cart: Cart) -> None:
    """Of a lens that gives one in three the other two are dropped, and the cart is told so; that
    a lens that was opened again counts anew is no drop."""
    pictures = [frame_with_code("9520000000011")] * 5
    lens = ShortLens(tmp_path / "lens.sock", pictures, every=3)
    watch, _ = watch_source(f"lens:{lens.path}", tmp_path)
    lens.close()
    assert (watch.frames, watch.dropped) == (10, 2 * 2 * 4)
    alive = [message for message in cart.all_heard() if isinstance(message, EyesAlive)]
    assert alive[-1].dropped == watch.dropped


def test_the_end_of_a_recording_is_no_stall(tmp_path: Path, cart: Cart) -> None:
    """It is watched once, from the first frame to the last, and nobody is told of trouble."""
    video = tmp_path / "trip.avi"
    write_video(video, [frame_with_code("9520000000011")] * 7)
    watch, why = watch_source(f"video:{video}", tmp_path)
    assert (why, watch.frames, watch.dropped, watch.reopened) == ("", 7, 0, 0)
    assert not any(isinstance(message, EyesTrouble) for message in cart.all_heard())


def test_stalled_eyes_come_back_alone(tmp_path: Path) -> None:
    """A lens falls silent: the eyes end and are started again, and the cart has lost its camera
    once, until there are frames again; a process that is new but blind does not count as back."""
    lens = Lens(tmp_path / "lens.sock", Scene(1))
    inbox = Inbox(monotonic_ms)
    link = EyesLink(tmp_path / "eyes.sock", inbox, monotonic_ms)
    argv = ("--source", f"lens:{tmp_path}/lens.sock", "--socket", f"{tmp_path}/eyes.sock")
    program = Program("eyes", (sys.executable, "-m", "cart.eyes", *argv), ready='"ready"')
    heard: list[object] = []

    def has_heard(kind: type) -> bool:
        heard.extend(inbox.take(20))
        return any(isinstance(observation, kind) for observation in heard)

    with serving(link.serve, link.stop), Supervisor(tmp_path / "logs") as supervisor:
        supervisor.start(program)
        supervisor.wait_ready("eyes")
        until(lambda: lens.frames >= 2, "a frame")
        lens.stalled = True
        until(partial(has_heard, SenseLost), "the loss")
        until(partial(has_started_twice, supervisor, "eyes"), "eyes that started again")
        supervisor.wait_ready("eyes")
        assert not has_heard(SenseBack)
        lens.stalled = False
        until(partial(has_heard, SenseBack), "the return")
        assert [type(observation) for observation in heard] == [SenseLost, SenseBack]
        assert link.losses == 1
        assert "no frame for 2000 ms" in (tmp_path / "logs" / "eyes.log").read_text("utf-8")
    lens.close()
