"""What every scale driver is to the cart: bytes in, these events out. No IO, no clock.

Masses are whole milligrams, times the caller's monotonic milliseconds. `sensed_ms` is when the
scale saw it, not when the bytes arrived.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.metrology.reading import Reading

ROWS_KEPT = 400
Row = tuple[int, tuple[int, ...]]  # when (ms), and the counts of each converter


class LossReason(StrEnum):
    """Why there is no scale."""

    PORT = "port"  # the port is missing or went away
    SILENT = "silent"  # the port is there, and nothing believable comes
    SCHEMA = "schema"  # the firmware speaks another dictionary
    CHANNELS = "channels"  # another number of load cells than the calibration is for
    SENSOR = "sensor"  # the scale itself reports or shows a fault


@dataclass(frozen=True, slots=True)
class LoadMoving:
    """The load left its settled value; a LoadSettled follows."""

    sensed_ms: int


@dataclass(frozen=True, slots=True)
class LoadPending:
    """While the load moves: it will rest between these two, as far as is known at `sensed_ms`.

    Of one onset each is within the one before; the first is as wide as the scale and comes with
    the LoadMoving. Only for a chip's scale: others tell nothing while they move.
    """

    onset_ms: int
    sensed_ms: int
    low_mg: int
    high_mg: int


@dataclass(frozen=True, slots=True)
class LoadSettled:
    """A motion ended, also one that changed nothing: a jolt has `after` near `before`.

    `before_mg` is the settled value just before the onset; it has followed slow drift, so it may
    differ a little from the last `after_mg`. The first of a driver's life has before == after and
    no LoadMoving. The true change lies within `uncertainty_mg` of after - before. After samples
    were missing, the onset is the last sample before the hole.
    """

    onset_ms: int
    sensed_ms: int
    before_mg: int
    after_mg: int
    uncertainty_mg: int


@dataclass(frozen=True, slots=True)
class LoadLive:
    """For the display, at most 5 a second. Never to be billed from while not `stable`."""

    sensed_ms: int
    mass_mg: int
    stable: bool


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a scale with our metrology indicates: beside each LoadLive and before each LoadSettled.

    That of a LoadSettled has its `sensed_ms`, unless its load was never indicated at rest: the
    first of two things that land one after the other.
    """

    reading: Reading


@dataclass(frozen=True, slots=True)
class CornerBad:
    """One of several load cells is not to be trusted; `detail` names it and what it does."""

    channel: int
    detail: str


@dataclass(frozen=True, slots=True)
class ScaleLost:
    """No mass can be trusted from here on; `detail` is for people and says what to do."""

    reason: LossReason
    detail: str


@dataclass(frozen=True, slots=True)
class ScaleBack:
    """After a ScaleLost: trusted samples come again. A LoadSettled follows at rest."""


@dataclass(frozen=True, slots=True)
class FramesLost:
    """So many frames or conversions never arrived."""

    count: int


ScaleEvent = (
    LoadMoving
    | LoadPending
    | LoadSettled
    | LoadLive
    | Weighed
    | CornerBad
    | ScaleLost
    | ScaleBack
    | FramesLost
)


class Scale(Protocol):
    """A driver. One thread uses it; nothing in it blocks or raises on what the wire says."""

    @property
    def bad_frames(self) -> int:
        """Pieces of the byte stream that meant nothing."""

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """What the bytes mean. Call it at least every 100 ms, also with nothing."""

    def to_send(self, now_ms: int) -> bytes:
        """Bytes to write now, often none. Call it after every `receive`."""

    def lost(self, now_ms: int) -> list[ScaleEvent]:
        """The port is gone (or not there yet). After it is open again, just go on receiving."""


class CountingScale(Scale, Protocol):
    """A driver whose scale gives only counts: all that weighs is our own metrology."""

    @property
    def firmware_version(self) -> str:
        """What the device calls its program; empty where it names none, or said nothing yet."""

    @property
    def rows(self) -> deque[Row]:
        """The newest raw rows, for whoever looks at the converters themselves and clears them."""

    @property
    def temperature_centi_c(self) -> int | None:
        """At the load cells, where it is measured."""

    @property
    def indicator(self) -> Indicator:
        """What it indicates: zero and tare are set here."""
