"""A real process, a real pty and pyserial: from bytes to settled loads, and the plug pulled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.metrology.calibration import NOMINAL, CalibrationError, from_table, load
from firmware_bridge.port import Port, PortLost
from firmware_bridge.scales import UnknownDriverError, open_driver
from firmware_bridge.scales.base import LoadSettled, LossReason, ScaleBack, ScaleLost
from tests.wire.chip_process import ChipProcess, Reader


@pytest.fixture
def chip(tmp_path: Path) -> Iterator[ChipProcess]:
    """A chip on a pty."""
    with ChipProcess(tmp_path / "scale") as process:
        yield process


@pytest.fixture
def reader(chip: ChipProcess) -> Iterator[Reader]:
    """A driver on that pty."""
    reading = Reader(chip.link)
    yield reading
    reading.close()


def test_an_item_put_on_a_real_pty_settles_to_its_mass(chip: ChipProcess, reader: Reader) -> None:
    """Boot, one item, one jolt, junk and a reset, through the kernel's own serial line."""
    assert reader.settles_at(0) == pytest.approx(0, abs=1000)
    assert chip.tell('{"load_mg": 400000}') == {"done": 1}
    assert reader.settles_at(400_000) == pytest.approx(400_000, abs=1500)
    chip.tell('{"jolt": 1.0}')
    assert reader.settles_at(400_000) == pytest.approx(0, abs=1000)
    chip.tell('{"garbage": 5000}')
    chip.tell('{"torn": true}')
    chip.tell('{"reset": true}')
    chip.tell('{"load_mg": 150000}')
    assert reader.settles_at(150_000) == pytest.approx(-250_000, abs=1500)


def test_the_plug_pulled_is_a_lost_scale_and_replugging_brings_it_back(
    chip: ChipProcess, reader: Reader
) -> None:
    """The process ends: ScaleLost. Another takes its name: ScaleBack, and a settled load."""
    reader.settles_at(0)
    chip.end()
    lost = reader.until(ScaleLost)
    assert isinstance(lost, ScaleLost)
    assert lost.reason is LossReason.PORT
    with pytest.raises(PortLost):  # the dangling link is no port
        Port(str(chip.link))
    with ChipProcess(chip.link, seed=2) as another:
        another.tell('{"load_mg": 90000}')
        reader.until(ScaleBack)
        assert reader.settles_at(90_000) == pytest.approx(90_000, abs=1500)


def test_a_bad_control_line_is_answered_and_harms_nothing(chip: ChipProcess) -> None:
    """The rig is told what is wrong with its line; the chip goes on."""
    assert "no JSON" in chip.tell("load 400")["error"]
    assert "unknown key 'lift'" in chip.tell('{"lift": 1}')["error"]
    assert "not of type int" in chip.tell('{"load_mg": "much"}')["error"]
    assert chip.tell('{"load_mg": 1000}') == {"done": 4}


def test_a_chip_told_to_quit_takes_its_link_away(chip: ChipProcess) -> None:
    """It ends well and leaves nothing behind."""
    assert chip.tell('{"quit": true}') == {"done": 1}
    assert chip.process.wait(10) == 0
    assert not chip.link.is_symlink()


def test_a_missing_port_says_so(tmp_path: Path) -> None:
    """The message names the path and what to look at."""
    with pytest.raises(PortLost, match="nowhere: no such port"):
        Port(str(tmp_path / "nowhere"))


def test_a_busy_port_says_so(chip: ChipProcess) -> None:
    """Two programs on one scale would each get half of it."""
    with Port(str(chip.link)), pytest.raises(PortLost, match="in use by another program"):
        Port(str(chip.link))


def test_a_file_that_is_no_port_says_so(tmp_path: Path) -> None:
    """Any path may stand in a configuration."""
    path = tmp_path / "file"
    path.write_text("no port", encoding="utf-8")
    with pytest.raises(PortLost, match="cannot be opened"):
        Port(str(path))


