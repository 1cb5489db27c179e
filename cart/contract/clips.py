"""How a clip travels from a cart to its store: HTTPS, one PUT under an address that serves once.

A clip never goes over MQTT. The order (`Command` "clip") brings the address as `url` and says in
`clip` which one is meant: a clip's name, or a reason for its newest. Both sides show certificates.
A clip's name says when it was made, in wall-clock milliseconds; it goes along as a header, for the
time that a clip may be kept runs from there. From its end on the cart gives a clip to nobody.
"""

from __future__ import annotations

import re

ACTION = "clip"
CONTENT_TYPE = "image/webp"
NAME_HEADER = "Clip-Name"
BYTES_MAX = 20_000_000
NAME = re.compile(r"([a-z_]+)-([0-9]{13,15})\.webp")
DAY_MS = 86_400_000
# How long a cart keeps clips, by why it made them; of a reason that is not here it keeps none.
DAYS_KEPT = {"unexplained_load": 3, "doubted_line": 3}


def ends_utc_ms(name: str) -> int:
    """From when on no cart has a clip of this name; 0 if it is no clip's, or of no such reason."""
    named = NAME.fullmatch(name)
    days = DAYS_KEPT.get(named[1], 0) if named else 0
    return int(named[2]) + days * DAY_MS if named and days else 0


def made_utc_ms(name: str, arrived_utc_ms: int) -> int:
    """When the clip of this name was made: at the latest when it came, also if the name is none."""
    named = NAME.fullmatch(name)
    return min(int(named[2]), arrived_utc_ms) if named else arrived_utc_ms


def is_clip(data: bytes) -> bool:
    """Whether these bytes begin as a WebP does, and say their own length truly."""
    length = int.from_bytes(data[4:8], "little") + 8
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and length == len(data)
