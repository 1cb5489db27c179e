"""Where the lane's readings come from: a scale on a port, or JSON Lines on standard input.

A line is {"mass_mg": 1250000, "stable": true}, or an event as `watch --json` prints it. A reading
holds until the next one; a source that ends, goes, or says nothing for two seconds takes it back.
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import sys
from typing import Any, TypeVar

from firmware_bridge.metrology.reading import Reading
from firmware_bridge.port import PortLost
from firmware_bridge.scales import open_stream
from firmware_bridge.scales.base import (
    LoadLive,
    LoadMoving,
    LoadSettled,
    LossReason,
    Scale,
    ScaleEvent,
    ScaleLost,
    Weighed,
)
from firmware_bridge.streams import BULK_BYTES, Stream

REOPEN_MS = 250
SILENT_MS = 2_000
LINE_BYTES_MAX = 4_096
KINDS: dict[str, type[ScaleEvent]] = {
    kind.__name__: kind for kind in (LoadLive, LoadMoving, LoadSettled, ScaleLost, Weighed)
}
TYPES = {  # all others are whole numbers
    **dict.fromkeys(("reason", "detail", "software_id", "tare_mode", "trouble"), str),
    **dict.fromkeys(("stable", "weight_stable", "center_of_zero", "overload", "underload"), bool),
    **dict.fromkeys(("legal_for_trade", "sound"), bool),
    "reading": dict,
}


Kind = TypeVar("Kind", bound=ScaleEvent | Reading)


class ReadingError(ValueError):
    """A line is no reading; the message says why."""


def parse(line: str) -> ScaleEvent | None:
    """The event of a line of JSON; None for one that no till hears of. Raises ReadingError."""
    try:
        fields: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ReadingError(f"no JSON ({error})") from error
    if not isinstance(fields, dict):
        raise ReadingError("no JSON object")
    name = fields.pop("event", "LoadLive")
    if name == "LoadLive":
        fields.setdefault("sensed_ms", 0)
    fields.pop("opc", None)  # the same in other words
    if not isinstance(name, str):
        raise ReadingError(f"event must not be {name!r}")
    return _made(KINDS[name], fields) if name in KINDS else None


def _made(kind: type[Kind], fields: dict[str, Any]) -> Kind:
    wanted = [field.name for field in dataclasses.fields(kind)]
    if set(fields) != set(wanted):
        raise ReadingError(f"{kind.__name__} has the keys {', '.join(wanted)}")
    for key, value in fields.items():
        if type(value) is not TYPES.get(key, int):
            raise ReadingError(f"{key} must not be {value!r}")
    if kind is Weighed:
        fields = {"reading": _made(Reading, fields["reading"])}
    return kind(**fields)


class JsonLines:
    """Standard input. What can't be read is said on standard error, and the next line is read."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._held = b""
        self._ended = False
        self._heard_ms: int | None = None  # None: nothing that could be taken back

    def turn(self, now_ms: int) -> list[ScaleEvent]:
        """What has come since the last turn; never waits."""
        events = self._come()
        if events:
            self._heard_ms = now_ms
        if self._heard_ms is not None and now_ms - self._heard_ms > SILENT_MS:
            self._heard_ms = None
            events.append(ScaleLost(LossReason.SILENT, "no reading came for two seconds"))
        return events

    def _come(self) -> list[ScaleEvent]:
        if self._ended or not select.select([self._file], [], [], 0)[0]:
            return []
        data = os.read(self._file, BULK_BYTES)
        if not data:
            self._ended = True
            return [ScaleLost(LossReason.PORT, "the readings ended")]
        *lines, held = (self._held + data).split(b"\n")
        self._held = held[: LINE_BYTES_MAX + 1]  # so much is no line, whatever follows
        return [event for line in lines if line.strip() for event in self._read(line)]

    def close(self) -> None:
        """Standard input is not ours to close."""

    def _read(self, line: bytes) -> list[ScaleEvent]:
        try:
            if len(line) > LINE_BYTES_MAX:
                raise ReadingError(f"longer than {LINE_BYTES_MAX} bytes")
            event = parse(line.decode("utf-8", "replace"))
        except ReadingError as error:
            sys.stderr.write(f"serve: a line is no reading: {error}\n")
            return []
        return [event] if event else []


class ScalePort:
    """A scale on its own port, opened again whenever it is back."""

    def __init__(self, driver: str, path: str, scale: Scale) -> None:
        self._driver = driver
        self._path = path
        self._scale = scale
        self._stream: Stream | None = None
        self._open_ms = 0

    def turn(self, now_ms: int) -> list[ScaleEvent]:
        """What has come since the last turn; waits a little for it."""
        try:
            if self._stream is None and now_ms >= self._open_ms:
                self._stream = open_stream(self._driver, self._path)
            if self._stream is None:
                return []
            self._stream.write(self._scale.to_send(now_ms))
            return self._scale.receive(self._stream.read(), now_ms)
        except PortLost:
            self.close()
            self._open_ms = now_ms + REOPEN_MS
            return self._scale.lost(now_ms)

    def close(self) -> None:
        """Let the port go."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None
