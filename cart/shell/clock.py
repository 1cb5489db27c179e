"""The cart's one clock: milliseconds that only grow, the same in all processes of one host.

It must never tell the time of day; that comes from the store, as an observation.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def monotonic_ms() -> int:
    """CLOCK_MONOTONIC in whole milliseconds."""
    return time.monotonic_ns() // 1_000_000
