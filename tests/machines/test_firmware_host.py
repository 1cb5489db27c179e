"""The C core, built with sanitizers, on a pty: the bridge weighs over it as over any chip."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge import frames
from firmware_bridge.frames import Frame, FrameReader
from firmware_bridge.link import CommandDone, Link, LinkEvent, LinkUp, Received
from firmware_bridge.messages import Ack, AckResult, Beep, Samples, StartStream, StopStream
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.port import Port
from firmware_bridge.scales.base import LoadSettled
from tests.wire.chip_process import ChipProcess, Reader

pytestmark = pytest.mark.machines

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
SOURCES = [*sorted((FIRMWARE / "core").glob("*.c")), FIRMWARE / "hal/host/main.c"]
FLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The firmware for this computer."""
    target = tmp_path_factory.mktemp("firmware") / "firmware_host"
    include = ["-I", str(FIRMWARE / "core")]
    sources = [str(path) for path in SOURCES]
    subprocess.run(["gcc", *FLAGS, *SANITIZERS, *include, *sources, "-o", str(target)], check=True)
    return target


@pytest.fixture
def firmware(binary: Path, tmp_path: Path) -> Iterator[ChipProcess]:
    """That firmware, running."""
    link = tmp_path / "scale"
    with ChipProcess(link, command=[str(binary), str(link)]) as process:
        yield process


def tell_mass(firmware: ChipProcess, mass_mg: int) -> None:
    """Make the converter read this mass."""
    firmware.tell(f'{{"counts": {NOMINAL.counts(mass_mg)}}}')


def settled(reader: Reader) -> LoadSettled:
    """The next settled load."""
    event = reader.until(LoadSettled)
    assert isinstance(event, LoadSettled)
    return event


def test_the_core_streams_a_load_that_settles(firmware: ChipProcess) -> None:
    """HELLO, START_STREAM and SAMPLES of the C core are those of the dictionary."""
    tell_mass(firmware, 1_000_000)
    reader = Reader(firmware.link)
    assert settled(reader).after_mg == pytest.approx(1_000_000, abs=10)
    tell_mass(firmware, 1_250_000)
    item = settled(reader)
    assert item.after_mg - item.before_mg == pytest.approx(250_000, abs=100)
    reader.close()


def test_the_core_survives_a_megabyte_of_junk(firmware: ChipProcess) -> None:
    """Under sanitizers; and after it the scale still weighs."""
    dice = random.Random(4)
    with Port(str(firmware.link)) as port:
        for _ in range(50):
            for _ in range(20):
                port.write(dice.randbytes(1000))
            port.read()
    tell_mass(firmware, 500_000)
    reader = Reader(firmware.link)
    assert settled(reader).after_mg == pytest.approx(500_000, abs=10)
    reader.close()


class Talk:
    """A link on a real port, without a scale driver."""

    def __init__(self, path: Path) -> None:
        self.link = Link()
        self.port = Port(str(path))
        self.now_ms = 0

    def until(self, kind: type[LinkEvent]) -> LinkEvent:
        """Read until an event of this kind comes; a read waits at most 20 ms."""
        for _ in range(1000):
            self.now_ms += 20
            self.port.write(self.link.to_send(self.now_ms))
            for event in self.link.receive(self.port.read(), self.now_ms):
                if isinstance(event, kind):
                    return event
        raise AssertionError(f"no {kind.__name__}")

    def say(self, command: Beep | StartStream | StopStream) -> AckResult:
        """Send one command; the chip's answer."""
        assert self.link.send(command, self.now_ms)
        done = self.until(CommandDone)
        assert isinstance(done, CommandDone)
        return done.result


def test_the_core_answers_every_command(firmware: ChipProcess) -> None:
    """Done, a bad value, and a stream of the batch that was asked for."""
    talk = Talk(firmware.link)
    assert isinstance(talk.until(LinkUp), LinkUp)
    assert talk.say(Beep(440, 50)) is AckResult.DONE
    assert talk.say(StartStream(batch=17)) is AckResult.BAD_VALUE
    assert talk.say(StartStream(batch=0)) is AckResult.BAD_VALUE
    assert talk.say(StartStream(batch=3)) is AckResult.DONE
    stream = talk.until(Received)
    assert isinstance(stream, Received)
    assert isinstance(stream.message, Samples)
    assert len(stream.message.counts) == 3
    assert stream.message.interval_us == pytest.approx(12_500, rel=0.5)
    assert talk.say(StopStream()) is AckResult.DONE
    talk.port.close()


def test_a_repeated_command_is_answered_again_and_executed_once(
    binary: Path, tmp_path: Path
) -> None:
    """One (boot nonce, sequence) beeps once, however often the host must repeat it."""
    link = tmp_path / "scale"
    process = subprocess.Popen(
        [str(binary), str(link)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "ready" in process.stdout.readline()
    talk = Talk(link)
    up = talk.until(LinkUp)
    assert isinstance(up, LinkUp)
    beep = Beep(440, 50, boot_nonce=up.hello.boot_nonce)
    talk.port.write(frames.encode(Frame(Beep.TYPE, 1, beep.encode())) * 5)
    stale = Beep(880, 50, boot_nonce=up.hello.boot_nonce ^ 1)
    talk.port.write(frames.encode(Frame(Beep.TYPE, 2, stale.encode())))
    reader, acks = FrameReader(), []
    for _ in range(500):
        acks += [frame for frame in reader.feed(talk.port.read()) if frame.type == Ack.TYPE]
        if len(acks) >= 6:
            break
    results = [Ack.decode(frame.payload).result for frame in acks]
    talk.port.close()
    _, sounded = process.communicate('{"quit": true}\n', timeout=10)
    assert results == [AckResult.DONE] * 5 + [AckResult.WRONG_BOOT]
    assert sounded.splitlines() == ["beep 440 Hz 50 ms"]
    assert process.returncode == 0
