"""Scanner, scale and eyes at the other end of real ptys and sockets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from cart.contract.senses import EyesAlive, EyesTrouble
from cart.core.effects import TellEyes
from cart.core.observations import (
    AnyObservation,
    InputRefused,
    ItemSighted,
    LoadChanged,
    Observation,
    ScanSeen,
    SenseBack,
    SenseLost,
)
from cart.shell.clock import monotonic_ms
from cart.shell.config import ScaleConfig, ScannerConfig
from cart.shell.eyes_link import SILENCE_MAX_MS, EyesLink
from cart.shell.inbox import Inbox
from cart.shell.scale_sense import ScaleSense
from cart.shell.scanner_sense import ScannerSense
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales import open_driver
from tests.shell.peers import LinePeer, SerialPeer
from tests.waiting import DEADLINE_S, serving, until

Heard = TypeVar("Heard", bound=Observation)


class Ear:
    """Hears what a sense puts into its inbox."""

    def __init__(self) -> None:
        self.inbox = Inbox(monotonic_ms)
        self.heard: list[AnyObservation] = []

    def hear(self, kind: type[Heard]) -> Heard:
        """The next observation of this kind; those before it are passed over."""
        return until(lambda: self._next(kind), kind.__name__)

    def _next(self, kind: type[Heard]) -> Heard | None:
        self.heard += self.inbox.take(50)
        while self.heard:
            observation = self.heard.pop(0)
            if isinstance(observation, kind):
                return observation
        return None


@contextmanager
def scanner(path: Path) -> Iterator[tuple[Ear, SerialPeer]]:
    """A scanner that was just plugged in, and what the cart hears of it."""
    ear, device = Ear(), SerialPeer(path)
    sense = ScannerSense(ScannerConfig(path), ear.inbox, monotonic_ms)
    with serving(sense.serve, sense.stop):
        assert "no such port" in ear.hear(SenseLost).reason
        device.plug_in()
        ear.hear(SenseBack)
        yield ear, device
    device.unplug()


def test_the_scanner_reads_lines(tmp_path: Path) -> None:
    """CR, LF and CR LF end a read; AIM prefix and group separators stay; pieces are joined."""
    with scanner(tmp_path / "scanner") as (ear, device):
        device.send(b"]E09520000000011\r\n\r\n952000")
        device.send(b"0000028\n]d2010952\x1d17\r")
        scans = [ear.hear(ScanSeen) for _ in range(3)]
    texts = [scan.text for scan in scans]
    assert texts == ["]E09520000000011", "9520000000028", "]d2010952\x1d17"]


def test_a_scan_of_ten_kilobytes_is_refused(tmp_path: Path) -> None:
    """It is refused once, said as "code", and the next read is read."""
    with scanner(tmp_path / "scanner") as (ear, device):
        device.send(b"9" * 10_000)
        device.send(b"\r\n9520000000011\r\n\xff\xfe\r\nafter\r\n")
        refused, scan = ear.hear(InputRefused), ear.hear(ScanSeen)
        no_text, after = ear.hear(InputRefused), ear.hear(ScanSeen)
    assert refused.boundary == no_text.boundary == "code"
    assert "scan again" in refused.reason
    assert (scan.text, after.text) == ("9520000000011", "after")


def test_the_scanner_may_be_unplugged(tmp_path: Path) -> None:
    """Lost is said once, with what to do; back is said, and it reads again by itself."""
    with scanner(tmp_path / "scanner") as (ear, device):
        device.send(b"one\r")
        ear.hear(ScanSeen)
        device.unplug()
        lost = ear.hear(SenseLost)
        device.plug_in()
        ear.hear(SenseBack)
        device.send(b"two\r")
        scan = ear.hear(ScanSeen)
    assert lost.sense == "scanner"
    assert scan.text == "two"


@contextmanager
def chip(link: Path) -> Iterator[subprocess.Popen[str]]:
    """The simulated chip as a process behind a pty."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rig", "chip", "--link", str(link), "--seed", "1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        assert "ready" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait(DEADLINE_S)
        process.stdin.close()
        process.stdout.close()
        link.unlink(missing_ok=True)


def put(process: subprocess.Popen[str], load_mg: int) -> None:
    """Change the true load."""
    assert process.stdin
    process.stdin.write(f'{{"load_mg": {load_mg}}}\n')
    process.stdin.flush()


def test_the_scale_weighs_and_comes_back(tmp_path: Path) -> None:
    """A load put on a real chip process arrives settled; a killed chip is lost, then back."""
    ear, link = Ear(), tmp_path / "scale"
    driver = open_driver("chip", calibration=NOMINAL)
    sense = ScaleSense(ScaleConfig(link), driver, ear.inbox, monotonic_ms)
    with serving(sense.serve, sense.stop):
        lost = ear.hear(SenseLost)
        with chip(link) as process:
            ear.hear(SenseBack)
            first = ear.hear(LoadChanged)
            put(process, 400_000)
            moving, settled = ear.hear(LoadChanged), ear.hear(LoadChanged)
        again = ear.hear(SenseLost)
        with chip(link):
            ear.hear(SenseBack)
    assert lost.sense == again.sense == "scale"
    assert [first.state, moving.state, settled.state] == ["settled", "moving", "settled"]
    assert abs(settled.after_mg - settled.before_mg - 400_000) < 3_000
    assert settled.onset_ms is not None
    assert settled.onset_ms <= settled.sensed_ms <= settled.t_ms


