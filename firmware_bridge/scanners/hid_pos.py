"""A USB scanner of the HID point-of-sale class (usage page 0x8C), read from its hidraw device.

Its scanned-data report has 64 bytes: report id 2, how many bytes of data, three of AIM symbology
identifier, up to 56 of data, three that are not read, and 1 where the next report goes on with the
same code. Source: HID Point of Sale Usage Tables 1.02, section 3, in the layout that Access-IS,
Honeywell and Zebra send.

The kernel gives whole reports, so pieces are never put together: a report that was cut is refused,
and a code that goes on must go on at once, in full reports of one symbology. Two codes must never
become one.
"""

from __future__ import annotations

from firmware_bridge.scanners.base import CODE_BYTES_MAX, TOO_LONG, Refused, ScannerEvent, judged

REPORT_BYTES = 64
REPORT_ID = 2
IDENTIFIER, DATA = slice(2, 5), slice(5, 61)
DATA_BYTES_MAX = 56
NO_IDENTIFIER = bytes(3)
LAST, GOES_ON = 0, 1
QUIET_READS_MAX = 5  # empty reads, a tenth of a second: no scanner rests so long within a code
CUT = Refused("the scanner sent what is no whole report; scan again")
HALF = Refused("the scanner stopped in the middle of a code; scan again")


class HidScanner:
    """See `Scanner`, but each `receive` takes what one read gave: whole reports, or nothing."""

    def __init__(self) -> None:
        self._code: bytes | None = None  # the reports so far of a code that goes on
        self._identifier = NO_IDENTIFIER
        self._too_long = False
        self._slipped = False
        self._quiet_reads = 0

    def receive(self, data: bytes) -> list[ScannerEvent]:
        """The reads that these reports complete."""
        self._quiet_reads = 0 if data else self._quiet_reads + 1
        if self._quiet_reads >= QUIET_READS_MAX:
            return self._half()
        events: list[ScannerEvent] = []
        for start in range(0, len(data), REPORT_BYTES):
            events += self._report(data[start : start + REPORT_BYTES])
        return events

    def _report(self, report: bytes) -> list[ScannerEvent]:
        if not _fits(report):
            told, self._slipped, self._code = self._slipped, True, None
            return [] if told else [CUT]
        self._slipped = False
        another = report[IDENTIFIER] not in {self._identifier, NO_IDENTIFIER}
        return [*(self._half() if another else []), *self._take(report)]

    def _take(self, report: bytes) -> list[ScannerEvent]:
        if self._code is None:
            self._identifier, self._too_long = report[IDENTIFIER], False
            self._code = self._identifier.rstrip(b"\0")
        self._code += report[DATA][: report[1]]
        if len(self._code) > CODE_BYTES_MAX:
            self._code, self._too_long = b"", True
        if report[-1] == GOES_ON:
            return []
        code, self._code = self._code, None
        return [TOO_LONG] if self._too_long else judged(code)

    def _half(self) -> list[ScannerEvent]:
        """What goes on did not: refuse it, and let another code begin."""
        half, self._code = self._code, None
        return [] if half is None else [HALF]


def _fits(report: bytes) -> bool:
    if len(report) != REPORT_BYTES or report[0] != REPORT_ID:
        return False
    length, identifier = report[1], report[IDENTIFIER]
    named = identifier == NO_IDENTIFIER or (identifier[:1] == b"]" and identifier.isascii())
    full = length == DATA_BYTES_MAX or report[-1] == LAST
    return (
        length <= DATA_BYTES_MAX
        and report[-1] in {LAST, GOES_ON}
        and named
        and full
        and not any(report[DATA][length:])
    )
