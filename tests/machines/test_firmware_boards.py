"""The bridge's scenarios, unchanged, over every board that the firmware is built for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_bridge import frames
from firmware_bridge.frames import Frame
from firmware_bridge.link import GapSeen, LinkUp, Received
from firmware_bridge.messages import (
    SCHEMA_HASH,
    Ack,
    AckResult,
    Beep,
    Environment,
    Fault,
    FaultCode,
    Motion,
    ResetCause,
    Restart,
    Samples,
    SetLight,
    SetWheelLock,
    StartStream,
    StopStream,
)
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales.base import LoadLive, LoadSettled, ScaleBack, ScaleLost
from tests.machines.chips.boards import BOARDS, Board
from tests.machines.chips.talk import Talk
from tests.wire.chip_process import ChipProcess, Reader

pytestmark = pytest.mark.machines

LOAD = 123_456
SPIKY = LOAD | 1 << 10  # torn by the model, it ends in this bit
CORNERS = (1_000, -2_000, 300_000, -8_000_000)
ALL_CORNERS = 0b1111
NOISE = '{"noise": 2}'  # counts: the bridge believes no converter that stands still
KNUTH = 2_654_435_761  # what the atmega's count of starts is multiplied by


@pytest.fixture(scope="module", params=BOARDS)
def board(request: pytest.FixtureRequest) -> Board:
    """One board after the other."""
    return BOARDS[request.param]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs are built."""
    return tmp_path_factory.mktemp("boards")


@pytest.fixture
def start(board: Board, folder: Path, tmp_path: Path) -> Iterator[Callable[[int], ChipProcess]]:
    """Start the board with so many load cells; it is ended after the test."""
    started: list[ChipProcess] = []

    def begin(channels: int) -> ChipProcess:
        link = tmp_path / "scale"
        process = ChipProcess(link, command=board.command(folder, link, channels))
        started.append(process)
        return process

    yield begin
    for process in started:
        process.__exit__()


@pytest.fixture
def chip(start: Callable[[int], ChipProcess]) -> ChipProcess:
    """The board with one load cell that reads LOAD."""
    process = start(1)
    process.tell(f'{{"counts": {LOAD}}}')
    return process


@pytest.fixture
def talk(chip: ChipProcess) -> Iterator[Talk]:
    """A link to it that is up."""
    conversation = Talk(chip.link)
    conversation.hello()
    yield conversation
    conversation.close()


def streaming(talk: Talk, batch: int = 2) -> Talk:
    """Start the stream."""
    assert talk.say(StartStream(batch=batch)) is AckResult.DONE
    talk.message(Samples)
    return talk


def rows(samples: list[Samples]) -> list[tuple[int, ...]]:
    """The rows of conversions in these frames."""
    out = []
    for frame in samples:
        width = frame.channels.bit_count()
        assert len(frame.counts) % width == 0
        out += [frame.counts[start : start + width] for start in range(0, len(frame.counts), width)]
    return out


def test_the_chip_says_who_it_is(start: Callable[[int], ChipProcess]) -> None:
    """HELLO: this dictionary, so many converters, and why it started."""
    talk = Talk(start(4).link)
    hello = talk.hello()
    talk.close()
    assert hello.schema_hash == SCHEMA_HASH
    assert (hello.channels, hello.reset_cause) == (4, ResetCause.POWER_ON)


def test_eighty_rows_a_second_with_the_chips_own_times(talk: Talk) -> None:
    """Over two seconds: none lost, none twice, the times those of the conversions."""
    streaming(talk, batch=4)
    first = talk.messages(Samples)[0]
    last = talk.message(Samples, lambda frame: frame.first_us - first.first_us >= 2_000_000)
    samples = talk.messages(Samples)
    count = 4 * (len(samples) - 1)
    assert (last.first_us - first.first_us) / count == pytest.approx(12_500, rel=0.01)
    assert last.overruns == first.overruns
    assert {frame.counts for frame in samples} == {(LOAD,) * 4}
    assert all(frame.interval_us == pytest.approx(12_500, rel=0.2) for frame in samples)


