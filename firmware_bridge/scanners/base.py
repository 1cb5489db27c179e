"""What every scanner driver is to the cart: bytes in, reads out. No IO, no clock.

A read is text as it was scanned, with its AIM symbology identifier ("]E0") in front where the
scanner says it. It must never ask what a code means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

CODE_BYTES_MAX = 4_296  # what the largest QR code holds


@dataclass(frozen=True, slots=True)
class Read:
    """One code, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that came as a code and can't be taken for one; `reason` is for people."""

    reason: str


ScannerEvent = Read | Refused

TOO_LONG = Refused(f"the scanner sent more than {CODE_BYTES_MAX} bytes as one code; scan again")
# What separates the fields of a GS1 or ISO 15434 code, and the ends of lines, may stand in a text.
CONTROL = re.compile(rb"[\x00-\x03\x05-\x08\x0b\x0c\x0e-\x1b\x7f]")
CONTROLS = Refused("the scanner sent a code with control characters: it is no good's code")
NO_TEXT = Refused("the scanner sent a code that is no text; scan again")


class Scanner(Protocol):
    """A driver. Nothing in it blocks or raises on what the device says."""

    def receive(self, data: bytes) -> list[ScannerEvent]:
        """The reads that these bytes complete, however they were cut."""


def judged(code: bytes) -> list[ScannerEvent]:
    """A whole code: its read, its refusal, or nothing for an empty one."""
    if len(code) > CODE_BYTES_MAX:
        return [TOO_LONG]
    if CONTROL.search(code):
        return [CONTROLS]
    try:
        return [Read(code.decode())] if code else []
    except UnicodeDecodeError:
        return [NO_TEXT]
