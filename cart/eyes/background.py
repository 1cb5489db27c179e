"""The last picture in which nothing moved, and what differs from it: where hands and goods are.

One picture is kept, in memory. It must never say what differs.
"""

from __future__ import annotations

from cart.eyes.frames import Frame, Pixels
from models.motion import Box, changed_boxes

QUIET_MS = 700
"""Still for this long, a picture is the new background."""


class Background:
    """Learns the background from still frames."""

    def __init__(self) -> None:
        self._luma: Pixels | None = None
        self._moved_ms = 0

    def moving(self, frame: Frame) -> None:
        """Something moves in this frame."""
        self._moved_ms = frame.sensed_ms

    def still(self, frame: Frame) -> bool:
        """Nothing moves in this frame; True when it is the background from now on."""
        is_new = self._luma is None or frame.sensed_ms - self._moved_ms > QUIET_MS
        if is_new:
            self._luma = frame.luma
        return is_new

    def regions(self, luma: Pixels) -> list[Box]:
        """Where the frame differs from the background, the largest region first."""
        if self._luma is None or self._luma.shape != luma.shape:
            return []
        return changed_boxes(self._luma, luma)
