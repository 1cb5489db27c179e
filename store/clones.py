"""Notices two carts under one name: a copied card makes them drive each other off the broker.

Each time one comes back it greets the store with its own boot id, so the boot ids of the name keep
changing. It must never turn anybody away: which of the two is the cart, a person has to look.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

TAKEOVERS_MAX = 3
WITHIN_MS = 60_000


class Clones:
    """One store's. `clock` is monotonic, in milliseconds."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._boots: dict[str, str] = {}
        self._takeovers_ms: dict[str, deque[int]] = {}

    def born(self, cart: str, boot_id: str) -> bool:
        """Whether its name was taken over more than `TAKEOVERS_MAX` times within a minute; once it
        was said, it takes as many more to be said again."""
        before = self._boots.get(cart, boot_id)
        self._boots[cart] = boot_id
        if before == boot_id:
            return False
        now_ms = self._clock()
        lately = self._takeovers_ms.setdefault(cart, deque())
        lately.append(now_ms)
        while now_ms - lately[0] > WITHIN_MS:
            lately.popleft()
        is_alarm = len(lately) > TAKEOVERS_MAX
        if is_alarm:
            lately.clear()
        return is_alarm
