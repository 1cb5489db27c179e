"""The R76 sequence on simulated carts: the sound one passes, each hidden fault is found."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.__main__ import main as bridge
from firmware_bridge.r76.bench import BenchError, Program
from firmware_bridge.r76.tests import TESTS, allowed_e
from rig.__main__ import main as rig
from rig.platform import FAULTS

HIL = Path(__file__).resolve().parents[2] / "rig" / "hil"
SIM = HIL / "sim.toml"
R76 = '[r76]\nsimulated = true\ncalibration = "cal.toml"\n'
FOUND_IN = {
    "gain": {"accuracy"},
    "corner": {"eccentricity"},
    "creep": {"creep"},
    "zero_drift": {"temperature"},
    "stuck_bit": {"discrimination", "repeatability"},
    "nonlinearity": {"accuracy"},
    "tilt": {"tilt"},
    "tare": {"tare"},
}
# One bench of a fault takes five seconds: all but these are with the long tests.
QUICK = ("gain",)
LONG = pytest.mark.machines
HALVES = {
    "gain": 500, "corner": 3_000, "creep": 125, "zero_drift": 7_500, "nonlinearity": 10_000,
    "tilt": 500, "tare": 1_000,
}  # fmt: skip


def r76(
    bench: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any], str]:
    """Run it; exit status, what it printed, and its report."""
    report = folder / "report.html"
    status = bridge(["r76", "--bench", str(bench), "--json", "--report", str(report)])
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, printed, report.read_text(encoding="utf-8")


def test_the_sound_cart_passes_every_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All ten tests, each row within its limit, in a report that says it is simulated."""
    status, printed, page = r76(SIM, tmp_path, capsys)
    assert [row for row in printed["rows"] if not row["ok"]] == []
    assert {row["test"] for row in printed["rows"]} == set(TESTS)
    assert set(printed) == {"rows", "simulated", "passed"}
    for row in printed["rows"]:
        assert set(row) == {"test", "load_g", "error_e", "limit_e", "ok"}
    assert (status, printed["passed"], printed["simulated"]) == (0, True, True)
    assert page.count("SIMULATED: NOT A CONFORMITY TEST") == 1
    assert page.count("<circle") == 19, "ten loads up and nine down"
    assert page.count("<tr") == len(printed["rows"]) + len(TESTS) + 2, "and two headings"


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=LONG) for kind in sorted(FOUND_IN)]
)
def test_a_hidden_fault_fails_in_the_right_row(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One fault in the world, unknown to the program under test; exit status 1."""
    status, printed, page = r76(HIL / "faults" / f"{kind}.toml", tmp_path, capsys)
    failed = {row["test"] for row in printed["rows"] if not row["ok"]}
    assert failed & FOUND_IN[kind]
    assert (status, printed["passed"]) == (1, False)
    assert "NOT OK" in page


# More benches of the kinds above take a minute and a half: they are with the long ones.
@pytest.mark.machines
@pytest.mark.parametrize(
    ("kind", "size", "seed"),
    [(kind, size, 2) for kind, size in HALVES.items()]
    + [("stuck_bit", 13, 3), ("stuck_bit", 17, 4), ("stuck_bit", 20, 5)],
)
def test_a_fault_is_found_whatever_the_bench_is_called(
    kind: str, size: float, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Half as large, another cart, the file somewhere else, and run from there."""
    bench = tmp_path / "b.toml"
    text = (HIL / "faults" / f"{kind}.toml").read_text(encoding="utf-8")
    whole = f"seed = {seed}\n{text[: text.index('[fault]')]}"
    bench.write_text(f'{whole}[fault]\nkind = "{kind}"\nsize = {size}\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, printed, _ = r76(Path("b.toml"), tmp_path, capsys)
    failed = {row["test"] for row in printed["rows"] if not row["ok"]}
    assert failed & FOUND_IN[kind]
    assert status == 1


@pytest.mark.machines
@pytest.mark.parametrize("seed", range(20, 24))
def test_no_sound_cart_fails(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other carts as carts come: their ring, impact and noise are their own."""
    bench = tmp_path / "b.toml"
    bench.write_text(f'extends = "{SIM}"\nseed = {seed}\n', encoding="utf-8")
    status, printed, _ = r76(bench, tmp_path, capsys)
    assert [row for row in printed["rows"] if not row["ok"]] == []
    assert status == 0


def test_a_scale_that_gives_up_under_a_load_has_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells three times too strong reach the converter's end: rows that failed, no bench error."""
    bench = tmp_path / "b.toml"
    bench.write_text(
        f'extends = "{SIM}"\n[fault]\nkind = "gain"\nsize = 2_000_000\n', encoding="utf-8"
    )
    status, printed, page = r76(bench, tmp_path, capsys)
    assert status == 1
    assert {row["test"] for row in printed["rows"]} == set(TESTS)
    assert "the scale is lost" in page


def test_every_fault_has_its_bench() -> None:
    """The table of faults and the folder of benches are one list."""
    assert {path.stem for path in (HIL / "faults").glob("*.toml")} == set(FAULTS) == set(FOUND_IN)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "Invalid value"),
        ('extends = "missing.toml"', "No such file"),
        ('[r76]\nsimulated = true\nplacer = []\ncalibration = "none.toml"', "No such file"),
        (f"{R76}placer = []", "names no program"),
        (f'{R76}placer = ["/nowhere/placer"]', "can't be started"),
        (f'{R76}placer = []\ntests = ["smell"]', "smell"),
        (f'{R76}placer = ["PYTHON", "-c", "pass"]', "placer ended"),
        (f'{R76}placer = ["PYTHON", "-c", "print(3)"]', "could not do"),
        ("[r76]\nplacer = 3", "placer"),
        (f"{R76}placer = []\nplaser = []", "plaser"),
        (f'extends = "{SIM}"\n[faults]\nkind = "gain"\nsize = 1', "`faults`"),
        (f'extends = "{SIM}"\n[[fault]]\nkind = "gain"\nsize = 1', "fault"),
        (f'extends = "{SIM}"\n[fault]\nkind = "gain"\nsise = 1', "fault"),
    ],
)
def test_a_bench_that_is_wrong_says_so(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2, one line, no report."""
    calibration = (HIL / "sim_calibration.toml").read_text(encoding="utf-8")
    (tmp_path / "cal.toml").write_text(calibration, encoding="utf-8")
    bench = tmp_path / "bench.toml"
    bench.write_text(text.replace("PYTHON", sys.executable), encoding="utf-8")
    report = tmp_path / "report.html"
    assert bridge(["r76", "--bench", str(bench), "--report", str(report)]) == 2
    assert words in capsys.readouterr().err
    assert not report.exists()


@pytest.mark.parametrize("simulated", ["", "simulated = false"])
def test_nobody_forgets_that_it_is_simulated(
    simulated: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bench that makes its own time is simulated, whatever its file says or leaves out."""
    text = SIM.read_text(encoding="utf-8").replace("simulated = true", f"{simulated}\n")
    bench = tmp_path / "b.toml"
    bench.write_text(text.replace("[r76]\n", '[r76]\ntests = ["repeatability"]\n'), "utf-8")
    status, printed, page = r76(bench, tmp_path, capsys)
    assert (status, printed["simulated"]) == (0, True)
    assert "SIMULATED: NOT A CONFORMITY TEST" in page


@contextlib.contextmanager
def placer(code: str) -> Iterator[Program]:
    """A load placer that runs `code` for every order."""
    loop = f"import sys\nfor line in sys.stdin:\n    {code}\n    sys.stdout.flush()"
    with subprocess.Popen(
        [sys.executable, "-c", loop], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Program(process, wait_s=2.0)
        process.kill()


def test_a_placer_may_say_that_it_is_simulated() -> None:
    """A bench on the clock's time whose placer is a simulation: its report will be headed so."""
    with placer("""print('{"done": 1, "simulated": true}')""") as program:
        program.tell({"place_g": 0})
        assert program.simulated
        program.tell({"place_g": 1})


def test_a_bench_that_nobody_says_anything_of_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the clock's time with a silent placer: exit status 2, before anything is measured."""
    (tmp_path / "in_voltage0_raw").write_text("8472818\n", encoding="ascii")
    code = "for _ in __import__('sys').stdin: print('{\\\"done\\\": 1}', flush=True)"
    bench = tmp_path / "b.toml"
    bench.write_text(
        f'[r76]\nplacer = ["{sys.executable}", "-c", "{code}"]\ndriver = "iio"\n'
        f'calibration = "{HIL / "sim_calibration.toml"}"\nport = "{tmp_path}"\n',
        encoding="utf-8",
    )
    assert bridge(["r76", "--bench", str(bench), "--report", str(tmp_path / "r.html")]) == 2
    assert "simulated: say true or false" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("""sys.stdout.write('{"done"')""", "no answer for 2 s"),
        (r"""sys.stdout.buffer.write(b'\xff\n')""", "answered"),
        ("""print('{"done')""", "answered"),
        ("""print('{"done": 1}\\n{"done": 2}')""", "more than one answer"),
    ],
)
def test_an_answer_is_whole_and_to_one_order(code: str, words: str) -> None:
    """Half a line is waited for no longer than a whole one; an answer to nothing is an error."""

    def tell_twice(program: Program) -> None:
        program.tell({"place_g": 0})
        program.tell({"place_g": 1})

    with placer(code) as program, pytest.raises(BenchError, match=words):
        tell_twice(program)


