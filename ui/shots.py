"""Saves pictures of the screen, away from the thread that draws it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from PIL import Image

NUMBERED = re.compile(r"(\d+)-.+\.png")
Done = Callable[[str | None], object]


class Saver:
    """One thread that writes PNG files whole or not at all."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[tuple[Image.Image, Path, Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="shots", daemon=True)
        self._thread.start()

    def save(self, picture: Image.Image, path: Path, done: Done = lambda error: None) -> None:
        """Write a picture soon; `done` gets None, or what went wrong."""
        self._waiting.put((picture, path, done))

    def close(self) -> None:
        """Wait until every picture is written."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while job := self._waiting.get():
            picture, path, done = job
            unfinished = path.with_name(f".{path.name}.part")
            try:
                picture.save(unfinished, format="PNG", compress_level=6)
                unfinished.replace(path)
            except OSError as error:
                done(f"cannot save {path}: {error}")
            else:
                done(None)


class Shots:
    """A numbered picture of every screen that is entered, in `folder`."""

    def __init__(self, folder: Path, saver: Saver) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._saver = saver
        self._number = highest_number(folder)

    def take(self, route: str, picture: Image.Image) -> None:
        """Keep a picture of a screen under the next number."""
        self._number += 1
        self._saver.save(picture, self._folder / f"{self._number:02}-{route}.png")


def highest_number(folder: Path) -> int:
    """The highest number among the pictures of a folder: a restart goes on after it."""
    numbers = (NUMBERED.fullmatch(path.name) for path in folder.iterdir())
    return max((int(number[1]) for number in numbers if number), default=0)
