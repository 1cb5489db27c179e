"""How a clip travels from a cart to its store: HTTPS, one PUT under an address that serves once.

A clip never goes over MQTT. The order (`Command` "clip") brings the address as `url` and says in
`clip` which one is meant: a clip's name, or a reason for its newest. Both sides show certificates.
"""

from __future__ import annotations

import re

ACTION = "clip"
CONTENT_TYPE = "image/webp"
BYTES_MAX = 20_000_000
NAME = re.compile(r"([a-z_]+)-([0-9]{13,})\.webp")


def is_clip(data: bytes) -> bool:
    """Whether these bytes begin as a WebP does, and say their own length truly."""
    length = int.from_bytes(data[4:8], "little") + 8
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP" and length == len(data)
