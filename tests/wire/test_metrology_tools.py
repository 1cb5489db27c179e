"""What a technician uses: diagnose, calibrate, plot, software; on real ports and as values."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from firmware_bridge.__main__ import main as bridge
from firmware_bridge.diagnose import Finding, Heard, judge
from firmware_bridge.metrology.audit import check
from firmware_bridge.metrology.calibration import NOMINAL_CORNERS, as_toml, load
from firmware_bridge.scales import COUNTING, DRIVERS
from firmware_bridge.scales.base import Row
from tests.wire.chip_process import ChipProcess

ROOT = Path(__file__).resolve().parents[2]
HIL = ROOT / "rig" / "hil"


def command(*arguments: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    """Run the bridge as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "firmware_bridge", *arguments],
        cwd=ROOT, input=answers, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@dataclass
class Cell:
    """How one simulated corner behaves."""

    load_g: float = 2_000.0
    noise_g: float = 0.22
    drift_g_per_s: float = 0.0
    counts: int | None = None
    mask: int = -1


def heard(change: Callable[[list[Cell]], None], *, step_ms: float = 12.5) -> Heard:
    """Ten seconds of four corners, of which `change` makes one bad."""
    cells = [Cell() for _ in range(4)]
    change(cells)
    dice = random.Random(5)
    rows: list[Row] = []
    for n in range(800):
        row = []
        for cell, line in zip(cells, NOMINAL_CORNERS.cells, strict=True):
            mass_g = cell.load_g + dice.gauss(0, cell.noise_g) + cell.drift_g_per_s * n / 80
            counts = line.counts(mass_g * 1000) if cell.counts is None else cell.counts
            row.append(counts & cell.mask)
        rows.append((round(n * step_ms), tuple(row)))
    return Heard(rows)


def bad(findings: list[Finding]) -> dict[str, str]:
    """What is not well, with its advice."""
    return {one.name: one.advice for one in findings if not one.ok}


