"""The cart's scale towards a till: what each lane answers, and that it never answers a stale mass.

The last tests run the command on a real port, with our own driver of the same protocol as the till;
tests/machines/test_peers.py has tills that others wrote.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cart.core.observations import LoadChanged, SenseLost
from cart.shell.clock import monotonic_ms
from cart.shell.config import ScaleConfig
from cart.shell.inbox import Inbox
from cart.shell.scale_sense import ScaleSense
from firmware_bridge.metrology.calibration import NOMINAL, Calibration, as_toml
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.metrology.reading import opc
from firmware_bridge.scales import open_driver
from firmware_bridge.scales.base import (
    LoadLive,
    LoadMoving,
    LoadSettled,
    LossReason,
    ScaleLost,
    Weighed,
)
from firmware_bridge.scales.chip import ChipScale
from firmware_bridge.serve import PROTOCOLS
from firmware_bridge.serve.display import Display
from firmware_bridge.serve.readings import LINE_BYTES_MAX, JsonLines, ReadingError, parse
from tests.waiting import serving, until
from tests.wire.cable import Cable
from tests.wire.chip_process import ChipProcess
from tests.wire.served import serve, tell, telling
from tests.wire.wires import WIRES, Bench, only

REST = LoadLive(0, 1_252_499, stable=True)
GONE = ScaleLost(LossReason.PORT, "gone")

# What the load is, what the till sends, what it gets. Max 30 kg, e = 5 g.
TOLEDO = [
    (REST, b"W", b"\x0201.250\r"),
    (LoadLive(0, 1_252_500, stable=True), b"W\r\n", b"\x0201.255\r"),
    (LoadLive(0, 1_000, stable=True), b"WW", b"\x0200.000\r\x0200.000\r"),
    (LoadLive(0, 30_045_000, stable=True), b"W", b"\x0230.045\r"),
    (LoadLive(0, 30_046_000, stable=True), b"W", b"\x02?B\r"),
    (LoadLive(0, -5_000, stable=True), b"W", b"\x02?D\r"),
    (LoadLive(0, -101_000, stable=True), b"W", b"\x02?D\r"),
    (LoadLive(0, 1_250_000, stable=False), b"W", b"\x02?A\r"),
    (GONE, b"W", b"\x02?A\r"),
    (LoadLive(0, 0, stable=True), b"ZXH", b"\x02?P\r\x02?P\r\x02?P\r"),
    (REST, b"T00250\rW", b"\x02?`\r\x0201.000N\r"),
    (REST, b"T\rW", b"\x02?`\r\x0200.000N\r"),
    (REST, b"T00250\rCW", b"\x02?`\r\x02?@\r\x0201.250\r"),
    (REST, b"T31000\rW", b"\x02?@\r\x0201.250\r"),
    (REST, b"T02000\rW", b"\x02?d\r\x02?d\r"),
    (REST, b"T0W", b"\x0201.250\r"),
    (REST, b"EWF\x02FW", b"\x02E\rW\x02?@\r\x02?@\r\x0201.250\r"),
]
SICS = [
    (REST, b"SI\r\n", b"S S      1.250 kg\r\n"),
    (REST, b"S\n", b"S S      1.250 kg\r\n"),
    (LoadLive(0, 1_250_000, stable=False), b"SI\r\n", b"S D      1.250 kg\r\n"),
    (LoadLive(0, 1_250_000, stable=False), b"S\r\n", b""),
    (LoadLive(0, -5_000, stable=True), b"SI\r\n", b"S S     -0.005 kg\r\n"),
    (LoadLive(0, 30_046_000, stable=True), b"SI\r\n", b"S +\r\n"),
    (LoadLive(0, -101_000, stable=True), b"SI\r\n", b"S -\r\n"),
    (GONE, b"SI\r\nS\r\n", b"S I\r\nS I\r\n"),
    (REST, b"T\r\nSI\r\nTAC\r\n", b"T S      1.250 kg\r\nS S      0.000 kg\r\nTAC A\r\n"),
    (REST, b"TA 0.25 kg\r\nSI\r\n", b"TA A      0.250 kg\r\nS S      1.000 kg\r\n"),
    (REST, b"TA\r\nTA 1 stone\r\nTA x\r\n", b"TA A      0.000 kg\r\nTA L\r\nTA L\r\n"),
    (REST, b"TA 31 kg\r\n", b"TA I\r\n"),
    (GONE, b"T\r\n", b"T I\r\n"),
    (REST, b"Z\r\nZI\r\nXX\r\nSI 1\r\n", b"Z I\r\nZI I\r\nES\r\nES\r\n"),
    (REST, b"@\r\n", b'I4 A "0"\r\n'),
]


@pytest.mark.parametrize(
    ("protocol", "event", "asked", "answer"),
    [("toledo8217", *row) for row in TOLEDO] + [("mt-sics", *row) for row in SICS],
)
def test_a_till_is_answered(protocol: str, event: LoadLive, asked: bytes, answer: bytes) -> None:
    """Rounded to e, with the tare, and a mass only at rest within the range."""
    display = Display(30_000_000, 5_000)
    lane = PROTOCOLS[protocol].make(display)
    display.take(event)
    assert lane.receive(asked, 0) == answer


# One count beside the nominal: a cart that somebody calibrated.
CALIBRATED = Calibration((replace(NOMINAL.cells[0], zero_counts=84_211),))


@pytest.mark.parametrize(
    ("calibration", "toledo", "sics"),
    [
        (CALIBRATED, b"\x0205.000\r", b"S S      5.000 kg\r\n"),
        (NOMINAL, b"\x02?A\r", b"S I\r\n"),
    ],
)
def test_a_till_gets_no_mass_of_a_scale_that_is_not_sound(
    calibration: Calibration, toledo: bytes, sics: bytes
) -> None:
    """What nobody calibrated rests and is shown, but never billed from."""
    display, bench = Display(30_000_000, 5_000), Bench(load_mg=5_000_000)
    bench.scale = ChipScale(calibration)
    lanes = [PROTOCOLS[name].make(display) for name in ("toledo8217", "mt-sics")]
    for _ in range(120):
        for event in bench.run(25):
            display.take(event)
    assert lanes[0].receive(b"W", 0) == toledo
    assert lanes[1].receive(b"SI\r\nT\r\n", 0).startswith(sics)


def test_a_corner_that_went_bad_takes_the_mass_away_until_it_is_well() -> None:
    """At rest and unsound: no mass, nor while it moves then; sound again: a mass."""
    display = Display(30_000_000, 5_000)
    lane = PROTOCOLS["mt-sics"].make(display)
    indicator = Indicator()
    answers = []
    for t_ms, trouble, stable in (
        (0, "", True),
        (100, "rear left cell", True),
        (200, "rear left cell", False),
        (300, "", False),
        (400, "", True),
        (500, "", False),
    ):
        indicator.trouble = trouble
        indicator.push(t_ms, 1_250_000, stable=stable)
        reading = indicator.reading()
        assert reading
        display.take(Weighed(reading))
        answers.append(lane.receive(b"SI\r\n", t_ms)[:3])
    assert answers == [b"S S", b"S I", b"S I", b"S I", b"S S", b"S D"]


def test_a_patient_question_waits_for_rest() -> None:
    """S of MT-SICS is answered when the load rests, or after five seconds with "busy"."""
    display = Display(30_000_000, 5_000)
    lane = PROTOCOLS["mt-sics"].make(display)
    display.take(LoadLive(0, 90_000, stable=False))
    assert lane.receive(b"S\r\n", 0) == lane.receive(b"", 4_999) == b""
    assert lane.receive(b"", 5_000) == b"S I\r\n"
    lane.receive(b"S\r\n", 6_000)
    display.take(LoadSettled(0, 0, 0, 100_000, 500))
    assert lane.receive(b"", 6_100) == b"S S      0.100 kg\r\n"
    assert lane.receive(b"", 6_200) == b""


def test_a_repeated_answer_goes_on_until_the_next_command() -> None:
    """SIR of MT-SICS: five a second, ended by any command."""
    display = Display(30_000_000, 5_000)
    lane = PROTOCOLS["mt-sics"].make(display)
    display.take(REST)
    heard = lane.receive(b"SIR\r\n", 0) + b"".join(lane.receive(b"", t) for t in range(0, 999, 20))
    assert heard == b"S S      1.250 kg\r\n" * 5
    assert lane.receive(b"@\r\n", 1_000).startswith(b"I4")
    assert lane.receive(b"", 2_000) == b""


def test_the_list_of_commands_names_them_all() -> None:
    """I0 of MT-SICS: each command with its level, the last line ends the list."""
    lane = PROTOCOLS["mt-sics"].make(Display(30_000_000, 5_000))
    lines = lane.receive(b"I0\r\n", 0).decode().split("\r\n")
    assert lines[0] == 'I0 B 0 "@"'
    assert 'I0 B 0 "SIR"' in lines
    assert lines[-2] == 'I0 A 1 "TI"'


@given(st.sampled_from(sorted(PROTOCOLS)), st.lists(st.binary(max_size=40)), st.integers(1, 9))
def test_a_till_may_say_anything(protocol: str, said: list[bytes], pace_ms: int) -> None:
    """No exception, and no mass while there is no scale or the load moves."""
    display = Display(30_000_000, 5_000)
    lane = PROTOCOLS[protocol].make(display)
    display.take(REST)
    display.take(LoadMoving(0))
    display.take(GONE)
    heard = b"".join(lane.receive(data, n * pace_ms) for n, data in enumerate(said))
    assert b".25" not in heard


@pytest.mark.parametrize("wire", sorted(WIRES))
@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_our_own_driver_reads_our_own_lane(protocol: str, wire: str) -> None:
    """Both ends of the protocol agree, also on bad wires."""
    display = Display(30_000_000, 5_000)
    lane, scale = PROTOCOLS[protocol].make(display), open_driver(protocol, calibration=NOMINAL)
    down, up = WIRES[wire](1), WIRES[wire](2)
    events = []
    for now_ms in range(0, 12_000, 5):
        mass_mg = 250_000 * (now_ms // 3_000)
        display.take(LoadLive(now_ms, mass_mg, stable=now_ms % 3_000 > 500))
        asked = down.carry(scale.to_send(now_ms), now_ms)
        events += scale.receive(up.carry(lane.receive(asked, now_ms), now_ms), now_ms)
    masses = [event.after_mg for event in only(LoadSettled, events)]
    assert sorted(set(masses)) == [0, 250_000, 500_000, 750_000]
    assert masses == sorted(masses)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("7", "no JSON object"),
        ('{"event": []}', "event must not be"),
        ('{"mass_mg": 1}', "has the keys sensed_ms, mass_mg, stable"),
        ('{"mass_mg": 1.5, "stable": true}', "mass_mg must not be 1.5"),
        ('{"mass_mg": true, "stable": true}', "mass_mg must not be True"),
        ('{"mass_mg": 1, "stable": 1}', "stable must not be 1"),
    ],
)
def test_a_line_that_is_no_reading_is_refused(line: str, words: str) -> None:
    """The message says what is wrong."""
    with pytest.raises(ReadingError, match=words):
        parse(line)


def test_a_cart_weighs_with_a_served_scale(tmp_path: Path) -> None:
    """Readings on standard input, 8217 on a wire, cartd's sense at its end; then they stop."""
    inbox = Inbox(monotonic_ms)
    heard: list[object] = []

    def hears(mass_mg: int) -> bool:
        heard.extend(inbox.take(20))
        return any(isinstance(o, LoadChanged) and o.after_mg == mass_mg for o in heard)

    with Cable(tmp_path) as cable, serve(cable.near, "toledo8217") as process:
        config = ScaleConfig(cable.far, driver="toledo8217", framing="8N1")
        driver = open_driver(config.driver, calibration=NOMINAL)
        sense = ScaleSense(config, driver, inbox, monotonic_ms)
        with serving(sense.serve, sense.stop):
            with telling(process, '{"mass_mg": 0, "stable": true}'):
                until(lambda: hears(0), "the empty scale")
            tell(process, "no reading")
            with telling(process, '{"mass_mg": 251000, "stable": true}'):
                until(lambda: hears(250_000), "the item")
            assert process.stdin
            process.stdin.close()
            process.stdin = None
            heard.clear()
            until(lambda: hears(0) or any(isinstance(o, LoadChanged) for o in heard), "motion")
        moving = next(o for o in heard if isinstance(o, LoadChanged))
        assert moving.state == "moving"
        assert process.stderr
        assert "a line is no reading: no JSON" in process.stderr.readline()
    assert not any(isinstance(o, SenseLost) for o in heard)


