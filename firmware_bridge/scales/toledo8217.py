"""The Mettler Toledo 8217 protocol, which most counter scales can speak: W asks for the mass.

The answer is STX 01.250 CR (N after a net mass), or STX ? and a status byte CR when there is none
to give. It never names the unit, so the driver does: a scale in kilograms has three decimals, one
in pounds two or three. A net mass is no load: it is refused, and said. Source: the Magellan 8500
service manual of PSC, "Scale status byte bit definitions". There bit 6 is always 1, which also
keeps the byte from looking like CR; clients and emulators of this protocol take it for "bad
command". So we send it and never read it.
"""

from __future__ import annotations

import re
from functools import partial

from firmware_bridge.scales.answering import (
    NET_MASS,
    Alive,
    Answer,
    InMotion,
    TextCodec,
    Unwell,
    Weight,
)
from firmware_bridge.scales.units import mass_mg, parsed

QUERY = b"W"
MOTION, OVER_CAPACITY, UNDER_ZERO, OUT_OF_ZERO, CENTER_OF_ZERO, NET, ALWAYS = (
    1 << bit for bit in range(7)
)
FRAME = re.compile(
    rb"\x02(?:\?(?P<status>[\x00-\x7f])|(?P<mass>\d{2}\.\d{3}|\d{2,3}\.\d{2})(?P<net>N?))\Z",
    re.DOTALL,
)
DECIMALS = {"kg": {3}, "lb": {2, 3}}
NOT_KILOGRAMS = Unwell("the scale shows two decimals, as one in pounds: use driver toledo8217-lb")
TROUBLE = (
    (OVER_CAPACITY, "overload: take something off the scale"),
    (UNDER_ZERO, "below zero: empty the scale and zero it"),
)
NO_ZERO = Unwell("the scale could not find zero: empty it and zero it")


def codec(unit: str = "kg") -> TextCodec:
    """A fresh reader of the protocol, of a scale that weighs in "kg" or "lb"."""
    return TextCodec(QUERY, b"\r", FRAME, partial(_read, unit))


def _read(unit: str, frame: re.Match[bytes]) -> Answer:
    if frame["mass"] is None:
        return _status(frame["status"][0])
    digits, decimals = parsed(frame["mass"].decode())
    if frame["net"]:
        return NET_MASS
    if decimals not in DECIMALS[unit]:
        return NOT_KILOGRAMS
    return Weight(mass_mg(digits, decimals, unit), mass_mg(1, decimals, unit), stable=True)


def _status(bits: int) -> Answer:
    for bit, detail in TROUBLE:
        if bits & bit:
            return Unwell(detail)
    if bits & MOTION:
        return InMotion()  # what moves may well lie outside the range of zero
    return NO_ZERO if bits & OUT_OF_ZERO else Alive()
