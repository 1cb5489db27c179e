"""Looks during one movement in view, joined: what the hand carries is said while it moves.

The crop is what differs from the last still picture. Looks are joined over a few frames and said
early, before the load has settled. Pure but for the recogniser it is given.
"""

from __future__ import annotations

from cart.eyes.frames import Frame, Pixels
from models.gallery import Belief, Gallery
from models.motion import Box, changed_box
from models.recogniser import Recogniser, Sighting, mean_sighting

LOOK_EVERY_MS = 80
HELD_LOOKS_JOINED = 2
PASSING_LOOKS_JOINED = 4
HELD_PIXELS_PER_MS = 0.12
"""Slower than this, a thing is being shown; faster, it only passes, smeared and half in view."""
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
        self._held: list[Sighting] = []
        self._passing: list[Sighting] = []
        self._said = 0
        self._moved_ms = 0
        self._place: tuple[int, int, int] | None = None

    def still(self, frame: Frame) -> None:
        """Nothing moves in this frame."""
        if self._background is None or frame.sensed_ms - self._moved_ms > QUIET_MS:
            self._background = frame.luma
            self._held.clear()
            self._passing.clear()
            self._place = None
            self._said = 0

    def moving(self, frame: Frame) -> Belief | None:
        """Something moves: look at it now and then; a belief when enough looks are joined.

        A few looks at a thing held out are worth more than many at one that passes: those count
        only while nothing has been held."""
        self._moved_ms = frame.sensed_ms
        if self._background is None or self._said >= SAID_MAX or not self._is_due(frame):
            return None
        box = changed_box(self._background, frame.luma)
        if box is None or not _large_enough(box):
            return None
        held = self._is_held(box, frame.sensed_ms)
        looks, joined = (
            (self._held, HELD_LOOKS_JOINED) if held else (self._passing, PASSING_LOOKS_JOINED)
        )
        if not held and (self._held or self._said):
            return None
        looks.append(self._recogniser.look(crop(frame, box)))
        return self._belief(looks) if len(looks) == joined else None

    def _is_due(self, frame: Frame) -> bool:
        return self._place is None or frame.sensed_ms - self._place[2] >= LOOK_EVERY_MS

    def _is_held(self, box: Box, sensed_ms: int) -> bool:
        """Whether the thing is about where the last look found it."""
        last = self._place
        self._place = x, y, _ = (box.left + box.right) // 2, (box.top + box.bottom) // 2, sensed_ms
        if last is None:
            return False
        moved_pixels = abs(x - last[0]) + abs(y - last[1])
        return moved_pixels <= HELD_PIXELS_PER_MS * (sensed_ms - last[2])

    def _belief(self, looks: list[Sighting]) -> Belief:
        belief = self._gallery.believe(mean_sighting(looks).embedding)
        looks.clear()
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
