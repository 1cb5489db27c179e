"""Looks during one movement in view, joined: what the hands carry is said while it moves.

Each region that differs from the background is followed by itself: two goods, one in each hand,
are two looks. Looks are joined over a few frames and said early, before the load has settled. Pure
but for the recogniser it is given.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from cart.eyes.frames import Frame, Pixels
from models.gallery import Belief, Gallery
from models.motion import Box, joined
from models.recogniser import Recogniser, Sighting, mean_sighting

LOOK_EVERY_MS = 80
HELD_LOOKS_JOINED = 2
PASSING_LOOKS_JOINED = 4
HELD_PIXELS_PER_MS = 0.12
"""Slower than this, a thing is being shown; faster, it only passes, smeared and half in view."""
SAID_MAX = 4
SIDE_PIXELS_MIN = 96
ARM_GAP_PIXELS = 64
"""A sleeve like the background may part a hand from its arm; two hands are further apart."""
RIM_SHARE = 0.1


@dataclass(slots=True)
class _Thing:
    """A region followed from look to look: its middle, and the looks not yet joined."""

    x: int
    y: int
    looked_ms: int
    held: list[Sighting] = field(default_factory=list)
    passing: list[Sighting] = field(default_factory=list)


class Episodes:
    """Watches one movement after the other."""

    def __init__(self, recogniser: Recogniser, gallery: Gallery) -> None:
        self._recogniser = recogniser
        self._gallery = gallery
        self._things: list[_Thing] = []
        self._looked_ms: int | None = None
        self._said = 0
        self._any_held = False

    def over(self) -> None:
        """The picture is quiet: what moves next is something else."""
        self._things.clear()
        self._looked_ms = None
        self._said = 0
        self._any_held = False

    def moving(self, frame: Frame, regions: list[Box]) -> list[Belief]:
        """Something moves: look at it now and then; a belief for each thing with enough looks.

        A few looks at a thing held out are worth more than many at one that passes: those count
        only while nothing has been held."""
        if self._looked_ms is not None and frame.sensed_ms - self._looked_ms < LOOK_EVERY_MS:
            return []
        boxes = _things_in(regions, frame.luma.shape)
        if boxes:
            self._looked_ms = frame.sensed_ms
        looked = [self._look(frame, box) for box in boxes]
        return [belief for belief in looked if belief is not None]

    def _look(self, frame: Frame, box: Box) -> Belief | None:
        thing, is_held = self._followed(box, frame.sensed_ms)
        self._any_held |= is_held
        if self._said >= SAID_MAX or (not is_held and (self._any_held or self._said)):
            return None
        looks, joined = (
            (thing.held, HELD_LOOKS_JOINED) if is_held else (thing.passing, PASSING_LOOKS_JOINED)
        )
        looks.append(self._recogniser.look(crop(frame, box)))
        return self._belief(looks) if len(looks) == joined else None

    def _followed(self, box: Box, sensed_ms: int) -> tuple[_Thing, bool]:
        """The thing that this region shows, and whether it is about where the last look found it.

        It is the nearest one whose middle was within the region; else something new."""
        x, y = (box.left + box.right) // 2, (box.top + box.bottom) // 2
        near = [thing for thing in self._things if box.holds(thing.x, thing.y)]
        if not near:
            self._things.append(_Thing(x, y, sensed_ms))
            return self._things[-1], False
        thing = min(near, key=lambda one: abs(one.x - x) + abs(one.y - y))
        moved_pixels = abs(x - thing.x) + abs(y - thing.y)
        is_held = moved_pixels <= HELD_PIXELS_PER_MS * (sensed_ms - thing.looked_ms)
        thing.x, thing.y, thing.looked_ms = x, y, sensed_ms
        return thing, is_held

    def _belief(self, looks: list[Sighting]) -> Belief:
        belief = self._gallery.believe(mean_sighting(looks).embedding)
        looks.clear()
        self._said += 1
        return belief


def _things_in(regions: list[Box], shape: tuple[int, ...]) -> list[Box]:
    """A region for each thing in a hand: arms come in over the rim, and what hangs on no arm lies
    there already. Two arms come over the same rim, side by side; anything else is parts of one
    thing, and that is all that changed, its shadow and its hand too, as products are enrolled."""
    parts = joined(regions, ARM_GAP_PIXELS)
    in_hands = [box for box in parts if _large_enough(box) and _rims(box, shape)]
    if not in_hands:
        return []
    first, *others = sorted(in_hands, key=lambda box: -box.area)
    beside = [box for box in others if _rims(box, shape) & _rims(first, shape)]
    if beside:
        return [first, beside[0]]
    return [functools.reduce(Box.around, regions)]


def _rims(box: Box, shape: tuple[int, ...]) -> set[str]:
    """Which rims of the frame a region reaches."""
    near_pixels = round(RIM_SHARE * shape[0])
    reached = {
        "left": box.left < near_pixels,
        "top": box.top < near_pixels,
        "right": box.right > shape[1] - near_pixels,
        "bottom": box.bottom > shape[0] - near_pixels,
    }
    return {rim for rim, is_near in reached.items() if is_near}


def crop(frame: Frame, box: Box) -> Pixels:
    """The square around the box, as far as the frame reaches."""
    square = box.square(frame.luma.shape)
    return frame.rgb[square.top : square.bottom, square.left : square.right]


def _large_enough(box: Box) -> bool:
    return min(box.right - box.left, box.bottom - box.top) >= SIDE_PIXELS_MIN
