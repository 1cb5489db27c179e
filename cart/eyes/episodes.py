"""Looks during one movement in view, joined: what the hand carries is said while it moves.

The crop is what differs from the last still picture. Looks are joined over a few frames and said
early, before the load has settled. Pure but for the recogniser it is given.
"""

from __future__ import annotations

from cart.eyes.frames import Frame, Pixels
from models.gallery import Belief, Gallery
from models.motion import Box, changed_box
from models.recogniser import Recogniser, Sighting, mean_sighting

LOOK_EVERY_MS = 120
LOOKS_JOINED = 3
SAID_MAX = 4
SIDE_PIXELS_MIN = 96
QUIET_MS = 700
"""Still for this long, the picture is the new background and the episode is over."""


class Episodes:
    """Watches one movement after the other."""

    def __init__(self, recogniser: Recogniser, gallery: Gallery) -> None:
        self._recogniser = recogniser
        self._gallery = gallery
        self._background: Pixels | None = None
        self._looks: list[Sighting] = []
        self._said = 0
        self._looked_ms = 0
        self._moved_ms = 0

    def still(self, frame: Frame) -> None:
        """Nothing moves in this frame."""
        if self._background is None or frame.sensed_ms - self._moved_ms > QUIET_MS:
            self._background = frame.luma
            self._looks.clear()
            self._said = 0

    def moving(self, frame: Frame) -> Belief | None:
        """Something moves: look at it now and then; a belief when enough looks are joined."""
        self._moved_ms = frame.sensed_ms
        if self._background is None or self._said >= SAID_MAX:
            return None
        if frame.sensed_ms - self._looked_ms < LOOK_EVERY_MS:
            return None
        box = changed_box(self._background, frame.luma)
        if box is None or not _large_enough(box):
            return None
        self._looked_ms = frame.sensed_ms
        self._looks.append(self._recogniser.look(crop(frame, box)))
        if len(self._looks) < LOOKS_JOINED:
            return None
        belief = self._gallery.believe(mean_sighting(self._looks).embedding)
        self._looks.clear()
        self._said += 1
        return belief


def crop(frame: Frame, box: Box) -> Pixels:
    """The square around the box, as far as the frame reaches."""
    side = max(box.right - box.left, box.bottom - box.top)
    side = min(side, *frame.luma.shape)
    left = _shifted((box.left + box.right - side) // 2, side, frame.luma.shape[1])
    top = _shifted((box.top + box.bottom - side) // 2, side, frame.luma.shape[0])
    return frame.rgb[top : top + side, left : left + side]


def _shifted(start: int, side: int, length: int) -> int:
    return max(0, min(start, length - side))


def _large_enough(box: Box) -> bool:
    return min(box.right - box.left, box.bottom - box.top) >= SIDE_PIXELS_MIN