def answer(cable: Cable, question: bytes) -> bytes:
    """Ask once; what comes soon."""
    cable.port.write(question)
    return cable.port.read()


def test_a_till_reads_our_chip(tmp_path: Path) -> None:
    """The chip's port as the source: its load arrives in MT-SICS; pulled, it is no mass."""
    calibration = tmp_path / "cal.toml"
    calibration.write_text(as_toml(CALIBRATED), encoding="utf-8")
    source = ("--source", str(chip_link := tmp_path / "scale"), "--calibration", str(calibration))
    with (
        ChipProcess(chip_link) as chip,
        Cable(tmp_path) as cable,
        serve(cable.near, "mt-sics", *source),
    ):
        scale = open_driver("mt-sics", calibration=NOMINAL)
        chip.tell('{"load_mg": 400000}')
        masses: list[int] = []

        def weighs() -> bool:
            now_ms = monotonic_ms()
            cable.port.write(scale.to_send(now_ms))
            events = scale.receive(cable.port.read(), now_ms)
            masses.extend(event.after_mg for event in only(LoadSettled, events))
            return bool(masses) and masses[-1] == 400_000

        until(weighs, "the chip's load")
        chip.end()
        until(lambda: b"S I\r\n" in answer(cable, b"SI\r\n"), "that the chip is gone")


