"""The whole shop when something breaks that is not the cart: its broker, the disk under --out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from rig.cart_watch import CartWatch
from rig.demo.stack import BROKER, Options, Stack
from tests.data import ROOT
from tests.waiting import DEADLINE_S, until

ONE_STEP = """
[[steps]]
name = "nothing yet"
do = []
expect = { screen = "welcome" }
"""


def was_started(stack: Stack, name: str, times: int) -> bool:
    """Whether a program of the shop was started so often."""
    return stack.supervisor.starts(name) >= times


@pytest.mark.machines
def test_a_killed_broker_is_back_and_the_cart_online(tmp_path: Path) -> None:
    """`kill -9` from outside is noticed; cart and store find the broker on the same port."""
    with Stack(Options(tmp_path)) as stack, CartWatch(stack.screen_socket, lambda _: None) as watch:
        assert watch.wait_for(lambda snapshot: snapshot.online, DEADLINE_S)
        os.kill(stack.supervisor.pid(BROKER), signal.SIGKILL)
        assert watch.wait_for(lambda snapshot: not snapshot.online, DEADLINE_S)
        until(partial(was_started, stack, BROKER, 2), "the broker again")
        assert watch.wait_for(lambda snapshot: snapshot.online, DEADLINE_S)


@pytest.mark.machines
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