CASES: dict[str, tuple[Callable[[list[Cell]], None], str, str]] = {
    "loud": (lambda c: setattr(c[1], "noise_g", 4.0), "front right cell: noise", "screws"),
    "drift": (lambda c: setattr(c[2], "drift_g_per_s", 0.5), "rear left cell: drift", "warm up"),
    "stuck": (lambda c: setattr(c[0], "counts", 9), "front left cell: unique values", "hangs"),
    "railed": (lambda c: setattr(c[3], "counts", 0x7FFFFF), "rear right cell: saturated", "end"),
    "coarse": (lambda c: setattr(c[0], "mask", -64), "front left cell: unique values", "bit"),
    "unloaded": (
        lambda c: setattr(c[0], "load_g", -50.0), "front left cell: share of the load", "feet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_diagnose_names_the_cell_and_what_to_do(case: str) -> None:
    """One bad corner among four: it is named, with words to act on; the others are well."""
    change, name, words = CASES[case]
    found = bad(judge(heard(change), NOMINAL_CORNERS))
    assert words in found[name]
    assert {one.rpartition(":")[0] for one in found} == {name.rpartition(":")[0]}


def test_diagnose_finds_nothing_on_a_sound_scale() -> None:
    """Four good corners; and it says so when no rows came, or they come slowly, or frames go."""
    sound = heard(lambda _cells: None)
    assert bad(judge(sound, NOMINAL_CORNERS)) == {}
    assert "no conversions" in bad(judge(Heard(), NOMINAL_CORNERS))["rows"]
    slow = heard(lambda _cells: None, step_ms=100)
    assert "RATE" in bad(judge(slow, NOMINAL_CORNERS))["rate"]
    sound.bad_frames = 3
    assert "cable" in bad(judge(sound, NOMINAL_CORNERS))["lost or damaged frames"]


def test_diagnose_listens_to_a_real_port(tmp_path: Path) -> None:
    """On the simulated chip: well, exit status 0; on no port: 2; a wrong calibration: 1."""
    with ChipProcess(tmp_path / "scale") as chip:
        told = command("diagnose", "--port", str(chip.link), "--seconds", "4", "--json")
        findings = [json.loads(line) for line in told.stdout.splitlines()]
        assert told.returncode == 0, told.stdout
        assert {"rate", "scale: noise", "scale: drift"} <= {one["name"] for one in findings}
        four = str(HIL / "sim_calibration.toml")
        wrong = command(
            "diagnose", "--port", str(chip.link), "--seconds", "1", "--calibration", four
        )
    assert (wrong.returncode, "calibrate this cart" in wrong.stdout) == (1, True)
    assert command("diagnose", "--port", "/dev/none").returncode == 2


@pytest.mark.machines  # long
def test_diagnose_looks_at_each_corner(tmp_path: Path) -> None:
    """A chip with a cell at each corner: each is named, each carries its share of the load."""
    four = str(HIL / "sim_calibration.toml")
    with ChipProcess(tmp_path / "scale", corners=True) as chip:
        chip.tell('{"load_mg": 4000000}')
        told = command(
            "diagnose", "--port", str(chip.link), "--seconds", "6", "--json", "--calibration", four
        )
    findings = {one["name"]: one for one in map(json.loads, told.stdout.splitlines())}
    for corner in ("front left", "front right", "rear left", "rear right"):
        assert findings[f"{corner} cell: share of the load"]["value"] == pytest.approx(25, abs=1)
        assert findings[f"{corner} cell: saturated"]["ok"]


def test_diagnose_listens_to_a_converter_of_the_kernel(tmp_path: Path) -> None:
    """A folder whose number never changes: the cell is named, exit status 1."""
    (tmp_path / "in_voltage0_raw").write_text("8472818\n", encoding="ascii")
    told = command("diagnose", "--driver", "iio", "--port", str(tmp_path), "--seconds", "1")
    assert told.returncode == 1
    assert "the count never changes" in told.stdout


@pytest.mark.parametrize("driver", sorted(set(DRIVERS) - set(COUNTING)))
@pytest.mark.parametrize("tool", ["diagnose", "calibrate", "plot", "r76"])
def test_a_scale_without_counts_is_refused_by_name(
    driver: str, tool: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A scale that weighs by itself shows no conversions to judge or to adjust: exit status 2."""
    new = str(tmp_path / "new")
    bench = tmp_path / "bench.toml"
    bench.write_text(
        f'[r76]\nplacer = []\ndriver = "{driver}"\ncalibration = "{HIL}/sim_calibration.toml"\n',
        encoding="utf-8",
    )
    arguments = {
        "diagnose": ["--port", "/dev/null", "--driver", driver],
        "calibrate": ["--port", "/dev/null", "--driver", driver, "--out", new, "--log", new],
        "plot": [str(bench), "--driver", driver],
        "r76": ["--bench", str(bench), "--report", new],
    }
    assert bridge([tool, *arguments[tool]]) == 2
    assert f"'{driver}': it gives masses and no counts" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [bench]


def r76(bench: str, calibration: Path, *tests: str) -> int:
    """Put the same cart through some of R76 with another calibration; the exit status."""
    other = calibration.with_name("other.toml")
    other.write_text(
        f'extends = "{bench}"\n[r76]\nsimulated = true\ncompressed = true\n'
        f'calibration = "{calibration}"\ntests = {list(tests)}\n'
        'placer = ["{python}", "-m", "rig", "place", "--bench", "{bench}", "--port", "{port}"]\n',
        encoding="utf-8",
    )
    return bridge(["r76", "--bench", str(other), "--report", str(calibration.with_name("r.html"))])


def test_calibrate_mends_a_wrong_corner(tmp_path: Path) -> None:
    """What it finds on a cart with a bad corner weighs right everywhere; each change is logged."""
    out, log = tmp_path / "cart.toml", tmp_path / "events"
    bench = str(HIL / "faults" / "corner.toml")
    arguments = ["calibrate", "--bench", bench, "--out", str(out), "--log", str(log)]
    assert bridge(arguments) == 0
    first = load(out)
    assert check(log)[-1].parameter == "cells[3].span_mg"
    assert r76(bench, out, "accuracy", "eccentricity") == 0
    assert bridge(["software", "--log", str(log)]) == 0
    assert first.trouble == ""
    forged = out.read_text(encoding="utf-8").replace("span_mg = ", "span_mg = 1")
    out.write_text(forged, encoding="utf-8")
    assert bridge(["software", "--log", str(log)]) == 1
    assert "cells[0].span_mg is not" in load(out).trouble
    off = replace(first.cells[3], span_mg=first.cells[3].span_mg + 1_000_000)
    out.write_text(as_toml(replace(first, cells=(*first.cells[:3], off))), encoding="utf-8")
    assert bridge(arguments) == 0
    assert check(log)[-1].old == str(off.span_mg)
    log.unlink()
    assert "the log is gone" in load(out).trouble


def test_calibrate_straightens_a_bent_characteristic(tmp_path: Path) -> None:
    """20 g too much at half of Max: points are kept, and accuracy passes with them."""
    out = tmp_path / "cart.toml"
    bench = str(HIL / "faults" / "nonlinearity.toml")
    assert bridge(
        ["calibrate", "--bench", bench, "--span-g", "30000", "--out", str(out),
         "--log", str(tmp_path / "events")]
    ) == 0  # fmt: skip
    assert len(load(out).linearity) == 5
    assert r76(bench, out, "accuracy") == 0


def test_calibrate_learns_what_heat_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A zero that drifts far too much passes every temperature with what was found; span keeps."""
    out, log = tmp_path / "cart.toml", tmp_path / "events"
    bench = str(HIL / "faults" / "zero_drift.toml")
    arguments = ["calibrate", "--bench", bench, "--out", str(out), "--log", str(log), "--heat-c"]
    assert bridge([*arguments, "21"]) == 1
    assert "warmer or colder" in capsys.readouterr().err
    assert bridge([*arguments, "0", "40"]) == 0
    found = load(out)
    assert found.zero_mg_per_c == pytest.approx(3_420, abs=20)
    assert found.span_ppm_per_c == pytest.approx(0, abs=3)
    assert "zero_mg_per_c" in {event.parameter for event in check(log)}
    assert r76(bench, out, "temperature") == 0
    person = ["calibrate", "--port", "/dev/null", "--heat-c", "40", "--log", str(log)]
    assert bridge([*person, "--out", str(out)]) == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param("stuck", "came to rest", marks=pytest.mark.machines),  # long: 15 s
        pytest.param("shy", "hardly changed", marks=pytest.mark.machines),  # long: 10 s
        ("deaf", "ended"),
    ],
)
def test_calibrate_refuses_and_writes_nothing(tmp_path: Path, fault: str, words: str) -> None:
    """A load that moves, no load at all, and nobody who answers."""
    out, log = tmp_path / "cart.toml", tmp_path / "events"
    with ChipProcess(tmp_path / "scale") as chip:
        arguments = ["calibrate", "--port", str(chip.link), "--cells", "1", "--out", str(out),
                     "--log", str(log)]  # fmt: skip
        if fault == "stuck":
            told = command_while_shaken(chip, arguments)
        else:
            told = command(*arguments, answers="\n" * (20 if fault == "shy" else 0))
    assert told.returncode == (2 if fault == "deaf" else 1)
    assert words in told.stderr
    assert not out.exists()
    assert not log.exists()


def command_while_shaken(
    chip: ChipProcess, arguments: list[str]
) -> subprocess.CompletedProcess[str]:
    """Run it while somebody hits the cart again and again."""
    with subprocess.Popen(
        [sys.executable, "-m", "firmware_bridge", *arguments], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write("\n" * 20)
        process.stdin.flush()
        while process.poll() is None:
            chip.tell('{"jolt": 0.5}')
        out, error = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, out, error)


def test_plot_draws_what_record_kept(tmp_path: Path) -> None:
    """A recording of a load put on becomes a picture with both curves and a mark."""
    kept = tmp_path / "load.jsonl"
    with ChipProcess(tmp_path / "scale") as chip:
        chip.tell('{"load_mg": 500000}')
        told = command("record", str(kept), "--port", str(chip.link), "--seconds", "2.5")
    assert told.returncode == 0
    assert bridge(["plot", str(kept)]) == 0
    with Image.open(tmp_path / "load.png") as picture:
        assert picture.size == (1200, 500)
        colours = {colour for _, colour in picture.getcolors(1 << 20) or []}
    assert {(0x9D, 0xB8, 0xE8), (0x0B, 0x3D, 0x91), (0xC2, 0x64, 0x01)} <= colours


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"t_ms": 1}\n', '{"t_ms": 1, "read": "zz"}\n'])
def test_plot_refuses_what_is_no_recording(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, with the line, and no picture."""
    kept = tmp_path / "load.jsonl"
    kept.write_text(text, encoding="utf-8")
    assert bridge(["plot", str(kept)]) == 2
    assert "load.jsonl" in capsys.readouterr().err
    assert not (tmp_path / "load.png").exists()


def test_software_shows_its_checksum_and_checks_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every file of the metrology is summed; a log that was touched is said, exit status 1."""
    assert bridge(["software", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["software_id"].endswith(told["sha256"][:12])
    assert {"filters.py", "settling.py", "indicator.py"} <= set(told["files"])
    log = tmp_path / "events"
    log.write_text("1\tnow\tspan\t1\t2\tforged\n", encoding="utf-8")
    assert bridge(["software", "--log", str(log)]) == 1
    assert "line 1" in capsys.readouterr().err
    assert bridge(["software", "--log", str(tmp_path / "none")]) == 2