def bridge(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "firmware_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_watch_prints_one_json_line_an_event(chip: ChipProcess) -> None:
    """Another program can follow a scale."""
    result = bridge("watch", "--port", str(chip.link), "--json", "--seconds", "1.5")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert {event["event"] for event in events} == {"LoadSettled", "LoadLive", "Weighed"}
    assert "nominal" in result.stderr


def test_a_recording_replayed_gives_the_same_first_mass(chip: ChipProcess, tmp_path: Path) -> None:
    """What `record` kept is enough to weigh again, without a scale."""
    chip.tell('{"load_mg": 250000}')
    kept = tmp_path / "scale.jsonl"
    assert bridge("record", str(kept), "--port", str(chip.link), "--seconds", "2").returncode == 0
    scale = open_driver("chip", calibration=NOMINAL)
    lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    events = [
        event
        for line in lines
        for event in scale.receive(bytes.fromhex(line["read"]), line["t_ms"])
    ]
    first = next(event for event in events if isinstance(event, LoadSettled))
    assert first.after_mg == pytest.approx(250_000, abs=1000)


def test_a_reading_is_spelled_as_opc_spells_it(chip: ChipProcess) -> None:
    """Whoever follows `watch --json` finds the fields of OPC 40200."""
    result = bridge("watch", "--port", str(chip.link), "--json", "--seconds", "1")
    weighed = [json.loads(line) for line in result.stdout.splitlines() if "Weighed" in line]
    assert weighed
    assert weighed[-1]["opc"]["GrossWeight"] == weighed[-1]["reading"]["gross_weight_mg"]


def test_a_recording_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    """A port that can't be opened, then the same command again: the same reason both times."""
    kept = tmp_path / "scale.jsonl"
    for _ in range(2):
        result = bridge("record", str(kept), "--port", str(tmp_path / "nowhere"))
        assert (result.returncode, kept.exists()) == (2, False)
        assert "no such port" in result.stderr


def test_wrong_use_is_exit_status_two(tmp_path: Path) -> None:
    """No command, no port, a recording that exists, a bad calibration: status 2 and one reason."""
    there = tmp_path / "there"
    there.write_text("[calibration]\nzero_counts = 1\n", encoding="utf-8")
    for arguments, words in (
        ([], "usage:"),
        (["watch"], "--port"),
        (["watch", "--port", str(tmp_path / "nowhere")], "no such port"),
        (["record", str(there), "--port", "x"], "File exists"),
        (["watch", "--port", "x", "--calibration", str(there)], "keys are zero_counts"),
    ):
        result = bridge(*arguments)
        assert result.returncode == 2, arguments
        assert words in result.stderr
        assert "Traceback" not in result.stderr


def test_a_driver_that_is_not_there_is_named() -> None:
    """The message lists the drivers there are."""
    with pytest.raises(UnknownDriverError, match="'abacus': choose from chip"):
        open_driver("abacus", calibration=NOMINAL)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"zero_counts": 1, "span_counts": 0, "span_mg": 1}, "span_counts must not be 0"),
        ({"zero_counts": 1.5, "span_counts": 1, "span_mg": 1}, "zero_counts must be a whole"),
        ({"zero": 1}, "keys are zero_counts, span_counts, span_mg"),
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(table: dict[str, float], words: str) -> None:
    """A wrong calibration would bill wrong masses."""
    with pytest.raises(CalibrationError, match=words):
        from_table(table)


def test_a_calibration_file_is_data(tmp_path: Path) -> None:
    """The file of a cart gives that cart's line."""
    path = tmp_path / "cart.toml"
    path.write_text(
        "[calibration]\nzero_counts = 84210\nspan_counts = 6300000\nspan_mg = 30000000\n",
        encoding="utf-8",
    )
    assert load(path) == NOMINAL
    with pytest.raises(CalibrationError, match="No such file"):
        load(tmp_path / "other.toml")
