"""A scanner that types like a keyboard, as the events of its Linux input device.

Keys are read as those of a US keyboard, which is what such scanners are set to when they leave the
factory; Enter or Tab ends a code. A "code" that presses Ctrl, Alt, Meta or a function key is no
code but an attempt to command the computer: it is refused as a whole and said. The device must be
had alone (`streams.DeviceFile(grab=True)`), so what it types never reaches the screen.
"""

from __future__ import annotations

import struct

from firmware_bridge.scanners.base import (
    CODE_BYTES_MAX,
    TOO_LONG,
    Refused,
    ScannerEvent,
    judged,
)

EVENT = struct.Struct("<qqHHi")  # seconds, microseconds, type, code, value (linux/input.h)
SECONDS_MAX = 1 << 33
TYPES, CODES = range(0x20), range(0x300)
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3  # the kernel threw events away, because nobody read them in time
RELEASED, PRESSED, REPEATED = range(3)
ENDS = {15, 28, 96}  # Tab, Enter, keypad Enter
SHIFTS = {42, 54}
PAUSE_US = 1_000_000  # no scanner rests so long within a code
NAMES = {29: "Ctrl", 97: "Ctrl", 56: "Alt", 100: "Alt", 125: "Meta", 126: "Meta", 1: "Esc"} | {
    code: f"F{number}" for number, code in enumerate((*range(59, 69), 87, 88), 1)
}
ROWS = (  # the first key code of a row, what its keys type, and what they type with Shift
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
    (71, "789-456+1230.", "789-456+1230."),
    (55, "*", "*"),
    (98, "/", "/"),
)
PLAIN = {first + i: char for first, row, _ in ROWS for i, char in enumerate(row)}
SHIFTED = {first + i: char for first, _, row in ROWS for i, char in enumerate(row)}

LOST = Refused("the computer lost some of what the scanner typed; scan again")
HALF = Refused("the scanner stopped in the middle of a code; scan again")


class WedgeScanner:
    """See `Scanner`. Of a stream that slipped it passes over bytes until an event fits."""

    def __init__(self) -> None:
        self._held = b""
        self._typed = ""
        self._shifts: set[int] = set()
        self._skipping = False  # the rest of a code that was refused
        self._newest_us = 0

    def receive(self, data: bytes) -> list[ScannerEvent]:
        """The reads that these bytes complete, however they were cut."""
        stream = self._held + data
        events: list[ScannerEvent] = []
        start = 0
        while len(stream) - start >= EVENT.size:
            seconds, micros, kind, code, value = EVENT.unpack_from(stream, start)
            fits = 0 <= seconds < SECONDS_MAX and 0 <= micros < 1_000_000
            if not fits or kind not in TYPES or code not in CODES:
                start += 1
                continue
            start += EVENT.size
            if kind == EV_KEY or (kind, code) == (EV_SYN, SYN_DROPPED):
                events += self._pause(seconds * 1_000_000 + micros)
                events += self._key(code, value) if kind == EV_KEY else self._dropped()
        self._held = stream[start:]
        return events

    def _pause(self, now_us: int) -> list[ScannerEvent]:
        """After a long pause another code begins; what was half typed is refused."""
        paused, self._newest_us = now_us - self._newest_us > PAUSE_US, now_us
        if not paused:
            return []
        half, self._typed, self._skipping = self._typed, "", False
        return [HALF] if half else []

    def _dropped(self) -> list[ScannerEvent]:
        self._shifts.clear()  # nobody knows which keys are held now
        return self._refuse(LOST)

    def _key(self, code: int, value: int) -> list[ScannerEvent]:
        if code in SHIFTS:
            (self._shifts.discard if value == RELEASED else self._shifts.add)(code)
        elif value == PRESSED:
            return self._press(code)
        return []

    def _press(self, code: int) -> list[ScannerEvent]:
        if code in ENDS:
            typed, self._typed, self._skipping = self._typed, "", False
            return judged(typed.encode())
        if self._skipping:
            return []
        character = (SHIFTED if self._shifts else PLAIN).get(code)
        if character is None:
            name = NAMES.get(code, f"key {code}")
            return self._refuse(Refused(f"the code presses {name}: it is no good's code"))
        if len(self._typed) >= CODE_BYTES_MAX:
            return self._refuse(TOO_LONG)
        self._typed += character
        return []

    def _refuse(self, refused: Refused) -> list[ScannerEvent]:
        """Say it at once, and pass over the rest: nobody knows whether an end will come."""
        self._typed, self._skipping = "", True
        return [refused]
