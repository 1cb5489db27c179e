"""Our own chip: the samples of one to four converters through calibration, settling, indication.

The calibration says how many converters there are; a firmware with another number is refused:
adding up cells without a calibration for each would be a guess.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from firmware_bridge import link as wire
from firmware_bridge.clock_map import ClockMap
from firmware_bridge.link import Link, LinkState
from firmware_bridge.messages import (
    Command,
    Environment,
    Fault,
    FaultCode,
    Motion,
    Samples,
    StartStream,
)
from firmware_bridge.metrology.calibration import Calibration
from firmware_bridge.metrology.corners import corner_name
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.scales.base import (
    ROWS_KEPT,
    FramesLost,
    LossReason,
    Row,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
)
from firmware_bridge.scales.standstill import HANGING_WORDS, Standstill
from firmware_bridge.scales.thermometer import Thermometer
from firmware_bridge.scales.weighing import Weighing

BATCH = 2  # rows a frame: 12 ms of delay for half the frames
LIVE_EVERY_MS = 200
COUNTS_MIN, COUNTS_MAX = -0x800000, 0x7FFFFF
RAILED_MAX = 8  # rows in a row with a converter at its end before the scale is called lost
ROWLESS_MS = 1_500  # a FAULT that says more comes once a second
ROWLESS_WORDS = "the chip speaks, but no whole row of samples comes: check the converters"
SILENCE_WORDS = "the chip says nothing: check its power"
NOISE_WORDS = "bytes arrive, but they are no frames: wrong device or baud rate"
FAULT_WORDS = {
    FaultCode.CONVERTER_SILENT: "gives no conversions: check its supply and clock line",
    FaultCode.CONVERTER_STUCK: "data line is stuck: check the cable to the converter",
    FaultCode.CONVERSION_TORN: "conversions arrive torn: check the cable to the converter",
    FaultCode.CONVERTER_SATURATED: "is at its end: overload, or a broken cell wire",
}


@dataclass(slots=True)
class Stream:
    """What is known of this connection's samples."""

    accepted: bool = False
    rows_ms: int = 0  # when a whole row last came
    overruns: int | None = None
    railed: int = 0
    live_due_ms: int | None = None


