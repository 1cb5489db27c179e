"""When a connection is tried again, and how long a step of it may take: longer after each failure.

Carts of one shop must not come back all together, and two of one name, which drive each other off
the broker, not ten times a second. It knows no socket, and must never wait itself.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

# So long may a step take (TCP, CONNECT, SUBSCRIBE), and longer after each failure: a broker to
# which a thousand carts come back at once answers each in the end, if they do not all begin again.
STEP_MS_MAX, PATIENCE_DOUBLINGS = 2_000, 3
DOUBLINGS_MAX = 10
# A connection that is lost before it has stood so long is no success: the pause goes on growing,
# though not beyond what a shopper bears at a link that breaks again and again.
STEADY_MS, UNSTEADY_MS_MAX = 10_000, 1_000


class Retries:
    """One connection's. `pause_ms_max` is its longest pause; `clock` is monotonic, in milliseconds.
    `at_ms`: not before then; `failures`: since it was last up."""

    def __init__(self, clock: Callable[[], int], random: Random, pause_ms_max: int) -> None:
        self._clock = clock
        self._random = random
        self._pause_ms_max = pause_ms_max
        self._up_ms: int | None = None
        self._unsteady = 0
        self.failures = 0
        self.at_ms = 0

    @property
    def step_ms_max(self) -> int:
        """How long the next step may take."""
        return STEP_MS_MAX << min(self.failures, PATIENCE_DOUBLINGS)

    def stands(self) -> None:
        """The connection is up."""
        self._up_ms = self._clock()
        self.failures = 0

    def lost(self, first_ms: int) -> None:
        """It broke, or did not come up: choose when it is tried again, at first after this."""
        if self._up_ms is not None:
            is_unsteady = self._clock() - self._up_ms < STEADY_MS
            self._unsteady = self._unsteady + 1 if is_unsteady else 0
            self._up_ms = None
        unsteady_ms = min(UNSTEADY_MS_MAX, first_ms << min(self._unsteady, DOUBLINGS_MAX))
        failed_ms = first_ms << min(self.failures, DOUBLINGS_MAX)
        pause_ms = min(self._pause_ms_max, max(unsteady_ms, failed_ms))
        self.failures += 1
        # Jitter: a thousand carts must not come back in the same millisecond.
        self.at_ms = self._clock() + self._random.randint(pause_ms // 2, pause_ms)

    def anew(self) -> None:
        """The next attempt is another one: it begins at once."""
        self._up_ms = None
        self.failures = self._unsteady = self.at_ms = 0
