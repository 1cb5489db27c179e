"""How the rig waits for other programs: only asking again tells, and never for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

ASK_AGAIN_S = 0.02


def came(holds: Callable[[], bool], within_s: float) -> bool:
    """Whether it holds within so many seconds; returns as soon as it does."""
    end_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end_s:
            return False
        time.sleep(ASK_AGAIN_S)  # a program of its own tells nobody here that it went on
    return True