class ChipScale:
    """See `CountingScale`. `send` passes commands for light and sound to the chip."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self.firmware_version = ""
        self._link = Link()
        self._clock = ClockMap()
        self._weighing = Weighing(calibration)
        corrects = bool(calibration.zero_mg_per_c or calibration.span_ppm_per_c)
        self._thermometer = Thermometer(needed=corrects)
        self._stream = Stream()
        self._standstill = Standstill()
        self._lost: LossReason | None = None
        self.rows: deque[Row] = deque(maxlen=ROWS_KEPT)

    @property
    def bad_frames(self) -> int:
        """Pieces of the byte stream that were no message."""
        return self._link.bad_frames

    @property
    def temperature_centi_c(self) -> int | None:
        """At the load cells, where it is measured."""
        return self._weighing.temperature_centi_c

    @property
    def indicator(self) -> Indicator:
        """What it indicates: zero and tare are set here."""
        return self._weighing.indicator

    def send(self, command: Command, now_ms: int) -> bool:
        """Queue a command (SetLight, Beep); False when too many wait."""
        return self._link.send(command, now_ms)

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """What the bytes mean. Call it at least every 100 ms, also with nothing."""
        events: list[ScaleEvent] = []
        for event in self._link.receive(data, now_ms):
            events += self._take(event, now_ms)
        return events + self._silent(now_ms)

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
                what = NOISE_WORDS if event.noise else SILENCE_WORDS
                events = self._lose(LossReason.SILENT, f"the scale's port is open, but {what}")
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
            case wire.Received(message=Motion() | Environment() as ambient):
                self._sense(ambient, now_ms)
            case wire.Received(message=Fault() as fault):
                events = self._fault(fault)
            case wire.CommandFailed(command=StartStream()) if self._link.state is LinkState.UP:
                self._link.send(StartStream(batch=BATCH), now_ms)
        return events

    def _silent(self, now_ms: int) -> list[ScaleEvent]:
        """However much the chip says: without a whole row of samples there is no mass."""
        up = self._link.state is LinkState.UP and self._stream.accepted
        if not up or now_ms - self._stream.rows_ms < ROWLESS_MS:
            return []
        self._stream.rows_ms = now_ms
        if self._lost is LossReason.SENSOR:
            return []  # why there are none was said
        self._link.send(StartStream(batch=BATCH), now_ms)
        return self._lose(LossReason.SILENT, ROWLESS_WORDS)

    def _sense(self, ambient: Motion | Environment, now_ms: int) -> None:
        self._clock.arrived(ambient.at_us, now_ms)
        if isinstance(ambient, Motion):
            at_ms = self._clock.host_ms(ambient.at_us)
            self._weighing.moved(at_ms, ambient.motion_milli_g, ambient.tilt_permille)
        else:
            self._thermometer.said(ambient.temperature_centi_c, now_ms)
            self._weighing.temperature_centi_c = self._thermometer.centi_c

    def _connected(self, up: wire.LinkUp, now_ms: int) -> list[ScaleEvent]:
        self._clock.restart()
        self._thermometer.restart(now_ms)
        self.firmware_version = up.hello.firmware_version
        channels = len(self.calibration.cells)
        self._stream = Stream(accepted=up.hello.channels == channels, rows_ms=now_ms)
        if not self._stream.accepted:
            return self._lose(
                LossReason.CHANNELS,
                f"the chip has {up.hello.channels} channels, the calibration is for {channels}: "
                "calibrate this cart",
            )
        self._link.send(StartStream(batch=BATCH), now_ms)
        return self._weighing.forget() if up.reset else []

    def _weigh(self, samples: Samples, now_ms: int) -> list[ScaleEvent]:
        channels = len(self.calibration.cells)
        whole = samples.channels == (1 << channels) - 1 and len(samples.counts) % channels == 0
        if not self._stream.accepted or not whole or not samples.counts:
            return []  # a FAULT names the converter that is left out
        self._stream.rows_ms = now_ms
        self._weighing.doubt = self._thermometer.doubt(now_ms)
        events = self._count_overruns(samples.overruns)
        rows = [
            samples.counts[start : start + channels]
            for start in range(0, len(samples.counts), channels)
        ]
        newest_us = samples.first_us + (len(rows) - 1) * samples.interval_us
        self._clock.arrived(newest_us, now_ms)
        for index, row in enumerate(rows):
            sensed_ms = self._clock.host_ms(samples.first_us + index * samples.interval_us)
            events += self._weigh_one(sensed_ms, row)
        return events

    def _weigh_one(self, sensed_ms: int, row: tuple[int, ...]) -> list[ScaleEvent]:
        self.rows.append((sensed_ms, row))
        if not all(COUNTS_MIN < counts < COUNTS_MAX for counts in row):
            self._stream.railed += 1
            if self._stream.railed < RAILED_MAX:
                return []
            return self._lose(
                LossReason.SENSOR, "the converter is at its end: overload, or a broken cell wire"
            )
        self._stream.railed = 0
        if not self._standstill.push(row):
            hanging = self._standstill.hanging
            return self._lose(LossReason.SENSOR, HANGING_WORDS) if hanging else []
        events: list[ScaleEvent] = []
        if self._lost:
            self._lost = None
            events.append(ScaleBack())
        events += self._weighing.push(sensed_ms, row)
        return events + self._live(sensed_ms)

    def _live(self, sensed_ms: int) -> list[ScaleEvent]:
        due_ms = self._stream.live_due_ms
        live = self._weighing.live(sensed_ms) if due_ms is None or sensed_ms >= due_ms else []
        if live:
            self._stream.live_due_ms = sensed_ms + LIVE_EVERY_MS
        return live

    def _count_overruns(self, overruns: int) -> list[ScaleEvent]:
        before, self._stream.overruns = self._stream.overruns, overruns
        lost = 0 if before is None else (overruns - before) % 65536
        return [FramesLost(lost)] if lost else []

    def _fault(self, fault: Fault) -> list[ScaleEvent]:
        if fault.code is FaultCode.NONE:
            return []  # the samples that follow bring the scale back
        channels = len(self.calibration.cells)
        name = f"converter {fault.channel}"
        if fault.channel < channels > 1:
            name += f" ({corner_name(fault.channel, channels)})"
        return self._lose(LossReason.SENSOR, f"{name} {FAULT_WORDS[fault.code]}")

    def _lose(self, reason: LossReason, detail: str) -> list[ScaleEvent]:
        """Say a loss once; another reason for the same loss is said too."""
        if self._lost is reason:
            return []
        self._lost = reason
        return [*self._weighing.forget(), ScaleLost(reason, detail)]
