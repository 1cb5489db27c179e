"""The whole trip: every part real, every row of the table as the scenario says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.data import ROOT

# Far more than a trip takes: how long is a figure of docs/MEASURED.md, not a matter for a test.
COMMAND_S_MAX = 180


def assert_replays(data: Path) -> None:
    """What cartd recorded after its kill leads to its own journal, byte for byte."""
    record = max((data / "trips").glob("*.mcap"))
    command = [sys.executable, "-m", "rig", "replay", str(record), "--journal"]
    done = subprocess.run(
        [*command, str(data / "journal.sqlite")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_trip_goes_as_written(tmp_path: Path) -> None:
    """`make run AUTO=1` ends with every row the same, a picture of each screen, and status 0."""
    done = subprocess.run(
        [sys.executable, "-m", "rig", "demo", "--auto", "--out", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=COMMAND_S_MAX, cwd=ROOT,
    )  # fmt: skip
    rows = json.loads((tmp_path / "trip.json").read_bytes())
    assert [row for row in rows if not row["same"]] == []
    assert done.returncode == 0, done.stderr
    assert len(rows) >= 15
    screens = {picture.stem.split("-", 1)[1] for picture in tmp_path.glob("[0-9][0-9]-*.png")}
    assert screens >= {"welcome", "shop", "weigh", "choose", "checkout", "receipt"}
    assert_replays(tmp_path / "cart")
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("└"), "the table is the last thing printed"
