"""A scanner in serial (CDC) mode: each code ends with CR or LF.

A code that is too long is refused once, and the next one is read again.
"""

from __future__ import annotations

import re

from firmware_bridge.scanners.base import CODE_BYTES_MAX, TOO_LONG, ScannerEvent, judged


class LineScanner:
    """See `Scanner`."""

    def __init__(self) -> None:
        self._held = b""
        self._skipping = False

    def receive(self, data: bytes) -> list[ScannerEvent]:
        """The reads that these bytes complete, however they were cut."""
        *ended, held = re.split(rb"[\r\n]", self._held + data)
        events = [event for line in ended for event in self._judge(line)]
        self._skipping = self._skipping or len(held) > CODE_BYTES_MAX
        self._held = b"" if self._skipping else held
        return events

    def _judge(self, line: bytes) -> list[ScannerEvent]:
        skipped, self._skipping = self._skipping, False
        return [TOO_LONG] if skipped else judged(line)
