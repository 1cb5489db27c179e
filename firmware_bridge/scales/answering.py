"""Scales that judge for themselves: they answer with a mass and say whether it is stable.

`AnsweringScale` makes events of what a `Codec` understands; a codec is the whole of a protocol. A
mass counts once three answers in a row agree on it: most of these protocols have no checksum, and a
bent byte may leave another well-formed mass. It must never make up a mass or keep an old one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.scales.base import (
    FramesLost,
    LoadLive,
    LoadMoving,
    LoadSettled,
    LossReason,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
)

POLL_MS = 60
ANSWER_MS = 300  # a question without an answer for so long is asked again
SILENT_MS = 2_000
LIVE_EVERY_MS = 200
GOOD_BEFORE_TRUST = 2  # well-formed answers in a row before one is believed
AGREEING = 3  # answers in a row with the same stable mass before it counts
FRAME_BYTES_MAX = 64  # longer than any frame; what is older is noise
# Scales count by 1, 2 or 5 of their last digit and do not say by which; before and after are each
# rounded to it.
UNCERTAIN_STEPS = 5
SILENCE_WORDS = "the scale says nothing: check its power and cable"
NOISE_WORDS = "bytes arrive, but they give no mass: wrong device, protocol or baud rate"


@dataclass(frozen=True, slots=True)
class Weight:
    """A mass, what one step of its last digit is, and whether the scale calls it stable."""

    mass_mg: int
    step_mg: int
    stable: bool


@dataclass(frozen=True, slots=True)
class InMotion:
    """The load moves; the scale gives no mass."""


@dataclass(frozen=True, slots=True)
class Alive:
    """An answer without news."""


@dataclass(frozen=True, slots=True)
class Unwell:
    """The scale can't weigh; `detail` is for people and says what to do."""

    detail: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A piece of the stream that is no answer."""


Answer = Weight | InMotion | Alive | Unwell | Malformed
NET_MASS = Unwell("the scale shows a net mass: clear its tare")


class Codec(Protocol):
    """A protocol, without time: `query` asks for the mass (nothing: the scale speaks unasked)."""

    @property
    def query(self) -> bytes: ...

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that these bytes complete, however they were cut."""


