"""`python -m models look`: one picture of what the eyes see, of any source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.pictures import Pixels, read_rgb
from models.viewfinder_page import CHANGE, CODE
from tests.data import ROOT
from tests.eyes.codes import frame_with_code, write_video

DIGITS = "9520000000011"


def look(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "models", "look", *arguments],
        capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
    )  # fmt: skip


def holds(picture: Pixels, colour: tuple[int, int, int]) -> bool:
    """Whether the page has a good deal of this colour."""
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum()) > 500


@pytest.mark.parametrize("kind", ["photo", "folder", "video"])
def test_each_source_becomes_a_page(tmp_path: Path, kind: str) -> None:
    """The code is said and outlined on the page; of a video, what changed is outlined too."""
    photos, video = tmp_path / "photos", tmp_path / "trip.avi"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), frame_with_code(DIGITS))
    empty = np.full((360, 640, 3), 120, np.uint8)
    write_video(video, [empty, empty, frame_with_code(DIGITS)])
    source = {"photo": photos / "a.png", "folder": photos, "video": video}[kind]
    out = tmp_path / "look.png"
    done = look(str(source), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert f"EAN13 {DIGITS}" in done.stdout
    page = read_rgb(out)
    assert page.shape[1] % 1440 == 0
    assert holds(page, CODE)
    assert holds(page, CHANGE) == (kind == "video")
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == [".avi", ".png"]


def test_a_source_that_is_none_is_named(tmp_path: Path) -> None:
    """One line that says what would do."""
    done = look("/no/such/thing", "--out", str(tmp_path / "look.png"))
    assert done.returncode == 1
    assert "no picture, folder, video or camera" in done.stderr
    assert not list(tmp_path.iterdir())
