"""The rig's commands as a person or a program starts them: arguments, answers, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cart.core.events import CheckoutStarted, TripOpened
from cart.core.observations import Booted
from cart.shell.journal import Journal
from cart.shell.recorder import Recorder
from tests.data import ROOT

SIM = ROOT / "rig" / "hil" / "sim.toml"


def rig(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m rig` and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "rig", *arguments],
        capture_output=True, text=True, check=False, timeout=60, cwd=ROOT,
    )  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [(), ("fly",), ("world",), ("hil",), ("replay",), ("demo", "--broker", "nowhere")],
)
def test_wrong_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    """Without a command, or with a wrong one, the help says what there is."""
    done = rig(*arguments)
    assert done.returncode == 2
    assert "usage: python -m rig" in done.stderr


@pytest.mark.parametrize("command", [("faults", "--only", "rubbish"), ("hostile",)])
def test_an_out_that_cant_be_made_is_one_error(command: tuple[str, ...]) -> None:
    """Status 1 and an object for a program, where no folder can be made."""
    done = rig(*command, "--out", "/proc/x", "--json")
    assert done.returncode == 1
    assert "/proc/x" in json.loads(done.stdout)["error"]
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.machines
def test_hil_measures_on_the_simulated_chip() -> None:
    """One JSON object: every figure with its limits and verdict, and the whole."""
    done = rig("hil", "--bench", str(SIM), "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["passed"] is True
    assert [one["name"] for one in report["measurements"]] == ["settle_ms", "step_error_mg"]
    for one in report["measurements"]:
        assert set(one) == {"name", "value", "unit", "low", "high", "ok"}
        assert one["low"] <= one["value"] <= one["high"]


@pytest.mark.machines
def test_hil_fails_when_a_limit_is_missed(tmp_path: Path) -> None:
    """The same chip against limits no scale can hold."""
    strict = SIM.read_text(encoding="utf-8").replace("high = 1_500", "high = 101")
    bench = tmp_path / "strict.toml"
    bench.write_text(strict, encoding="utf-8")
    done = rig("hil", "--bench", str(bench), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["passed"] is False


def test_hil_names_what_is_wrong_in_a_bench_file(tmp_path: Path) -> None:
    """An unknown measurement is named, with those there are."""
    bench = tmp_path / "odd.toml"
    text = SIM.read_text(encoding="utf-8").replace("settle_ms =", "beauty =")
    bench.write_text(text, encoding="utf-8")
    done = rig("hil", "--bench", str(bench))
    assert done.returncode == 2
    assert "no measurement 'beauty': choose from settle_ms" in done.stderr


def recorded(folder: Path) -> tuple[Path, Journal]:
    """A journal of one fact, and a record that boots from it."""
    journal = Journal(folder / "cart")
    journal.append([TripOpened(t_ms=5, trip_id="t1")])
    recorder = Recorder(folder / "trips")
    recorder.record(Booted(t_ms=9, cart_id="cart-1", journal=journal.events()))
    recorder.close()
    return recorder.path, journal


def test_replay_prints_the_journals_export(tmp_path: Path) -> None:
    """The record alone gives the journal's bytes; compared with it, they are the same."""
    record, journal = recorded(tmp_path)
    printed = rig("replay", str(record))
    assert printed.returncode == 0
    assert printed.stdout.encode() == journal.export_lines()
    compared = rig("replay", str(record), "--journal", str(journal.path))
    assert (compared.returncode, compared.stdout) == (0, "same: 1 entries, byte for byte\n")
    journal.close()


def test_replay_tells_a_difference(tmp_path: Path) -> None:
    """A journal with one fact more is not what the record gives."""
    record, journal = recorded(tmp_path)
    journal.append([CheckoutStarted(t_ms=10)])
    done = rig("replay", str(record), "--journal", str(journal.path))
    assert done.returncode == 1
    assert "the first 1 of 2 entries" in done.stderr
    journal.close()


def test_replay_only_reads_the_journal(tmp_path: Path) -> None:
    """A journal under another name is the one compared, and a damaged one stays as it is."""
    record, journal = recorded(tmp_path)
    journal.close()
    kept = journal.path.rename(tmp_path / "kept.sqlite")
    assert rig("replay", str(record), "--journal", str(kept)).returncode == 0
    kept.write_bytes(b"no database")
    assert rig("replay", str(record), "--journal", str(kept)).returncode == 1
    assert kept.read_bytes() == b"no database"
    assert not kept.with_name("journal.sqlite").exists()


def test_replay_refuses_what_is_no_record(tmp_path: Path) -> None:
    """A file of anything else is named, status 2."""
    (tmp_path / "odd.mcap").write_bytes(b"no record")
    done = rig("replay", str(tmp_path / "odd.mcap"))
    assert done.returncode == 2
    assert "odd.mcap" in done.stderr


def test_replay_needs_nothing_heavy() -> None:
    """Another Python with only msgspec, biip and mcap can replay."""
    code = (
        "import sys, rig.replay;"
        "print(sorted({'cv2', 'kivy', 'numpy', 'paho', 'serial', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"