def test_a_load_settles_at_its_weight(chip: ChipProcess) -> None:
    """What the bridge weighs over this board is what lies on the cell."""
    chip.tell(NOISE)
    chip.tell(f'{{"counts": {NOMINAL.counts(1_000_000)}}}')
    reader = Reader(chip.link)
    first = reader.until(LoadSettled)
    chip.tell(f'{{"counts": {NOMINAL.counts(1_250_000)}}}')
    item = reader.until(LoadSettled)
    reader.close()
    assert isinstance(first, LoadSettled)
    assert first.after_mg == pytest.approx(1_000_000, abs=10)
    assert isinstance(item, LoadSettled)
    assert item.after_mg - item.before_mg == pytest.approx(250_000, abs=100)


def test_four_corners_come_as_rows(start: Callable[[int], ChipProcess]) -> None:
    """Each corner's counts at its place, though the four converters run at their own speeds."""
    chip = start(4)
    for channel, counts in enumerate(CORNERS):
        chip.tell(f'{{"counts": [{channel}, {counts}]}}')
    talk = Talk(chip.link)
    talk.hello()
    assert talk.say(StartStream(batch=6)) is AckResult.BAD_VALUE
    streaming(talk, batch=5)
    first = talk.messages(Samples)[0]
    last = talk.message(Samples, lambda frame: frame.first_us - first.first_us >= 2_000_000)
    samples = talk.messages(Samples)
    talk.close()
    assert {frame.channels for frame in samples} == {ALL_CORNERS}
    assert set(rows(samples)) == {CORNERS}
    span_us = (last.first_us - first.first_us) / (5 * (len(samples) - 1))
    assert span_us == pytest.approx(12_537, rel=0.01)  # the slowest leads


def test_the_clock_is_never_high_for_long(chip: ChipProcess, talk: Talk) -> None:
    """Also while the host talks: an HX711 switches itself off after 60 us."""
    streaming(talk)
    for number in range(10):
        assert talk.say(SetLight(number, 0, 0)) is AckResult.DONE
    talk.message(Environment)
    converter = chip.tell('{"stat": true}')["converters"][0]
    assert converter["reads"] > 20
    assert 0 < converter["high_ns_max"] < 60_000
    assert (converter["powered_off"], converter["torn"]) == (0, 0)


def test_a_torn_conversion_is_told_and_never_weighed(chip: ChipProcess, talk: Talk) -> None:
    """A new conversion falls into the read: FAULT, eight good ones, and trust again."""
    streaming(talk)
    for _ in range(5):
        chip.tell('{"torn": [0, 1]}')
        fault = talk.message(Fault)
        assert fault.code is FaultCode.CONVERSION_TORN
        assert talk.message(Fault).code is FaultCode.NONE
        talk.message(Samples)
    assert set(rows(talk.messages(Samples))) == {(LOAD,)}
    assert talk.messages(Fault)[-1].refused >= 5


def test_a_tear_that_no_chip_can_see_is_a_spike_that_weighs_nothing(chip: ChipProcess) -> None:
    """Where the 25th pulse meets a bit that is 1, only the bridge's filter is left."""
    chip.tell(NOISE)
    chip.tell(f'{{"counts": {SPIKY}}}')
    reader = Reader(chip.link)
    reader.until(LoadSettled)
    for _ in range(5):
        chip.tell('{"torn": [0, 1]}')
        for _ in range(2):
            live = reader.until(LoadLive)
            assert isinstance(live, LoadLive)
            assert live.mass_mg == pytest.approx(NOMINAL.row_mg([SPIKY]), abs=100)
    reader.close()
    assert chip.tell('{"stat": true}')["converters"][0]["torn"] >= 5


@pytest.mark.parametrize(
    ("line", "mended", "code"),
    [
        ('{"fault": [2, "stuck_low"]}', '{"fault": [2, "none"]}', FaultCode.CONVERTER_STUCK),
        ('{"fault": [2, "stuck_high"]}', '{"fault": [2, "none"]}', FaultCode.CONVERTER_SILENT),
        ('{"counts": [2, 8388607]}', '{"counts": [2, 5]}', FaultCode.CONVERTER_SATURATED),
        ('{"counts": [2, -8388608]}', '{"counts": [2, 5]}', FaultCode.CONVERTER_SATURATED),
    ],
)
def test_a_broken_corner_is_named_and_left_out(
    start: Callable[[int], ChipProcess], line: str, mended: str, code: FaultCode
) -> None:
    """The three others go on; repaired, it comes back after good conversions; nothing invented."""
    chip = start(4)
    chip.tell('{"counts": 5}')
    talk = streaming_corners(chip)
    chip.tell(line)
    fault = talk.message(Fault)
    assert (fault.channel, fault.code) == (2, code)
    assert talk.message(Samples).channels == 0b1011
    assert talk.message(Fault).code is code  # repeated while it lasts
    chip.tell(mended)
    assert talk.message(Fault, lambda said: said.code is not code).code is FaultCode.NONE
    assert talk.message(Samples, lambda frame: frame.channels == ALL_CORNERS)
    talk.close()
    assert {value for frame in talk.messages(Samples) for value in frame.counts} == {5}


