"""The Mettler Toledo 8217 protocol, which most counter scales can speak: W asks for the mass.

The answer is STX 01.250 CR (three decimals: kilograms, two: pounds; N after a net mass), or STX ?
and a status byte CR when there is none to give. Source: the Magellan 8500 service manual of PSC,
"Scale status byte bit definitions". Bit 6 says "bad command" on some scales and is always set on
others, so it is not read.
"""

from __future__ import annotations

import re

from firmware_bridge.scales.answering import Alive, Answer, InMotion, TextCodec, Unwell, Weight
from firmware_bridge.scales.units import mass_mg, parsed

QUERY = b"W"
MOTION, OVER_CAPACITY, UNDER_ZERO, OUT_OF_ZERO, CENTER_OF_ZERO, NET, ALWAYS = (
    1 << bit for bit in range(7)
)
FRAME = re.compile(
    rb"\x02(?:\?(?P<status>[\x00-\x7f])|(?P<mass>\d{2}\.\d{3}|\d{2,3}\.\d{2})N?)\Z", re.DOTALL
)
UNIT_OF = {2: "lb", 3: "kg"}  # by the number of decimals
TROUBLE = (
    (OVER_CAPACITY, "overload: take something off the scale"),
    (UNDER_ZERO, "below zero: empty the scale and zero it"),
)


def codec() -> TextCodec:
    """A fresh reader of the protocol."""
    return TextCodec(QUERY, b"\r", FRAME, _read)


def _read(frame: re.Match[bytes]) -> Answer:
    if frame["mass"] is None:
        return _status(frame["status"][0])
    digits, decimals = parsed(frame["mass"].decode())
    unit = UNIT_OF[decimals]
    return Weight(mass_mg(digits, decimals, unit), mass_mg(1, decimals, unit), stable=True)


def _status(bits: int) -> Answer:
    for bit, detail in TROUBLE:
        if bits & bit:
            return Unwell(detail)
    return InMotion() if bits & MOTION else Alive()
