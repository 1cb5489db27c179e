"""A frame and where frames come from: the one Protocol that a camera, a folder or a rig fulfils.

The newest frame wins: a source may drop frames and says how many by their sequence. It must never
keep a frame on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class SourceLostError(Exception):
    """No frames can be had from here now; the text says what to look at."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: HxWx3 uint8 RGB and HxW uint8 luma. `sensed_ms` is when the light fell, on the
    host's monotonic clock; `sequence` counts the sensor's frames, also those not delivered."""

    rgb: Pixels
    luma: Pixels
    sensed_ms: int
    sequence: int

    @classmethod
    def of_rgb(cls, rgb: Pixels, sensed_ms: int, sequence: int) -> Frame:
        """A frame whose luma is computed."""
        luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
        return cls(rgb, luma, sensed_ms, sequence)


class FrameSource(Protocol):
    """Where frames come from."""

    def newest(self, timeout_s: float) -> Frame | None:
        """The newest frame not given before, or None when none came in time.

        Raises SourceLostError when the source is gone; a new source must then be opened."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...