def streaming_corners(chip: ChipProcess) -> Talk:
    """A stream of four corners."""
    talk = Talk(chip.link)
    talk.hello()
    streaming(talk)
    talk.message(Samples, lambda frame: frame.channels == ALL_CORNERS)
    return talk


def test_the_scale_says_that_it_is_lost_and_comes_back(chip: ChipProcess) -> None:
    """A stuck line reads as endless zeros: no weight comes of it."""
    chip.tell(NOISE)
    reader = Reader(chip.link)
    reader.until(LoadSettled)
    chip.tell('{"fault": [0, "stuck_low"]}')
    lost = reader.until(ScaleLost)
    assert isinstance(lost, ScaleLost)
    assert "stuck" in lost.detail
    chip.tell('{"fault": [0, "none"]}')
    reader.until(ScaleBack)
    settled = reader.until(LoadSettled)
    reader.close()
    assert isinstance(settled, LoadSettled)
    assert settled.after_mg == pytest.approx(NOMINAL.row_mg([LOAD]), abs=10)


@pytest.mark.parametrize("line", ['{"reset": true}', '{"reset_at_pulse": 12}'])
def test_a_reset_in_mid_conversation(chip: ChipProcess, talk: Talk, line: str) -> None:
    """Also in mid-read: another boot, said so; the same load when asked again, nothing invented.

    After a reset in mid-read the converter gives the second half of a conversion, then ones.
    """
    streaming(talk)
    for _ in range(3):
        chip.tell(line)
        up = talk.until(LinkUp)
        assert (up.reset, up.hello.reset_cause) == (True, ResetCause.EXTERNAL)
        streaming(talk)
    assert set(rows(talk.messages(Samples))) == {(LOAD,)}


def test_the_watchdog_bites_when_it_is_not_fed(talk: Talk) -> None:
    """RESTART is acknowledged, then the chip starts anew and says why; again and again."""
    for _ in range(2):
        assert talk.say(Restart()) is AckResult.DONE
        up = talk.until(LinkUp)
        assert (up.reset, up.hello.reset_cause) == (True, ResetCause.WATCHDOG)


def test_half_a_frame_and_junk_cost_only_themselves(chip: ChipProcess, talk: Talk) -> None:
    """Lost bytes are a gap; junk is no message; every weight that comes is right."""
    streaming(talk)
    chip.tell('{"drop": 10}')
    assert talk.until(GapSeen).frames <= 2
    chip.tell('{"junk": 500}')
    talk.until(Received)
    for _ in range(20):
        talk.message(Samples)
    assert talk.link.bad_frames > 0
    assert set(rows(talk.messages(Samples))) == {(LOAD,)}


def test_junk_from_the_host_does_nothing(talk: Talk) -> None:
    """Half a command, junk, and a command with a bent byte: then it still obeys."""
    beep = frames.encode(Frame(Beep.TYPE, 1, Beep(440, 50).encode()))
    talk.port.write(beep[:8] + bytes(range(1, 256)) + b"\0" + beep[:5] + b"\x55" + beep[6:])
    streaming(talk)
    assert set(rows(talk.messages(Samples))) == {(LOAD,)}


def test_a_repeated_command_is_executed_once(chip: ChipProcess) -> None:
    """Five times the same (boot, sequence): five answers, one beep; another boot's: none."""
    talk = Talk(chip.link)
    nonce = talk.hello().boot_nonce
    beep = Beep(440, 100, boot_nonce=nonce)
    stale = Beep(880, 100, boot_nonce=nonce ^ 1)
    for _ in range(5):
        talk.port.write(frames.encode(Frame(Beep.TYPE, 200, beep.encode())))
        assert answer(talk) is AckResult.DONE
    talk.port.write(frames.encode(Frame(Beep.TYPE, 201, stale.encode())))
    assert answer(talk) is AckResult.WRONG_BOOT
    streaming(talk)
    talk.message(Environment)
    talk.message(Environment)
    stat = chip.tell('{"stat": true}')
    talk.close()
    assert stat["beeps"] == 1
    assert stat["beep_hz"] == pytest.approx(440, rel=0.02)
    assert stat["beep_ms"] == pytest.approx(100, abs=5)


