"""The eyes' loop: newest frame, messages, heartbeat, and a watch over the age of frames.

Camera stacks stall silently. An old newest frame reopens the source once; if that does not help
the loop ends and the process with it, and systemd starts it anew. A picture that repeats to the bit
reopens it too, but ends nothing: what a new process would see is the same, and the cart is told. It
must never sit on a dead camera without saying so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cart.contract.senses import EyesAlive, EyesMessage, EyesTrouble
from cart.eyes.frames import Frame, FrameSource, SourceEndedError, SourceLostError
from cart.eyes.link import CartLink
from cart.eyes.pipeline import Pipeline

ALIVE_EVERY_MS = 1_000
STALL_MS = 2_000
STALE_LOOKS_MAX = 2
"""One old frame may have waited while we were busy with the one before; a second one is a stall."""
WAIT_S = 0.1


class Stop(Protocol):
    """Whether to end: a signal handler's flag."""

    def __call__(self) -> bool: ...


class Watch:
    """Runs the pipeline over a source that may stall."""

    def __init__(
        self,
        open_source: Callable[[], FrameSource],
        pipeline: Pipeline,
        link: CartLink,
        clock: Callable[[], int],
        *,
        camera: str = "",
        stall_ms: int = STALL_MS,
        alive_every_ms: int = ALIVE_EVERY_MS,
    ) -> None:
        self._open = open_source
        self._pipeline = pipeline
        self._link = link
        self._clock = clock
        self._camera = camera
        self._stall_ms = stall_ms
        self._alive_every_ms = alive_every_ms
        self._newest_ms: int | None = None
        self._alive_ms = 0
        self._sequence: int | None = None
        self.frames = 0
        self.dropped = 0
        self.reopened = 0

    def run(self, stop: Stop, on_ready: Callable[[], None]) -> str:
        """Watch until `stop()` or the end of a recording. Returns "", or why when the source is
        gone for good.

        `on_ready` is called once, when the source is open."""
        trouble = ""
        for self.reopened in (0, 1):
            try:
                source = self._open()
            except SourceLostError as lost:
                trouble = str(lost)
                break
            if not self.reopened:
                on_ready()
            try:
                trouble = self._watch(source, stop)
                if not trouble:
                    return ""
            except SourceLostError as lost:
                trouble = str(lost)
            except SourceEndedError:
                return ""
            finally:
                source.close()
        self._hear(self._clock())
        self._link.say(EyesTrouble(trouble[:500], self._camera))
        return trouble

    def _watch(self, source: FrameSource, stop: Stop) -> str:
        """Why the source has to be opened again; "" when asked to stop."""
        opened_ms, stale_looks = self._clock(), 0
        while not stop():
            frame = source.newest(WAIT_S)
            now_ms = self._clock()
            self._hear(now_ms)
            if frame is not None:
                self._count(frame, now_ms)
                for said in self._pipeline.see(frame):
                    self._link.say(said)
            is_stale = now_ms - max(self._newest_ms or 0, opened_ms) > self._stall_ms
            stale_looks = stale_looks + 1 if is_stale else 0
            if stale_looks == STALE_LOOKS_MAX:
                return f"no frame for {self._stall_ms} ms"
            self._live(now_ms)
            if self._pipeline.condition == "frozen" and not self.reopened:
                self._pipeline.reopened()
                return "the picture is frozen"
        return ""

    def _hear(self, now_ms: int) -> None:
        for message in self._link.heard(now_ms):
            self._pipeline.told(message)

    def _count(self, frame: Frame, now_ms: int) -> None:
        self.frames += 1
        if self._sequence is not None:
            self.dropped += max(0, frame.sequence - self._sequence - 1)
        self._sequence = frame.sequence
        self._newest_ms = min(now_ms, frame.sensed_ms)

    def _live(self, now_ms: int) -> None:
        """Say so once there was a frame: eyes that never saw anything are no sense that is back."""
        if self._newest_ms is None or now_ms - self._alive_ms < self._alive_every_ms:
            return
        self._alive_ms = now_ms
        age_ms = max(0, now_ms - self._newest_ms)
        alive: EyesMessage = EyesAlive(
            age_ms,
            self.frames,
            self.dropped,
            self.reopened,
            self._camera,
            self._pipeline.condition,
        )
        self._link.say(alive)
