"""An HX711 on the GPIO of a Linux board, behind the kernel's `avia,hx711` driver.

The kernel gives conversions only, as text in the device's folder; here they pass through the same
calibration and settling as those of our own chip. Its numbers are offset binary (the kernel flips
the sign bit), so the middle is 0x800000.
"""

from __future__ import annotations

import re
from collections import deque

from firmware_bridge.metrology.calibration import Calibration
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.scales.base import (
    ROWS_KEPT,
    LossReason,
    Row,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
)
from firmware_bridge.scales.standstill import HANGING_WORDS, Standstill
from firmware_bridge.scales.weighing import Weighing

MIDDLE, TOP = 0x800000, 0xFFFFFF
CONVERSION = re.compile(rb"\d{1,8}\Z")
LINE_BYTES_MAX = 16
GOOD_BEFORE_TRUST = 3  # conversions in a row
RAILED_MAX = 8  # conversions in a row at the converter's end before the scale is called lost
SILENT_MS = 2_000
LIVE_EVERY_MS = 200


class IioScale:
    """See `CountingScale`. Its bytes are lines, each a conversion."""

    def __init__(self, calibration: Calibration) -> None:
        self.bad_frames = 0
        self._cells = len(calibration.cells)
        self._weighing = Weighing(calibration)
        self.rows: deque[Row] = deque(maxlen=ROWS_KEPT)
        self._held = b""
        self._lost: LossReason | None = None
        self._heard_ms: int | None = None
        self._good = 0
        self._railed = 0
        self._standstill = Standstill()
        self._live_due_ms = 0

    @property
    def temperature_centi_c(self) -> int | None:
        """Nobody measures it."""
        return None

    @property
    def firmware_version(self) -> str:
        """A kernel's driver names none."""
        return ""

    @property
    def indicator(self) -> Indicator:
        """What it indicates: zero and tare are set here."""
        return self._weighing.indicator

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """What the bytes mean. Call it at least every 100 ms, also with nothing."""
        if self._heard_ms is None:
            self._heard_ms = now_ms
        *lines, held = (self._held + data).split(b"\n")
        self._held = held[-LINE_BYTES_MAX:]
        events = [event for line in lines for event in self._take(line, now_ms)]
        if now_ms - self._heard_ms > SILENT_MS:
            detail = "the kernel gives no conversions: check the converter's wires"
            events += self._lose(LossReason.SILENT, detail)
        return events

    def to_send(self, now_ms: int) -> bytes:
        """Nothing: a conversion is there for the reading."""
        del now_ms
        return b""

    def lost(self, now_ms: int) -> list[ScaleEvent]:
        """The device's folder is gone, or not there yet."""
        del now_ms
        self._heard_ms = None
        return self._lose(LossReason.PORT, "the kernel has no such converter: load its driver")

    def _take(self, line: bytes, now_ms: int) -> list[ScaleEvent]:
        raw = int(line) if CONVERSION.match(line) else TOP + 1
        if raw > TOP:
            self.bad_frames += 1
            self._good = 0
            return []
        self._good += 1
        if self._good < GOOD_BEFORE_TRUST:
            return []
        self._heard_ms = now_ms
        if self._cells != 1:
            detail = f"the calibration is for {self._cells} cells, this converter is one"
            return self._lose(LossReason.CHANNELS, detail)
        self.rows.append((now_ms, (raw - MIDDLE,)))
        self._railed = self._railed + 1 if raw in {0, TOP} else 0
        if self._railed:
            detail = "the converter is at its end: overload, or a broken cell wire"
            return self._lose(LossReason.SENSOR, detail) if self._railed >= RAILED_MAX else []
        return self._weigh(raw - MIDDLE, now_ms)

    def _weigh(self, counts: int, now_ms: int) -> list[ScaleEvent]:
        if not self._standstill.push((counts,)):
            hanging = self._standstill.hanging
            return self._lose(LossReason.SENSOR, HANGING_WORDS) if hanging else []
        events: list[ScaleEvent] = [ScaleBack()] if self._lost else []
        self._lost = None
        events += self._weighing.push(now_ms, (counts,))
        live = self._weighing.live(now_ms) if now_ms >= self._live_due_ms else []
        if live:
            self._live_due_ms = now_ms + LIVE_EVERY_MS
        return events + live

    def _lose(self, reason: LossReason, detail: str) -> list[ScaleEvent]:
        if self._lost is reason:
            return []
        self._lost, self._good = reason, 0
        return [*self._weighing.forget(), ScaleLost(reason, detail)]
