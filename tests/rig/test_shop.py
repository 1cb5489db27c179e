"""The whole shop when something breaks that is not the cart: the disk under --out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.data import ROOT
from tests.waiting import DEADLINE_S, until

ONE_STEP = """
[[steps]]
name = "nothing yet"
do = []
expect = { screen = "welcome" }
"""


def test_a_full_disk_takes_pictures_and_rows_but_not_the_table(tmp_path: Path) -> None:
    """One clear line, the table last, status 1; every other row was played."""
    out = tmp_path / "out"
    (out / ".picture.png" / "in the way").mkdir(parents=True)
    scenario = tmp_path / "one.toml"
    scenario.write_text(ONE_STEP, encoding="utf-8")
    shop = subprocess.Popen(
        [sys.executable, "-m", "rig", "demo", "--auto", "--out", str(out),
         "--scenario", str(scenario)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    until((out / "logs").exists, "what earlier runs left is cleared")
    (out / "trip.json").symlink_to("/dev/full")
    said, complained = shop.communicate(timeout=3 * DEADLINE_S)
    assert shop.returncode == 1
    assert complained.count("\n") == 1, complained
    assert "no further picture: " in complained
    assert "trip.json: No space left on device" in complained
    assert "same nothing yet" in said
    assert said.strip().splitlines()[-1].startswith("└")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A shop that can't be opened is one line and status 2."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "rig", "demo", "--auto", "--out", str(tmp_path / "file" / "out")],
        capture_output=True, text=True, check=False, timeout=DEADLINE_S, cwd=ROOT,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "file/out" in done.stderr
