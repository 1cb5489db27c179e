"""Frames from a video file or a camera that OpenCV can open (`video:0` is /dev/video0)."""

from __future__ import annotations

import time

import cv2
import numpy as np

from cart.eyes.frames import Frame, SourceLostError


class VideoSource:
    """Gives one decoded frame after the other."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._capture = cv2.VideoCapture(int(place) if place.isdecimal() else place)
        if not self._capture.isOpened():
            raise SourceLostError(f"video {place}: cannot be opened; check the file or the cable")
        self._sequence = 0

    def newest(self, timeout_s: float) -> Frame | None:  # noqa: ARG002 - OpenCV can't be timed
        """See FrameSource. The end of the file is a lost source."""
        good, picture = self._capture.read()
        if not good:
            raise SourceLostError(f"video {self._place}: no further frame")
        self._sequence += 1
        rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
        return Frame.of_rgb(rgb, time.monotonic_ns() // 1_000_000, self._sequence)

    def close(self) -> None:
        """See FrameSource."""
        self._capture.release()
