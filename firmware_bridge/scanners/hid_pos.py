"""A USB scanner of the HID point-of-sale class (usage page 0x8C), read from its hidraw device.

Its scanned-data report has 64 bytes: report id 2, how many bytes of data, three of AIM symbology
identifier, up to 56 of data, three that are not read, and 1 where the next report goes on with the
same code. Source: HID Point of Sale Usage Tables 1.02, section 3, in the layout that Access-IS,
Honeywell and Zebra send.
"""

from __future__ import annotations

from firmware_bridge.scanners.base import CODE_BYTES_MAX, TOO_LONG, ScannerEvent, judged

REPORT_BYTES = 64
REPORT_ID = 2
DATA = slice(5, 61)
DATA_BYTES_MAX = 56
NO_IDENTIFIER = bytes(3)
LAST, GOES_ON = 0, 1


class HidScanner:
    """See `Scanner`. Of a stream that slipped it passes over bytes until a report fits."""

    def __init__(self) -> None:
        self._held = b""
        self._code: bytes | None = None  # the reports so far of a code that goes on
        self._skipping = False

    def receive(self, data: bytes) -> list[ScannerEvent]:
        """The reads that these bytes complete, however they were cut."""
        stream = self._held + data
        events: list[ScannerEvent] = []
        start = 0
        while len(stream) - start >= REPORT_BYTES:
            report = stream[start : start + REPORT_BYTES]
            if not _fits(report):
                start += 1
                self._code, self._skipping = None, False
                continue
            events += self._take(report)
            start += REPORT_BYTES
        self._held = stream[start:]
        return events

    def _take(self, report: bytes) -> list[ScannerEvent]:
        if self._code is None:
            identifier = report[2:5]
            self._code = b"" if identifier == NO_IDENTIFIER else identifier
        self._code += report[DATA][: report[1]]
        self._skipping = self._skipping or len(self._code) > CODE_BYTES_MAX
        if self._skipping:
            self._code = b""
        if report[-1] == GOES_ON:
            return []
        code, self._code = self._code, None
        skipped, self._skipping = self._skipping, False
        return [TOO_LONG] if skipped else judged(code)


def _fits(report: bytes) -> bool:
    length = report[1]
    identifier = report[2:5]
    named = identifier == NO_IDENTIFIER or (identifier[:1] == b"]" and identifier.isascii())
    return (
        report[0] == REPORT_ID
        and length <= DATA_BYTES_MAX
        and report[-1] in {LAST, GOES_ON}
        and named
        and not any(report[DATA][length:])
    )