class TextCodec:
    """Frames of text that end with `end`; `pattern` stands at the end of what comes before it."""

    def __init__(
        self,
        query: bytes,
        end: bytes,
        pattern: re.Pattern[bytes],
        read: Callable[[re.Match[bytes]], Answer],
    ) -> None:
        self.query = query
        self._end = end
        self._pattern = pattern
        self._read = read
        self._held = b""

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that these bytes complete, however they were cut."""
        *ended, held = (self._held + data).split(self._end)
        self._held = held[-FRAME_BYTES_MAX:]
        return [answer for piece in ended for answer in self._judge(piece[-FRAME_BYTES_MAX:])]

    def _judge(self, piece: bytes) -> list[Answer]:
        match = self._pattern.search(piece)
        before = piece if match is None else piece[: match.start()]
        noise: list[Answer] = [Malformed()] if before.strip() else []
        return noise if match is None else [*noise, self._read(match)]


class AnsweringScale:
    """See `Scale`. `bad_frames` counts the pieces of the stream that were no answer."""

    def __init__(self, codec: Codec) -> None:
        self.bad_frames = 0
        self._codec = codec
        self._lost: LossReason | None = None
        self._heard_ms: int | None = None  # the last believed mass, or when listening began
        self._bytes_unheard = 0  # that came since then
        self._asked_ms: int | None = None  # a question still without its answer
        self._next_ms: int | None = None
        self._unanswered = 0
        self._good = 0
        self._agreeing = 0
        self._newest: Answer | None = None
        self._rest_mg: int | None = None
        self._rest_ms = 0
        self._onset_ms: int | None = None  # the load moves since then
        self._live_due_ms = 0

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """What the bytes mean. Call it at least every 100 ms, also with nothing."""
        if self._heard_ms is None:
            self._heard_ms = now_ms
        self._bytes_unheard += len(data)
        events: list[ScaleEvent] = []
        for answer in self._codec.feed(data):
            events += self._take(answer, now_ms)
        if now_ms - self._heard_ms > SILENT_MS:
            what = NOISE_WORDS if self._bytes_unheard > FRAME_BYTES_MAX else SILENCE_WORDS
            events += self._lose(LossReason.SILENT, f"the scale's port is open, but {what}")
        return events

    def to_send(self, now_ms: int) -> bytes:
        """The next question, when it is time for it."""
        waiting = self._asked_ms is not None
        due_ms = self._next_ms if self._next_ms is not None else now_ms
        if waiting:
            due_ms += ANSWER_MS - POLL_MS
        if not self._codec.query or now_ms < due_ms:
            return b""
        self._unanswered += waiting
        self._asked_ms, self._next_ms = now_ms, now_ms + POLL_MS
        return self._codec.query

    def lost(self, now_ms: int) -> list[ScaleEvent]:
        """The port is gone, or not there yet."""
        del now_ms
        self._heard_ms = self._asked_ms = self._next_ms = None
        self._bytes_unheard = 0
        return self._lose(LossReason.PORT, "the scale's port is gone: check its cable")

    def _take(self, answer: Answer, now_ms: int) -> list[ScaleEvent]:
        if isinstance(answer, Malformed):
            self.bad_frames += 1
            self._distrust()
            return []
        # It weighed after the question came, so that is the oldest the mass can be.
        sensed_ms = now_ms if self._asked_ms is None else self._asked_ms
        self._asked_ms = None
        self._good += 1
        self._agreeing = self._agreeing + 1 if answer == self._newest else 1
        self._newest = answer
        if self._good < GOOD_BEFORE_TRUST:
            return []
        if isinstance(answer, Alive):
            return []  # for ever only this would be no scale
        self._heard_ms, self._bytes_unheard = now_ms, 0
        if isinstance(answer, Unwell):
            return self._lose(LossReason.SENSOR, answer.detail)
        return [*self._back(), *self._weigh(answer, sensed_ms)]

    def _back(self) -> list[ScaleEvent]:
        unanswered, self._unanswered = self._unanswered, 0
        if self._lost:
            self._lost = None
            return [ScaleBack()]
        return [FramesLost(unanswered)] if unanswered else []

    def _weigh(self, answer: Answer, sensed_ms: int) -> list[ScaleEvent]:
        match answer:
            case Weight(stable=True):
                return self._rest(answer, sensed_ms) if self._agreeing >= AGREEING else []
            case Weight() | InMotion():
                live = self._live(answer, sensed_ms) if isinstance(answer, Weight) else []
                return [*self._move(sensed_ms), *live]
        return []

    def _rest(self, weight: Weight, sensed_ms: int) -> list[ScaleEvent]:
        before_mg = weight.mass_mg if self._rest_mg is None else self._rest_mg
        events: list[ScaleEvent] = []
        if self._rest_mg is not None and weight.mass_mg != before_mg:
            events += self._move(self._rest_ms)
        if self._rest_mg is None or self._onset_ms is not None:
            onset_ms = sensed_ms if self._onset_ms is None else self._onset_ms
            uncertainty_mg = UNCERTAIN_STEPS * weight.step_mg
            events.append(
                LoadSettled(onset_ms, sensed_ms, before_mg, weight.mass_mg, uncertainty_mg)
            )
        self._rest_mg, self._rest_ms, self._onset_ms = weight.mass_mg, sensed_ms, None
        return events + self._live(weight, sensed_ms)

    def _move(self, onset_ms: int) -> list[ScaleEvent]:
        """Say a motion once; before the first rest there is nothing to move away from."""
        if self._rest_mg is None or self._onset_ms is not None:
            return []
        self._onset_ms = onset_ms
        return [LoadMoving(onset_ms)]

    def _live(self, weight: Weight, sensed_ms: int) -> list[ScaleEvent]:
        if sensed_ms < self._live_due_ms:
            return []
        self._live_due_ms = sensed_ms + LIVE_EVERY_MS
        return [LoadLive(sensed_ms, weight.mass_mg, weight.stable)]

    def _lose(self, reason: LossReason, detail: str) -> list[ScaleEvent]:
        """Say a loss once; another reason for the same loss is said too."""
        if self._lost is reason:
            return []
        self._lost = reason
        self._distrust()
        return [*self._move(self._rest_ms), ScaleLost(reason, detail)]

    def _distrust(self) -> None:
        self._good, self._agreeing, self._newest = 0, 0, None