def test_a_report_that_cannot_be_written_is_known_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of a folder: exit status 2, and the placer was never started."""
    bench = tmp_path / "b.toml"
    started = tmp_path / "started"
    touch = f'["{sys.executable}", "-c", "open({str(started)!r}, \'w\')"]'
    bench.write_text(f'{R76.replace("cal.toml", str(SIM.parent / "sim_calibration.toml"))}'
                     f"placer = {touch}\n", encoding="utf-8")  # fmt: skip
    assert bridge(["r76", "--bench", str(bench), "--report", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert not started.exists()


def test_a_fault_of_an_unknown_kind_is_the_placers_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The world refuses it and names the kinds there are; the sequence ends with 2."""
    bench = tmp_path / "bench.toml"
    bench.write_text(f'extends = "{SIM}"\n[fault]\nkind = "rust"\nsize = 1\n', encoding="utf-8")
    report = tmp_path / "report.html"
    assert bridge(["r76", "--bench", str(bench), "--report", str(report)]) == 2
    assert "choose from gain" in capfd.readouterr().err


@pytest.mark.parametrize("size", [-1, 24, 1.5])
def test_a_bit_that_no_converter_has_is_refused(
    size: float, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A fault that can't be made is said, and not left out."""
    bench = tmp_path / "bench.toml"
    fault = f'[fault]\nkind = "stuck_bit"\nsize = {size}\n'
    bench.write_text(f'extends = "{SIM}"\n{fault}', encoding="utf-8")
    assert bridge(["r76", "--bench", str(bench), "--report", str(tmp_path / "r.html")]) == 2
    assert "one of 0 to 23" in capfd.readouterr().err


def test_the_quick_bench_refuses_a_fault_that_it_has_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """To measure a sound chip under the name of a bad one would be a lie: exit status 2."""
    assert rig(["hil", "--bench", str(HIL / "faults" / "gain.toml")]) == 2
    assert "only `python -m firmware_bridge r76`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("load_g", "limit_e"), [(0, 0.5), (2_500, 0.5), (2_501, 1.0), (10_000, 1.0), (30_000, 1.5)]
)
def test_the_boundaries_of_the_table_belong_to_the_stricter_side(
    load_g: float, limit_e: float
) -> None:
    """500 e and 2000 e are still allowed only what is below them."""
    assert allowed_e(load_g) == limit_e