def test_a_scale_that_nobody_calibrated_is_served_with_a_warning(tmp_path: Path) -> None:
    """Said at the start, so that nobody looks for the fault at the till."""
    with (
        ChipProcess(tmp_path / "scale") as chip,
        Cable(tmp_path) as cable,
        serve(cable.near, "toledo8217", "--source", str(chip.link)) as process,
    ):
        assert process.stderr
        assert "masses are nominal" in process.stderr.readline()


def test_watch_reads_any_scale_of_the_table(tmp_path: Path) -> None:
    """`watch --driver toledo8217` shows what the far end says."""
    with Cable(tmp_path) as cable, serve(cable.near, "toledo8217") as process:
        command = ["watch", "--json", "--driver", "toledo8217", "--framing", "8N1"]
        with telling(process, '{"mass_mg": 250000, "stable": true}'):
            done = subprocess.run(
                [sys.executable, "-m", "firmware_bridge", *command, "--port", str(cable.far),
                 "--seconds", "3"],
                capture_output=True, text=True, timeout=30, check=False,
            )  # fmt: skip
    settled = [line for line in done.stdout.splitlines() if "LoadSettled" in line]
    assert [json.loads(line)["after_mg"] for line in settled] == [250_000]


def test_wrong_use_is_exit_status_two(tmp_path: Path) -> None:
    """An unknown protocol, a port that is not there, a Max that no till can read."""
    for more, words in (
        (["--protocol", "abacus", "--port", "x"], "invalid choice"),
        (["--protocol", "mt-sics", "--port", str(tmp_path / "nowhere")], "no such port"),
        (["--protocol", "mt-sics", "--port", "x", "--max-g", "100000"], "--max-g is 1 to 99999"),
        (["--protocol", "mt-sics", "--port", "x", "--step-g", "0"], "--step-g"),
        (["--protocol", "mt-sics", "--port", "x", "--source", "y", "--calibration", "z"], "No s"),
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "firmware_bridge", "serve", *more],
            capture_output=True, text=True, timeout=30, check=False, input="",
        )  # fmt: skip
        assert done.returncode == 2, more
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_an_event_of_watch_is_a_reading() -> None:
    """What `watch --json` prints can be piped into `serve`."""
    event = LoadSettled(1, 2, 3, 4, 5)
    fields = {"onset_ms": 1, "sensed_ms": 2, "before_mg": 3, "after_mg": 4, "uncertainty_mg": 5}
    assert parse(json.dumps({"event": "LoadSettled", **fields})) == event
    assert parse('{"event": "FramesLost", "count": 3}') is None
    indicator = Indicator()
    indicator.push(0, 1_250_000, stable=True)
    reading = indicator.reading()
    assert reading
    line = {"event": "Weighed", "reading": asdict(reading), "opc": opc(reading)}
    assert parse(json.dumps(line)) == Weighed(reading)


