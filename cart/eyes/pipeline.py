"""What is done with each frame: motion first, then codes, then looks. Time is spent where it pays.

A still frame costs a fraction of a millisecond. It must never wait: what takes too long costs
frames, and the newest one wins.
"""

from __future__ import annotations

from collections.abc import Iterator

from cart.contract.senses import (
    CameraCondition,
    Candidate,
    Candidates,
    CodeRead,
    EyesMessage,
    KeepClip,
    KnownCodes,
    Sighting,
    ToEyesMessage,
)
from cart.eyes.appearances import Appearances, Shown
from cart.eyes.background import Background
from cart.eyes.clips import ClipKeeper
from cart.eyes.episodes import Episodes
from cart.eyes.frames import Frame
from cart.eyes.gaze import Gaze
from cart.eyes.joint import JointReader
from models.gallery import Belief
from models.health import CameraHealth
from models.motion import Box, MotionGate
from models.reader import Reader
from models.symbols import Read

CANDIDATES_MAX = 8
READ_AFTER_MOTION_MS = 400
"""A hand may hold an item quite still before the camera: go on reading for a moment."""
MOVING_BUDGET_MS = 40.0
"""A moving frame's time for codes: the next one comes soon, and looks want their share."""
STILL_BUDGET_MS = 150.0
"""What has just come to rest is sharp and stays: worth the reader's last stage."""
FIRST_STAGE_MS = 0.0
"""A turned view gets the reader's cheapest stage only."""


class Pipeline:
    """From frames to messages for the cart. `episodes` None: a cart without a recogniser; `clips`
    None: no picture is ever kept. `condition` is the camera's, for the heartbeat."""

    def __init__(
        self, reader: Reader, episodes: Episodes | None, clips: ClipKeeper | None = None
    ) -> None:
        self._reader = reader
        self._episodes = episodes
        self._clips = clips
        self._gate = MotionGate()
        self._background = Background()
        self._gaze = Gaze()
        self._health = CameraHealth()
        self._joint = JointReader()
        self._appearances = Appearances()
        self._moved_ms = -READ_AFTER_MOTION_MS
        self.condition: CameraCondition = "good"

    def told(self, message: ToEyesMessage) -> None:
        """Take what the cart says into account."""
        match message:
            case KnownCodes():
                self._reader.know(message.gtins)
                self._joint.know(message.gtins)
                self._appearances.know(message.gtins)
            case KeepClip():
                if self._clips is not None:
                    self._clips.keep(message.reason, message.sensed_ms)
            case Candidates():
                pass  # every product stays possible

    def reopened(self) -> None:
        """The camera was opened again: what its picture suffered from may be over."""
        self._health, self.condition = CameraHealth(), "good"

    def see(self, frame: Frame) -> Iterator[EyesMessage]:
        """Look at one frame."""
        moving = self._gate.update(frame.luma) == "moving"
        self.condition = self._health.update(frame.luma, frame.sensed_ms, moving=moving)
        if self._clips is not None:
            self._clips.add(frame.small, frame.sensed_ms, is_still=not moving)
        if moving:
            self._moved_ms = frame.sensed_ms
            self._background.moving(frame)
        reads: list[Read] = []
        if frame.sensed_ms - self._moved_ms <= READ_AFTER_MOTION_MS:
            regions = self._background.regions(frame.luma)
            if moving and self._episodes is not None:
                for belief in self._episodes.moving(frame, regions):
                    yield _sighting(belief, frame.sensed_ms)
            budget_ms = MOVING_BUDGET_MS if moving else STILL_BUDGET_MS
            reads = self._codes(frame, regions, budget_ms)
        for shown in self._appearances.update(reads, frame.sensed_ms):
            yield _code_read(shown)
        if not moving and self._background.still(frame) and self._episodes is not None:
            self._episodes.over()

    def _codes(self, frame: Frame, regions: list[Box], budget_ms: float) -> list[Read]:
        """What is read upright; else what the frames say together, else what is read turned."""
        views = list(self._gaze.upright(frame.luma, regions))
        looks = [self._reader.look(view, budget_ms / len(views)) for view in views]
        reads = [read for look in looks for read in look.reads]
        if reads or not regions:
            self._joint.forget()
        else:
            reads = self._joint.read(looks[0].decoded, frame.sensed_ms)
        if not reads:
            for view in self._gaze.turned(frame.luma, regions):
                reads += self._reader.read(view, FIRST_STAGE_MS)
        return reads


def _code_read(shown: Shown) -> CodeRead:
    read = shown.read
    return CodeRead(
        shown.sensed_ms,
        read.text,
        read.format,
        shown.frames,
        min(0, read.millinats),
        read.stage,
        shown.proven,
    )


def _sighting(belief: Belief, sensed_ms: int) -> Sighting:
    best = sorted(belief.millinats.items(), key=lambda pair: (-pair[1], pair[0]))
    candidates = tuple(Candidate(sku, min(0, score)) for sku, score in best[:CANDIDATES_MAX])
    return Sighting(sensed_ms, candidates, min(0, belief.unknown_millinats))
