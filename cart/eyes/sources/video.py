"""Frames that OpenCV can read: a USB camera, a network stream, a recorded file.

A USB camera is best named by what it is, /dev/v4l/by-id/…: `video:0` is whoever came first. A
file has no clock; it gives every frame, in order. It must never let two threads touch one capture.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cart.eyes.frames import Frame, FrameSource, SourceEndedError, SourceLostError
from cart.eyes.sources.latest import END_S, Latest
from cart.eyes.sources.settings import Settings

STAMP_AGE_MS_MAX = 1_000
YUYV_PIXELS_MAX = 640 * 480
"""Above this, USB 2 carries 15 frames a second only as JPEG."""

log = logging.getLogger(__name__)


def open_video(place: str, settings: Settings) -> FrameSource:
    """The right source for a place. Raises SourceLostError."""
    device = Path(f"/dev/video{place}" if place.isdecimal() else place)
    if device.is_char_device():
        capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
    else:
        capture = cv2.VideoCapture(place)
    if not capture.isOpened():
        raise SourceLostError(f"video {place}: cannot be opened; check the file or the cable")
    if device.is_file():
        return FileSource(place, capture)
    if device.is_char_device():
        tell(capture, settings, place)
    return CameraSource(place, capture)


def tell(capture: cv2.VideoCapture, settings: Settings, place: str) -> None:
    """Give a camera its settings; what it does not take is said in the log, and it goes on."""
    refused = [
        name for name, key, value in orders(settings) if not capture.set(key, value)
    ]  # in this order: a size belongs to a format
    if refused:
        log.warning("video %s does not take %s", place, ", ".join(refused))


def orders(settings: Settings) -> list[tuple[str, int, float]]:
    """The settings in V4L2's words: name, OpenCV's property, value.

    A USB camera has no gains of red and blue: a fixed white balance is daylight's 5000 K. Its
    focus has no unit either, so the dioptres only say that it stays where it is."""
    width, height = settings.size
    code = "YUYV" if width * height <= YUYV_PIXELS_MAX else "MJPG"
    rows: list[tuple[str, int, float | None]] = [
        ("format", cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*code)),
        ("width", cv2.CAP_PROP_FRAME_WIDTH, width),
        ("height", cv2.CAP_PROP_FRAME_HEIGHT, height),
        ("rate", cv2.CAP_PROP_FPS, settings.fps),
    ]
    if settings.exposure_us is not None:
        rows += [  # V4L2_EXPOSURE_MANUAL is 1; exposure_absolute counts 100 microseconds
            ("manual exposure", cv2.CAP_PROP_AUTO_EXPOSURE, 1),
            ("exposure", cv2.CAP_PROP_EXPOSURE, max(1, settings.exposure_us // 100)),
        ]
    rows.append(("gain", cv2.CAP_PROP_GAIN, settings.gain))
    if settings.white_balance is not None:
        rows += [
            ("manual white balance", cv2.CAP_PROP_AUTO_WB, 0),
            ("white balance", cv2.CAP_PROP_WB_TEMPERATURE, 5_000),
        ]
    if settings.focus_dioptres is not None:
        rows.append(("fixed focus", cv2.CAP_PROP_AUTOFOCUS, 0))
    return [(name, key, value) for name, key, value in rows if value is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """One frame as OpenCV has it; only if somebody looks is more made of it."""

    bgr: cv2.typing.MatLike
    sensed_ms: int
    sequence: int

    def frame(self) -> Frame:
        return Frame.of_bgr(np.asarray(self.bgr, np.uint8), self.sensed_ms, self.sequence)


def _pictures(capture: cv2.VideoCapture) -> Iterator[_Picture | None]:
    """Each picture, stamped before it is decoded, until the capture ends; None: a broken one."""
    is_device = capture.getBackendName() == "V4L2"
    sequence = 0
    while capture.grab():
        sensed_ms = time.monotonic_ns() // 1_000_000
        if is_device:
            sensed_ms = _drivers_stamp_ms(capture.get(cv2.CAP_PROP_POS_MSEC), sensed_ms)
        sequence += 1
        good, bgr = capture.retrieve()
        yield _Picture(bgr, sensed_ms, sequence) if good else None


def _drivers_stamp_ms(stamp_ms: float, now_ms: int) -> int:
    """The driver's stamp of the frame, if it is one on our clock."""
    return round(stamp_ms) if 0 <= now_ms - stamp_ms <= STAMP_AGE_MS_MAX else now_ms


class FileSource:
    """Gives each frame of a recording, as fast as it is asked."""

    def __init__(self, place: str, capture: cv2.VideoCapture) -> None:
        self._place = place
        self._capture = capture
        self._pictures = _pictures(capture)

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource."""
        del timeout_s  # a file never lets us wait
        for picture in self._pictures:
            if picture is not None:
                return picture.frame()
        raise SourceEndedError(f"video {self._place}: no further frame")

    def close(self) -> None:
        """See FrameSource."""
        self._capture.release()


class CameraSource:
    """Gives the newest frame of a camera."""

    def __init__(self, place: str, capture: cv2.VideoCapture) -> None:
        self._place = place
        self._latest: Latest[_Picture] = Latest()
        self._closing = threading.Event()
        self._thread = threading.Thread(
            target=self._read, args=(capture,), name="camera", daemon=True
        )
        self._thread.start()

    def newest(self, timeout_s: float) -> Frame | None:
        """See FrameSource."""
        try:
            newest = self._latest.take(timeout_s)
        except EOFError as error:
            lost = f"video {self._place}: no further frame; check the cable"
            raise SourceLostError(lost) from error
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
                if picture is not None:
                    self._latest.put(picture)
        finally:
            capture.release()
            self._latest.end()
