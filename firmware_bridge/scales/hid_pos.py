"""A USB scale of the HID point-of-sale class (usage page 0x8D), read from its hidraw device.

It sends, unasked, its data report of six bytes: report id 3, status, unit, scaling (a power of ten)
and the mass as an unsigned 16-bit number, low byte first. Source: HID Point of Sale Usage Tables
1.02, section 4. A scale with another layout is not understood, which ends as a silent scale.
"""

from __future__ import annotations

import struct

from firmware_bridge.scales.answering import Alive, Answer, InMotion, Malformed, Unwell, Weight
from firmware_bridge.scales.units import mass_mg

REPORT = struct.Struct("<BBBbH")
REPORT_ID = 3
SCALING = range(-4, 4)
UNITS = {1: "mg", 2: "g", 3: "kg", 11: "oz", 12: "lb"}
STABLE_AT_ZERO, MOVING, STABLE = 2, 3, 4
TROUBLE = {
    1: "the scale reports a fault: switch it off and on",
    5: "below zero: empty the scale and zero it",
    6: "overload: take something off the scale",
    7: "the scale wants to be calibrated",
    8: "the scale wants to be zeroed: empty it and zero it",
}
STATES = {STABLE_AT_ZERO, MOVING, STABLE, *TROUBLE}


class HidCodec:
    """See `Codec`. Of a stream that slipped it passes over bytes until a report fits."""

    query = b""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that these bytes complete, however they were cut."""
        stream = self._held + data
        answers: list[Answer] = []
        start, slipped = 0, False
        while len(stream) - start >= REPORT.size:
            answer = _read(*REPORT.unpack_from(stream, start))
            if answer is None:
                start += 1
                slipped = True
                continue
            if slipped:
                answers.append(Malformed())
            answers.append(answer)
            start += REPORT.size
            slipped = False
        self._held = stream[start:]
        return [*answers, Malformed()] if slipped else answers


def _read(report: int, status: int, unit: int, scaling: int, digits: int) -> Answer | None:
    if report != REPORT_ID or status not in STATES:
        return None
    if status in TROUBLE:
        return Unwell(TROUBLE[status])
    if unit not in UNITS or scaling not in SCALING:
        return None
    if status == STABLE_AT_ZERO and digits:
        return Alive()  # it contradicts itself
    if status == MOVING and not digits:
        return InMotion()
    name = UNITS[unit]
    step_mg = max(1, mass_mg(1, -scaling, name))
    return Weight(mass_mg(digits, -scaling, name), step_mg, stable=status != MOVING)
