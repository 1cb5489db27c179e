"""The command `python -m ui`, and what it says when it cannot work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ui.harness import ROOT, kept_snapshots
from tests.waiting import DEADLINE_S

KEPT = Path(__file__).with_name("snapshots.jsonl")


def ui(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, with no display."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "-m", "ui", *arguments],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_help_needs_no_window() -> None:
    """--help names the arguments."""
    told = ui("--help")
    assert told.returncode == 0
    assert "--socket" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give --socket"),
        (("--socket", "a", "--size", "big"), "1280x800"),
        (("--socket", "a", "--size", "100x100"), "1280x800"),
        (("--socket", "x" * 200), "107 bytes"),
        (("--replay", "/nowhere/trip.jsonl"), "no file"),
        (("--socket", "a", "--pictures", "/nowhere"), "no folder"),
        (("--socket", "a", "--language", "tlh"), "--language"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str) -> None:
    """A wrong argument ends with status 2 and names what to give."""
    told = ui(*arguments)
    assert told.returncode == 2
    assert said in told.stderr


def test_without_gl_it_says_what_to_install(tmp_path: Path) -> None:
    """Status 3 and one line with the Debian packages, where nothing can be drawn."""
    told = ui("--socket", str(tmp_path / "no.sock"), SDL_VIDEO_EGL_DRIVER="/nowhere/libEGL.so.1")
    assert told.returncode == 3, told.stderr
    (line,) = told.stderr.strip().splitlines()
    assert "libegl1 libgl1 libgl1-mesa-dri libgbm1" in line


def test_a_replay_shows_every_kept_snapshot(tmp_path: Path) -> None:
    """A recorded trip is shown to its end, with a picture of each screen entered."""
    told = ui("--replay", str(KEPT), "--pace", "150", "--shots", str(tmp_path))
    assert (told.returncode, told.stderr) == (0, "")
    routes = [snapshot.route for snapshot in kept_snapshots()]
    entered = [
        route for route, before in zip(routes, ["", *routes], strict=False) if route != before
    ]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{number:02}-{route}.png" for number, route in enumerate(entered, 1)]


def test_a_broken_replay_is_refused(tmp_path: Path) -> None:
    """The line that is no snapshot is named."""
    trip = tmp_path / "trip.jsonl"
    trip.write_bytes(KEPT.read_bytes() + b'{"revision": "many"}\n')
    told = ui("--replay", str(trip))
    assert told.returncode == 1
    assert f"trip.jsonl:{len(kept_snapshots()) + 1}" in told.stderr


def test_texts_check() -> None:
    """The words can be checked by command."""
    assert ui("texts", "--check").returncode == 0
