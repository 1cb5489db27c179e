"""What tests and rig start ends with them, however they are ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.data import ROOT
from tests.waiting import until

WAITS = """
import threading
from rig.broker import Broker
def test_that_waits(tmp_path):
    with Broker(tmp_path):
        threading.Event().wait(60)
"""
CLUSTER = """
import sys
from pathlib import Path
from rig.rabbit import Cluster
with Cluster(Path(sys.argv[1])):
    sys.stdin.read()
"""


def children(pid: int) -> set[int]:
    """The processes that a process started and that live."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_sigterm_ends_what_a_test_started(tmp_path: Path) -> None:
    """A run of tests that is told to end tears its tests down first."""
    test = ROOT / "tests" / "rig" / "test_that_waits_for_sigterm.py"
    folder = ["--basetemp", str(tmp_path / "run"), "-p", "no:cacheprovider"]
    try:
        test.write_text(WAITS)
        run = subprocess.Popen(
            [sys.executable, "-m", "pytest", *folder, str(test)],
            cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (broker,) = until(lambda: children(run.pid), "the broker starts")
        run.send_signal(signal.SIGTERM)
        assert run.wait(20) == pytest.ExitCode.INTERRUPTED
        until(lambda: not lives(broker), "the broker ends")
    finally:
        test.unlink()


@pytest.mark.machines
def test_nodes_die_with_who_started_them(tmp_path: Path) -> None:
    """A chain's nodes and their port mapper do not outlive a rig that is killed."""
    folder = Path(tempfile.mkdtemp(prefix="dashcart-test-"))
    folder.chmod(0o755)  # the user of the nodes goes through it
    rig = subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    try:
        until(lambda: len(children(rig.pid)) == 2, "port mapper and first node start")
        node, mapper = children(rig.pid)
        until(lambda: children(node) or children(mapper), "the node is at work")
        started = {node, mapper, *children(node), *children(mapper)}
        rig.kill()
        rig.wait()
        until(lambda: not any(map(lives, started)), "they end")
    finally:
        assert rig.stdin
        rig.stdin.close()
        shutil.rmtree(folder, ignore_errors=True)
