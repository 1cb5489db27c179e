"""A frame and where frames come from: the one Protocol that a camera, a folder or a rig fulfils.

The newest frame wins: a source may drop frames and says how many by their sequence. It must never
keep a frame on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Layout = Literal["RGB", "BGR", "YUV420", "NV12"]

SMALL_WIDTH = 640
TO_RGB: dict[Layout, int] = {
    "BGR": cv2.COLOR_BGR2RGB,
    "YUV420": cv2.COLOR_YUV2RGB_I420,
    "NV12": cv2.COLOR_YUV2RGB_NV12,
}


class SourceLostError(Exception):
    """No frames can be had from here now; the text says what to look at."""


class SourceEndedError(Exception):
    """A recording is over: there is nothing to mend, and nothing to open again."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture. `luma` is HxW uint8; `pixels` is what the source delivered, in its `layout`, and
    `scaled` the luma that the camera's own scaler made, if it has one. `sensed_ms` is when the
    light fell, on the host's monotonic clock; `sequence` counts the sensor's frames, also those
    not delivered."""

    luma: Pixels
    sensed_ms: int
    sequence: int
    pixels: Pixels
    layout: Layout
    scaled: Pixels | None = None

    @classmethod
    def of_rgb(cls, rgb: Pixels, sensed_ms: int, sequence: int) -> Frame:
        """A frame of HxWx3 uint8, red first."""
        luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        return cls(luma, sensed_ms, sequence, rgb, "RGB")

    @classmethod
    def of_bgr(cls, bgr: Pixels, sensed_ms: int, sequence: int) -> Frame:
        """A frame of HxWx3 uint8, blue first, as OpenCV and the camera's "RGB888" have it."""
        luma = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
        return cls(luma, sensed_ms, sequence, bgr, "BGR")

    @property
    def small(self) -> Pixels:
        """The luma, at most `SMALL_WIDTH` wide."""
        if self.scaled is not None:
            return self.scaled
        height, width = self.luma.shape
        size = small_size(width, height)
        if size == (width, height):
            return self.luma
        return np.asarray(cv2.resize(self.luma, size, interpolation=cv2.INTER_AREA), np.uint8)

    @property
    def rgb(self) -> Pixels:
        """HxWx3 uint8 RGB; made when it is asked for, as most frames are never looked at."""
        if self.layout == "RGB":
            return self.pixels
        rgb = np.asarray(cv2.cvtColor(self.pixels, TO_RGB[self.layout]), np.uint8)
        return rgb[:, : self.luma.shape[1]]  # rows of a camera's buffer may be longer


def small_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of `Frame.small`; even, as cameras want them."""
    if width <= SMALL_WIDTH:
        return width, height
    return SMALL_WIDTH, height * SMALL_WIDTH // width // 2 * 2


class FrameSource(Protocol):
    """Where frames come from."""

    def newest(self, timeout_s: float) -> Frame | None:
        """The newest frame not given before, or None when none came in time.

        Raises SourceLostError when the source is gone and a new one must be opened, and
        SourceEndedError at the end of a recording."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...