def eyes_bench(folder: Path) -> tuple[Ear, EyesLink, Path]:
    """An eyes socket that nobody serves yet."""
    ear, path = Ear(), folder / "run" / "eyes.sock"
    return ear, EyesLink(path, ear.inbox, monotonic_ms), path


def test_what_the_eyes_see_arrives(tmp_path: Path) -> None:
    """Codes and sightings become observations; the catalog's codes reach eyes that come late."""
    ear, link, path = eyes_bench(tmp_path)
    link.tell(TellEyes(("09520000000011",), ("bananas",)))
    with serving(link.serve, link.stop), LinePeer(path) as eyes:
        assert eyes.hear() == {"kind": "known_codes", "gtins": ["09520000000011"]}
        assert eyes.hear() == {"kind": "candidates", "skus": ["bananas"]}
        eyes.say(kind="code_read", sensed_ms=7, text="9520000000011", format="EAN13")
        scan = ear.hear(ScanSeen)
        seen = {"sku": "bananas", "score_millinats": -50}
        eyes.say(kind="sighting", sensed_ms=8, candidates=[seen], unknown_millinats=-3_000)
        sighted = ear.hear(ItemSighted)
    assert (scan.sensed_ms, scan.text, scan.symbology) == (7, "9520000000011", "EAN13")
    assert scan.source == "camera"
    assert (scan.score_millinats, scan.proven) == (0, True)
    assert sighted.candidates[0].sku == "bananas"
    assert sighted.unknown_millinats == -3_000


def test_a_doubtful_read_arrives_as_one(tmp_path: Path) -> None:
    """How surely it was read crosses the socket; what can be no probability is refused."""
    ear, link, path = eyes_bench(tmp_path)
    read = {"kind": "code_read", "sensed_ms": 7, "text": "1", "format": "UPCE", "stage": "plain"}
    with serving(link.serve, link.stop), LinePeer(path) as eyes:
        eyes.say(**read, millinats=105)
        assert "millinats" in ear.hear(InputRefused).reason
        eyes.say(**read, millinats=-105, proven=False)
        scan = ear.hear(ScanSeen)
    assert (scan.score_millinats, scan.proven) == (-105, False)


def test_a_malformed_sighting_costs_only_itself(tmp_path: Path) -> None:
    """It is refused, and the next message is heard."""
    ear, link, path = eyes_bench(tmp_path)
    with serving(link.serve, link.stop), LinePeer(path) as eyes:
        for line in (b'{"kind":"picture"}\n', b"\x00\n", b"x" * 200_000 + b"\n"):
            eyes.send(line)
            refused = ear.hear(InputRefused)
            assert refused.boundary == "contract"
        eyes.say(kind="code_read", sensed_ms=7, text="1", format="EAN13")
        ear.hear(ScanSeen)


def test_lost_eyes_are_said(tmp_path: Path) -> None:
    """A hang-up, an old frame, or the eyes' own word lose the camera; life brings it back."""
    ear, link, path = eyes_bench(tmp_path)
    alive = EyesAlive(frame_age_ms=30, frames=10, dropped=0)
    with serving(link.serve, link.stop):
        LinePeer(path).close()
        ear.hear(SenseLost)
        with LinePeer(path) as eyes:
            for trouble in (EyesAlive(5_000, 10, 0), EyesTrouble("no camera at /dev/video0")):
                eyes.say(kind="alive", frame_age_ms=alive.frame_age_ms, frames=10, dropped=0)
                ear.hear(SenseBack)
                fields = {name: getattr(trouble, name) for name in trouble.__struct_fields__}
                eyes.say(kind=trouble.__struct_config__.tag, **fields)
                lost = ear.hear(SenseLost)
                assert lost.sense == "camera"


def test_silent_eyes_are_lost(tmp_path: Path) -> None:
    """Connected eyes that give no heartbeat for three seconds see nothing."""
    now_ms = 0
    ear = Ear()
    link = EyesLink(tmp_path / "run" / "eyes.sock", ear.inbox, lambda: now_ms)
    with serving(link.serve, link.stop), LinePeer(tmp_path / "run" / "eyes.sock") as eyes:
        eyes.say(kind="code_read", sensed_ms=7, text="1", format="EAN13")
        ear.hear(ScanSeen)
        now_ms = SILENCE_MAX_MS + 1
        lost = ear.hear(SenseLost)
    assert "silent" in lost.reason


def test_of_two_cameras_one_is_enough_to_be_lost(tmp_path: Path) -> None:
    """Each has eyes of its own; the sense is back when the last of them sees again."""
    ear, link, path = eyes_bench(tmp_path)
    well = {"kind": "alive", "frame_age_ms": 80, "frames": 9, "dropped": 0}
    with serving(link.serve, link.stop), LinePeer(path) as inside, LinePeer(path) as rim:
        inside.say(**well, camera="inside")
        rim.say(**well, camera="rim")
        rim.say(kind="trouble", reason="no frame for 2000 ms", camera="rim")
        lost = ear.hear(SenseLost)
        inside.say(kind="trouble", reason="no such camera", camera="inside")
        until(lambda: link.losses == 2, "the second loss")
        rim.say(**well, camera="rim")
        rim.say(kind="code_read", sensed_ms=7, text="1", format="EAN13")
        (heard,) = until(lambda: ear.inbox.take(50), "the code, and nothing that is back")
        inside.say(**well, camera="inside")
        ear.hear(SenseBack)
    assert lost.reason == "rim: no frame for 2000 ms"
    assert isinstance(heard, ScanSeen)