def test_a_source_that_hangs_takes_its_reading_back() -> None:
    """After two seconds without a line: no scale, said once; the next line is a reading again."""
    reads, writes = os.pipe()
    lines = JsonLines(reads)
    line = b'{"mass_mg": 1250000, "stable": true}\n'
    try:
        assert lines.turn(0) == []
        os.write(writes, line)
        assert lines.turn(10_000) == [LoadLive(0, 1_250_000, stable=True)]
        assert lines.turn(12_000) == []
        (lost,) = lines.turn(12_001)
        assert isinstance(lost, ScaleLost)
        assert lost.reason is LossReason.SILENT
        assert lines.turn(60_000) == []
        os.write(writes, line)
        assert len(lines.turn(60_001)) == 1
    finally:
        os.close(reads)
        os.close(writes)


def test_a_line_without_an_end_fills_no_memory(capfd: pytest.CaptureFixture[str]) -> None:
    """A megabyte without a line's end is one refused line, and the next one is read."""
    reads, writes = os.pipe()
    lines = JsonLines(reads)
    try:
        for _ in range(256):
            os.write(writes, b"x" * 4_096)
            assert lines.turn(0) == []
        os.write(writes, b'\n{"mass_mg": 5, "stable": true}\n')
        assert lines.turn(0) == [LoadLive(0, 5, stable=True)]
        assert len(lines._held) <= LINE_BYTES_MAX
    finally:
        os.close(reads)
        os.close(writes)
    assert capfd.readouterr().err.count("longer than 4096 bytes") == 1
