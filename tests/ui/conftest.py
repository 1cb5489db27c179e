"""One real screen for all the tests that only look and touch."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.ui.harness import Screen


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good picture and one that is broken."""
    folder = tmp_path_factory.mktemp("pictures")
    picture = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((20, 20, 280, 180), fill="#E0B020")
    picture.save(folder / "bananas.png")
    (folder / "cheese.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return folder


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder whose path is short enough for a Unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="ui"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def screen(pictures: Path) -> Iterator[Screen]:
    """The screen at 1280x800, in English, kept for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="ui"))
    shown = Screen(folder, "--pictures", str(pictures), "--shots", str(folder / "shots"))
    yield shown
    shown.close()
    shutil.rmtree(folder)
