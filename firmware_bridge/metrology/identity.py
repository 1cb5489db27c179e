"""Which metrology this is: a checksum over every file of this package, shown on demand.

WELMEC 7.2 asks for a software identification that changes with the legally relevant software and
with nothing else; this room is that software, and only its files are summed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SHOWN_DIGITS = 12


def files() -> list[Path]:
    """What is summed, in order of name."""
    return sorted(FOLDER.glob("*.py"))


@cache
def checksum() -> str:
    """SHA-256, in hex, over each file's name, a zero byte, its bytes and a zero byte."""
    total = hashlib.sha256()
    for path in files():
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def software_id() -> str:
    """The short form that travels with every reading."""
    return f"dashcart-metrology {checksum()[:SHOWN_DIGITS]}"
