"""The whole table of faults in small, on the broker that a store runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from rig.faults import power
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
