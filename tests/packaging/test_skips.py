"""tests/conftest.py: in CI nothing is skipped in silence; elsewhere a skip stays a skip."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parent.parent / "conftest.py"
SUITE = """
import pytest

def test_runs():
    pass

def test_skips():
    pytest.skip("no broker here")

@pytest.mark.skip(reason="not today")
def test_is_skipped():
    pass

@pytest.mark.xfail
def test_may_fail():
    assert False
"""
WHOLE_FILE = "import pytest\n\npytest.importorskip('a_library_that_is_not_there')\n"


def run_suite(folder: Path, suite: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run a suite under our conftest; return pytest's exit status and what it printed."""
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=folder, env=clean | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_in_ci_each_skip_is_a_failure_with_its_name(tmp_path: Path) -> None:
    """A skip, a marked skip and an expected failure each fail the session, with test and reason."""
    status, printed = run_suite(tmp_path, SUITE, {"CI": "true"})
    assert status == 1
    named = set(re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)", printed, re.MULTILINE))
    assert named == {"test_skips", "test_is_skipped", "test_may_fail"}
    assert "no broker here" in printed
    assert "not today" in printed


def test_in_ci_a_file_cannot_skip_itself(tmp_path: Path) -> None:
    """A file that leaves when a library is missing fails the session too."""
    status, printed = run_suite(tmp_path, WHOLE_FILE, {"CI": "true"})
    assert status != 0
    assert "a_library_that_is_not_there" in printed


@pytest.mark.parametrize("suite", [SUITE, "def test_runs():\n    pass\n\n" + WHOLE_FILE])
def test_elsewhere_a_skip_is_a_skip(tmp_path: Path, suite: str) -> None:
    """On a newcomer's machine a missing library is no failure."""
    status, printed = run_suite(tmp_path, suite, {})
    assert "skipped" in printed
    assert "failed" not in printed.replace("xfailed", "")
    assert status in {0, 5}
