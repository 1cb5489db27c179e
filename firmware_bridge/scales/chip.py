"""Our own chip: the link's samples of one channel through calibration and settling.

The load cells are wired to one converter. A firmware with another number of channels is refused:
adding up cells without a calibration for each would be a guess.
"""

from __future__ import annotations

from firmware_bridge import link as wire
from firmware_bridge.clock_map import ClockMap
from firmware_bridge.link import Link
from firmware_bridge.messages import Command, Fault, FaultCode, Samples, StartStream
from firmware_bridge.metrology.calibration import Calibration
from firmware_bridge.metrology.settling import MotionBegan, Settled, Settling
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

BATCH = 2  # conversions a frame: 12 ms of delay for half the frames
LIVE_EVERY_MS = 200
COUNTS_MIN, COUNTS_MAX = -0x800000, 0x7FFFFF
RAILED_MAX = 8  # conversions in a row at the converter's end before the scale is called lost
FAULT_WORDS = {
    FaultCode.CONVERTER_SILENT: "gives no conversions: check its supply and clock line",
    FaultCode.CONVERTER_STUCK: "data line is stuck: check the cable to the converter",
    FaultCode.CONVERSION_TORN: "conversions arrive torn: check the cable to the converter",
    FaultCode.CONVERTER_SATURATED: "is at its end: overload, or a broken cell wire",
}


class ChipScale:
    """See `Scale`. `send` passes commands for light and sound to the chip."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._link = Link()
        self._clock = ClockMap()
        self._settling = Settling()
        self._lost: LossReason | None = None
        self._accepted = False
        self._overruns: int | None = None
        self._railed = 0
        self._live_due_ms: int | None = None

    @property
    def bad_frames(self) -> int:
        """Pieces of the byte stream that were no message."""
        return self._link.bad_frames

    def send(self, command: Command, now_ms: int) -> bool:
        """Queue a command (SetLight, Beep); False when too many wait."""
        return self._link.send(command, now_ms)

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """What the bytes mean. Call it at least every 100 ms, also with nothing."""
        events: list[ScaleEvent] = []
        for event in self._link.receive(data, now_ms):
            events += self._take(event, now_ms)
        return events

    def to_send(self, now_ms: int) -> bytes:
        """Bytes to write now, often none."""
        return self._link.to_send(now_ms)

    def lost(self, now_ms: int) -> list[ScaleEvent]:
        """The port is gone, or not there yet."""
        del now_ms
        self._link.disconnected()
        return self._lose(LossReason.PORT, "the scale's port is gone: check its cable")

    def _take(self, event: wire.LinkEvent, now_ms: int) -> list[ScaleEvent]:
        events: list[ScaleEvent] = []
        match event:
            case wire.LinkUp():
                events = self._connected(event, now_ms)
            case wire.LinkDown():
                detail = "the scale's port is open, but the chip says nothing: check its power"
                events = self._lose(LossReason.SILENT, detail)
            case wire.SchemaMismatch():
                detail = (
                    f"firmware {event.firmware_version} speaks dictionary {event.theirs:08X}, "
                    f"the bridge {event.ours:08X}: update one of them"
                )
                events = self._lose(LossReason.SCHEMA, detail)
            case wire.GapSeen():
                events = [FramesLost(event.frames)]
            case wire.Received(message=Samples() as samples):
                events = self._weigh(samples, now_ms)
            case wire.Received(message=Fault() as fault):
                events = self._fault(fault)
            case wire.CommandFailed(command=StartStream()):
                self._link.send(StartStream(batch=BATCH), now_ms)
        return events

    def _connected(self, up: wire.LinkUp, now_ms: int) -> list[ScaleEvent]:
        self._clock.restart()
        self._overruns = None
        self._accepted = up.hello.channels == 1
        if not self._accepted:
            return self._lose(
                LossReason.CHANNELS,
                f"the chip has {up.hello.channels} channels, this driver weighs with one",
            )
        self._link.send(StartStream(batch=BATCH), now_ms)
        return self._hole() if up.reset else []

    def _weigh(self, samples: Samples, now_ms: int) -> list[ScaleEvent]:
        if not self._accepted or samples.channels != 1 or not samples.counts:
            return []
        events = self._count_overruns(samples.overruns)
        newest_us = samples.first_us + (len(samples.counts) - 1) * samples.interval_us
        self._clock.arrived(newest_us, now_ms)
        for index, counts in enumerate(samples.counts):
            sensed_ms = self._clock.host_ms(samples.first_us + index * samples.interval_us)
            events += self._weigh_one(sensed_ms, counts)
        return events

    def _weigh_one(self, sensed_ms: int, counts: int) -> list[ScaleEvent]:
        if not COUNTS_MIN < counts < COUNTS_MAX:
            self._railed += 1
            if self._railed < RAILED_MAX:
                return []
            return self._lose(
                LossReason.SENSOR, "the converter is at its end: overload, or a broken cell wire"
            )
        self._railed = 0
        events: list[ScaleEvent] = []
        if self._lost:
            self._lost = None
            events.append(ScaleBack())
        mass_mg = self._calibration.mass_mg(counts)
        events += [_named(event) for event in self._settling.push(sensed_ms, mass_mg)]
        return events + self._live(sensed_ms)

    def _live(self, sensed_ms: int) -> list[ScaleEvent]:
        mass_mg = self._settling.mass_mg
        due_ms = sensed_ms if self._live_due_ms is None else self._live_due_ms
        if mass_mg is None or sensed_ms < due_ms:
            return []
        self._live_due_ms = sensed_ms + LIVE_EVERY_MS
        return [LoadLive(sensed_ms, round(mass_mg), not self._settling.moving)]

    def _count_overruns(self, overruns: int) -> list[ScaleEvent]:
        before, self._overruns = self._overruns, overruns
        lost = 0 if before is None else (overruns - before) % 65536
        return [FramesLost(lost)] if lost else []

    def _fault(self, fault: Fault) -> list[ScaleEvent]:
        if fault.code is FaultCode.NONE:
            return []  # the samples that follow bring the scale back
        return self._lose(LossReason.SENSOR, f"converter {fault.channel} {FAULT_WORDS[fault.code]}")

    def _lose(self, reason: LossReason, detail: str) -> list[ScaleEvent]:
        """Say a loss once; another reason for the same loss is said too."""
        if self._lost is reason:
            return []
        self._lost = reason
        return [*self._hole(), ScaleLost(reason, detail)]

    def _hole(self) -> list[ScaleEvent]:
        return [_named(event) for event in self._settling.forget()]


def _named(event: MotionBegan | Settled) -> ScaleEvent:
    if isinstance(event, MotionBegan):
        return LoadMoving(event.onset_ms)
    after_mg = round(event.after_mg)
    return LoadSettled(
        onset_ms=event.onset_ms,
        sensed_ms=event.settled_ms,
        before_mg=round(event.before_mg),
        after_mg=after_mg,
        uncertainty_mg=round(event.uncertainty_mg),
    )
