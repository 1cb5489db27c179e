"""SMA SCP-0499, the protocol of the Scale Manufacturers Association: LF W CR asks for the mass.

The answer has fixed fields: LF, status, range, gross or net, motion, one spare, the mass in ten
characters, its unit in three, CR. A net mass is no load: it is refused, and said. Source: SCP-0499,
section 5.1. The blank of a unit such as "kg " is written "kg_" by some scales.
"""

from __future__ import annotations

import re

from firmware_bridge.scales.answering import (
    NET_MASS,
    Answer,
    Malformed,
    TextCodec,
    Unwell,
    Weight,
)
from firmware_bridge.scales.units import MG_IN, mass_mg, parsed

QUERY = b"\nW\r"
FRAME = re.compile(
    rb"\n(?P<status>[ ZOUEIT])\d(?P<kind>[GNgn])(?P<motion>[ M])."
    rb"(?P<mass>(?=.{13}\Z) *-?\d+(?:\.\d+)?|-{10})(?P<unit>[a-z _]{3})\Z",
    re.DOTALL,
)
TROUBLE = {
    b"O": "overload: take something off the scale",
    b"U": "below its range: empty the scale and zero it",
    b"E": "the scale could not find zero: empty it and zero it",
    b"I": "the scale did not start at zero: empty it and zero it",
    b"T": "the scale refused a tare: clear the tare",
}


def codec() -> TextCodec:
    """A fresh reader of the protocol."""
    return TextCodec(QUERY, b"\r", FRAME, _read)


def _read(frame: re.Match[bytes]) -> Answer:
    if frame["status"] in TROUBLE:
        return Unwell(TROUBLE[frame["status"]])
    if frame["kind"] in b"Nn":
        return NET_MASS
    unit = frame["unit"].decode().strip(" _")
    if unit not in MG_IN or frame["mass"].startswith(b"--"):
        return Malformed()
    digits, decimals = parsed(frame["mass"].decode())
    step_mg = max(1, mass_mg(1, decimals, unit))
    return Weight(mass_mg(digits, decimals, unit), step_mg, stable=frame["motion"] == b" ")
