"""Frames that OpenCV can read: a camera (`video:0` is /dev/video0), a stream, a recorded file.

A camera goes on whether we look or not: a thread reads it and keeps the newest frame only, so the
eyes never look at a queue of old ones. A file has no clock; it gives every frame, in order. It must
never let two threads touch one capture.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cart.eyes.frames import Frame, FrameSource, SourceLostError

END_S = 2.0


def open_video(place: str) -> FrameSource:
    """The right source for a place. Raises SourceLostError."""
    capture = cv2.VideoCapture(int(place) if place.isdecimal() else place)
    if not capture.isOpened():
        raise SourceLostError(f"video {place}: cannot be opened; check the file or the cable")
    return FileSource(place, capture) if Path(place).is_file() else CameraSource(place, capture)


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """One frame as OpenCV has it; its colours are put in order only if somebody looks."""

    bgr: cv2.typing.MatLike
    sensed_ms: int
    sequence: int

    def frame(self) -> Frame:
        rgb = np.asarray(cv2.cvtColor(self.bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame.of_rgb(rgb, self.sensed_ms, self.sequence)


def _pictures(capture: cv2.VideoCapture) -> Iterator[_Picture | None]:
    """Each picture, stamped before it is decoded, until the capture ends; None: a broken one."""
    sequence = 0
    while capture.grab():
        sensed_ms = time.monotonic_ns() // 1_000_000
        sequence += 1
        good, bgr = capture.retrieve()
        yield _Picture(bgr, sensed_ms, sequence) if good else None


class FileSource:
    """Gives each frame of a recording, as fast as it is asked."""

    def __init__(self, place: str, capture: cv2.VideoCapture) -> None:
        self._place = place
        self._capture = capture
        self._pictures = _pictures(capture)

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource. The end of the file is a lost source."""
        del timeout_s  # a file never lets us wait
        for picture in self._pictures:
            if picture is not None:
                return picture.frame()
        raise SourceLostError(f"video {self._place}: no further frame")

    def close(self) -> None:
        """See FrameSource."""
        self._capture.release()


class CameraSource:
    """Gives the newest frame of a camera."""

    def __init__(self, place: str, capture: cv2.VideoCapture) -> None:
        self._place = place
        self._came = threading.Condition()
        self._newest: _Picture | None = None
        self._gone = False
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(capture,), name="camera", daemon=True
        )
        self._thread.start()

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource."""
        with self._came:
            self._came.wait_for(lambda: self._newest is not None or self._gone, timeout_s)
            newest, self._newest = self._newest, None
            if newest is None and self._gone:
                raise SourceLostError(f"video {self._place}: no further frame; check the cable")
        return None if newest is None else newest.frame()

    def close(self) -> None:
        """See FrameSource. A camera that hangs keeps its thread, until the process ends."""
        self._closing.set()
        self._thread.join(END_S)

    def _read(self, capture: cv2.VideoCapture) -> None:
        try:
            for picture in _pictures(capture):
                if self._closing.is_set():
                    break
                with self._came:
                    self._newest = picture or self._newest
                    self._came.notify()
        finally:
            capture.release()
            with self._came:
                self._gone = True
                self._came.notify()
