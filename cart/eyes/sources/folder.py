"""Frames from a folder of pictures, in sorted order, once: for trying the eyes on photos."""

from __future__ import annotations

import time
from pathlib import Path

from cart.eyes.frames import Frame, SourceEndedError, SourceLostError
from models.errors import ModelError
from models.pictures import photo_paths, read_rgb


class FolderSource:
    """Gives each picture once, and then it is over."""

    def __init__(self, place: str) -> None:
        self._place = place
        folder = Path(place)
        if not folder.is_dir():
            raise SourceLostError(f"folder {place}: no such folder")
        self._paths = iter(photo_paths(folder))
        self._sequence = 0

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource. An unreadable picture is passed over; its gap shows in the sequence."""
        del timeout_s  # a folder never lets us wait
        for path in self._paths:
            self._sequence += 1
            try:
                rgb = read_rgb(path)
            except ModelError:
                continue
            return Frame.of_rgb(rgb, time.monotonic_ns() // 1_000_000, self._sequence)
        raise SourceEndedError(f"folder {self._place}: no further picture")

    def close(self) -> None:
        """See FrameSource."""
