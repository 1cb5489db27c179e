"""MT-SICS, the Standard Interface Command Set of Mettler Toledo: SI asks for the mass of now.

The answer is "S S     100.00 g" when stable and "S D …" when not: status, the mass in ten
characters, its unit. "S +" and "S -" are over- and underload, "S I" means busy. Source: the MT-SICS
reference manuals, section "Format of responses with weight value".
"""

from __future__ import annotations

import re

from firmware_bridge.scales.answering import Alive, Answer, Malformed, TextCodec, Unwell, Weight
from firmware_bridge.scales.units import MG_IN, mass_mg, parsed

QUERY = b"SI\r\n"
# Some makers name the command in the answer where others say S.
FRAME = re.compile(
    rb"SI? (?:(?P<state>[SD]) (?P<mass>(?=.{10} ) *-?\d+(?:\.\d+)?) (?P<unit>[A-Za-z]+)"
    rb"|(?P<word>[-+I])) *\r?\Z"
)
WORDS: dict[bytes, Answer] = {
    b"+": Unwell("overload: take something off the scale"),
    b"-": Unwell("below its range: put the pan back and zero the scale"),
    b"I": Alive(),
}


def codec() -> TextCodec:
    """A fresh reader of the protocol."""
    return TextCodec(QUERY, b"\n", FRAME, _read)


def _read(frame: re.Match[bytes]) -> Answer:
    if frame["word"]:
        return WORDS[frame["word"]]
    unit = frame["unit"].decode()
    if unit not in MG_IN:
        return Malformed()
    digits, decimals = parsed(frame["mass"].decode())
    step_mg = max(1, mass_mg(1, decimals, unit))
    return Weight(mass_mg(digits, decimals, unit), step_mg, stable=frame["state"] == b"S")