def answer(talk: Talk) -> AckResult:
    """The next ACK on the wire, read past the link, which did not ask."""
    reader = frames.FrameReader()
    for _ in range(500):
        for frame in reader.feed(talk.port.read()):
            if frame.type == Ack.TYPE:
                return Ack.decode(frame.payload).result
    raise AssertionError("no ACK")


def test_the_outputs_do_as_told(chip: ChipProcess, talk: Talk) -> None:
    """Light, wheel lock, and what is refused; a start frees the wheels and darkens the light."""
    assert talk.say(SetLight(10, 200, 255)) is AckResult.DONE
    assert talk.say(SetWheelLock(1)) is AckResult.DONE
    stat = chip.tell('{"stat": true}')
    assert (stat["light"], stat["locked"]) == ([10, 200, 255], 1)
    assert talk.say(SetWheelLock(2)) is AckResult.BAD_VALUE
    assert talk.say(Beep(20, 100)) is AckResult.BAD_VALUE
    assert talk.say(Beep(440, 0)) is AckResult.BAD_VALUE
    assert talk.say(StartStream(batch=17)) is AckResult.BAD_VALUE
    assert talk.say(StartStream(batch=0)) is AckResult.BAD_VALUE
    assert talk.say(StopStream()) is AckResult.DONE
    chip.tell('{"reset": true}')
    assert talk.until(LinkUp).reset
    stat = chip.tell('{"stat": true}')
    assert (stat["light"], stat["locked"]) == ([0, 0, 0], 0)


def test_the_battery_and_the_temperature(board: Board, chip: ChipProcess, talk: Talk) -> None:
    """As they are, within what the board can measure."""
    chip.tell('{"battery_mv": 11400}')
    chip.tell('{"temperature_centi_c": -550}')
    streaming(talk)
    said = talk.message(Environment, lambda message: message.battery_mv < 12_000)
    assert said.battery_mv == pytest.approx(11_400, abs=board.millivolts)
    assert said.temperature_centi_c == pytest.approx(-550, abs=50 if board.millivolts else 0)


@pytest.mark.parametrize("centi_c", [-5_000, 9_000])
def test_a_broken_thermometer_measures_nothing(chip: ChipProcess, talk: Talk, centi_c: int) -> None:
    """Its wire shorted to ground, or a warmth that no load cell bears: "not measured"."""
    chip.tell(f'{{"temperature_centi_c": {centi_c}}}')
    streaming(talk)
    assert talk.message(Environment, lambda said: said.temperature_centi_c < 0)
    assert talk.messages(Environment)[-1].temperature_centi_c == -32_768


def test_a_loop_of_resets_wears_no_memory_out(folder: Path, tmp_path: Path) -> None:
    """The atmega's EEPROM bears 100,000 writes: it counts power-ons, the RAM counts resets."""
    link = tmp_path / "scale"
    with ChipProcess(link, command=BOARDS["avr"].command(folder, link, 1)) as chip:
        talk = Talk(link)
        starts = [talk.hello().boot_nonce * pow(KNUTH, -1, 1 << 32) % (1 << 32)]
        for _ in range(3):
            chip.tell('{"reset": true}')
            nonce = talk.until(LinkUp).hello.boot_nonce
            starts.append(nonce * pow(KNUTH, -1, 1 << 32) % (1 << 32))
        talk.close()
    assert [start - starts[0] for start in starts] == [0, 1, 2, 3]
    assert starts[0] % (1 << 16) == 0


def test_motion_and_tilt(board: Board, chip: ChipProcess, talk: Talk) -> None:
    """A ramp of 50/1000 and a jolt; a board that cannot tell says nothing at all."""
    chip.tell('{"acceleration": [50, 0, 999]}')
    streaming(talk)
    if not board.accelerometer:
        talk.message(Environment)
        talk.message(Environment)
        assert talk.messages(Motion) == []
        return
    level = talk.message(Motion, lambda said: abs(said.tilt_permille - 50) <= 1)
    assert (level.x_milli_g, level.y_milli_g, level.z_milli_g) == (50, 0, 999)
    assert talk.message(Motion).motion_milli_g == 0
    chip.tell('{"acceleration": [350, 0, 999]}')
    assert talk.message(Motion, lambda said: said.motion_milli_g > 0).motion_milli_g == 300
