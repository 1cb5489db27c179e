"""Which metrology this is: a checksum over every file of it, shown on demand.

WELMEC 7.2 asks for a software identification that changes with the legally relevant software and
with nothing else. That is this package, and of the drivers those that make counts into readings:
from the row of conversions to what is indicated, every decision stands in one of these files.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COUNTING = ("base", "chip", "iio", "standstill", "thermometer", "weighing")  # of ../scales
SHOWN_DIGITS = 12


def files() -> list[Path]:
    """What is summed: this package in order of name, then the counting drivers."""
    drivers = [FOLDER.parent / "scales" / f"{name}.py" for name in COUNTING]
    return [*sorted(FOLDER.glob("*.py")), *drivers]


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
