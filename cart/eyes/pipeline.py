"""What is done with each frame: motion first, then codes, then looks. Time is spent where it pays.

A still frame costs a fraction of a millisecond. It must never wait: what takes too long costs
frames, and the newest one wins.
"""

from __future__ import annotations

from collections.abc import Iterator

from cart.contract.senses import (
    Candidate,
    Candidates,
    CodeRead,
    EyesMessage,
    KeepClip,
    KnownCodes,
    Sighting,
    ToEyesMessage,
)
from cart.eyes.appearances import Appearances
from cart.eyes.episodes import Episodes
from cart.eyes.frames import Frame
from models.gallery import Belief
from models.motion import MotionGate
from models.reader import Reader

CANDIDATES_MAX = 8
READ_AFTER_MOTION_MS = 400
"""A hand may hold an item quite still before the camera: go on reading for a moment."""


class Pipeline:
    """From frames to messages for the cart. `episodes` None: a cart without a recogniser."""

    def __init__(self, reader: Reader, episodes: Episodes | None) -> None:
        self._reader = reader
        self._episodes = episodes
        self._gate = MotionGate()
        self._appearances = Appearances()
        self._moved_ms = -READ_AFTER_MOTION_MS

    def told(self, message: ToEyesMessage) -> None:
        """Take what the cart says into account."""
        match message:
            case KnownCodes():
                self._appearances.know(message.gtins)
            case Candidates() | KeepClip():
                pass  # every product stays possible, and no frame is kept yet

    def see(self, frame: Frame) -> Iterator[EyesMessage]:
        """Look at one frame."""
        moving = self._gate.update(frame.luma) == "moving"
        if moving:
            self._moved_ms = frame.sensed_ms
        if frame.sensed_ms - self._moved_ms <= READ_AFTER_MOTION_MS:
            yield from self._codes(frame)
        if self._episodes is None:
            return
        if not moving:
            self._episodes.still(frame)
            return
        belief = self._episodes.moving(frame)
        if belief is not None:
            yield _sighting(belief, frame.sensed_ms)

    def _codes(self, frame: Frame) -> Iterator[CodeRead]:
        reads = self._reader.read(frame.luma)
        for read, frames in self._appearances.update(reads, frame.sensed_ms):
            yield CodeRead(frame.sensed_ms, read.text, read.format, frames)


def _sighting(belief: Belief, sensed_ms: int) -> Sighting:
    best = sorted(belief.millinats.items(), key=lambda pair: (-pair[1], pair[0]))
    candidates = tuple(Candidate(sku, min(0, score)) for sku, score in best[:CANDIDATES_MAX])
    return Sighting(sensed_ms, candidates, min(0, belief.unknown_millinats))
