"""Recorded trips replay to the same journal, byte for byte, on both Pythons that carts run.

A trip is `<name>.mcap` (what the senses said) and `<name>.jsonl` (the journal's export). When the
mind changes on purpose, `make golden` writes the exports anew and their diff is part of the commit.
"""

from __future__ import annotations

import configparser
import subprocess
from pathlib import Path

import pytest

from tests.pythons import find_python

ROOT = Path(__file__).parents[2]
TRIPS = sorted(Path(__file__).parent.glob("*.mcap"))
NEEDED = ("msgspec", "biip", "mcap")


@pytest.fixture(scope="session", params=["3.11", "3.13"])
def python(request: pytest.FixtureRequest) -> Path:
    """An interpreter with nothing but what a replay needs, kept between runs."""
    version: str = request.param
    folder = ROOT / ".venv" / f"replay-{version}"
    interpreter = folder / "bin" / "python"
    if not (folder / "complete").exists():
        bare = str(find_python(version))
        subprocess.run([bare, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", *_requirements()]
        subprocess.run(pip, check=True)
        (folder / "complete").touch()
    return interpreter


@pytest.mark.parametrize("trip", TRIPS, ids=lambda path: path.stem)
def test_a_recorded_trip_gives_the_same_journal(python: Path, trip: Path) -> None:
    """What is kept in the repository, replayed by this Python, gives exactly the kept export."""
    done = subprocess.run(
        [python, "-m", "rig", "replay", trip], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.splitlines() == trip.with_suffix(".jsonl").read_bytes().splitlines()
    assert done.stdout == trip.with_suffix(".jsonl").read_bytes()


def test_there_are_recorded_trips() -> None:
    """An empty folder would let the test above say nothing."""
    assert TRIPS


def _requirements() -> list[str]:
    """The ranges of setup.cfg, so that a replay runs on what a cart runs on."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    rows = setup["options"]["install_requires"].split()
    return [row for row in rows if row.startswith(NEEDED)]
