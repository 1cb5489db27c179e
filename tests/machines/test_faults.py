"""The whole table of faults in small, on the broker that a store runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from rig.faults import disk_errors, power
from rig.faults.shop import Shop
from rig.faults.table import FAULTS
from rig.faults.trial import Trial
from tests.data import ROOT

pytestmark = pytest.mark.machines


def test_every_fault_is_survived(tmp_path: Path) -> None:
    """A row for each fault; nothing lost, doubled or reordered; and the recount agrees."""
    rig = [sys.executable, "-m", "rig"]
    run = [*rig, "faults", "--quick", "--json", "--broker", "mosquitto", "--out", str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, timeout=600, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [row["fault"] for row in report["rows"]] == [fault.name for fault in FAULTS]
    audit = [*rig, "audit", str(tmp_path), "--json"]
    recount = subprocess.run(audit, capture_output=True, text=True, check=False, cwd=ROOT)
    assert recount.returncode == 0, recount.stderr
    verdict = json.loads(recount.stdout)
    assert verdict["kills"] == sum(row["kills"] for row in report["rows"])


def test_no_power_cut_takes_what_was_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recorded by strace, cut fifty times: nothing is lost. The same record without its syncs, as
    of a disk that lies, loses rows: the count can fail."""
    assert shutil.which("strace"), "install it with: apt-get install strace"
    monkeypatch.setattr(power, "ROWS", 300)
    with Shop(tmp_path, "mosquitto", ()) as shop:
        run = Trial("power cuts", shop, 50, False, Random(3), tmp_path / "row", lambda _: None)
        calls, promised = power.record(run.folder)
        power.cut_everywhere(run, calls, promised)
        assert (run.kills, run.lost, run.duplicated) == (50, 0, 0)
        lying = [call for call in calls if call.kind != "sync"]
        power.cut_everywhere(run, lying, promised)
    assert run.lost > 0


def test_no_disk_error_takes_what_was_acknowledged(tmp_path: Path) -> None:
    """Writes, syncs, truncations and reads that fail, at 300 points and more of journal, store and
    replaced files: the stored turns are the acknowledged ones, the error is told as what it is, and
    with a disk that works again every turn goes in."""
    assert shutil.which("gcc"), "install it with: apt-get install gcc"
    found = disk_errors.outcomes(tmp_path, 3)
    assert len(found) >= 300
    assert {outcome["point"][0] for outcome in found} == {"journal", "store", "file"}
    assert {outcome["point"][1] for outcome in found} == {"write", "sync", "truncate", "read"}
    assert [each for each in found if each["lost"] or each["extra"]] == []
    assert [each for each in found if not disk_errors.stood(each)] == []


def test_a_disk_that_lies_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file's write says that it happened and did not, the same count finds it."""
    source = disk_errors.SOURCE.read_text()
    lying = source.replace("size / 2) : -1;", "size / 2) : (ssize_t)size;")
    assert lying != source
    monkeypatch.setattr(disk_errors, "SOURCE", tmp_path / "lying.c")
    disk_errors.SOURCE.write_text(lying)
    found = disk_errors.outcomes(tmp_path, 7)
    assert {each["point"][0] for each in found if each["lost"] or each["extra"]} == {"file"}
