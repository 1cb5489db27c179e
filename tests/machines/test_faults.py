"""The whole table of faults in small, on the broker that a store runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rig.faults.table import FAULTS
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
