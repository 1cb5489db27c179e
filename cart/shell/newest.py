"""Whether what the store has signed is also the newest, and whether anything newer comes at all.

A signature says who wrote a thing, not that it still holds: somebody who holds newer things back
could keep a cart on old ones. So the metadata names the newest settings, recalls, deals and aisles
as it names the catalog, and its own end is looked at as time passes. A recall holds without being
named: it may wait for nothing. It must never drop what holds.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from cart.contract.goods import TRUSTED_PUBLISHED, TRUSTED_SETTINGS
from cart.core.catalog import CatalogError
from cart.shell.clock import Clock
from cart.shell.trust import Named, Trust

PATIENCE_MS = 30_000  # so long a thing and the metadata that names it may be apart on their way


def wall_utc_ms() -> int:
    """The machine's own wall clock."""
    return time.time_ns() // 1_000_000


class Newest:
    """One cart's; without a root of trust a signature is enough. `wall` is the machine's own wall
    clock: the store's could be held back, too. `trouble` is what is wrong now, "" for nothing."""

    def __init__(
        self,
        trust: Trust | None,
        cart: str,
        clock: Clock,
        wall: Callable[[], int] = wall_utc_ms,
    ) -> None:
        self._trust = trust
        self._settings = TRUSTED_SETTINGS + cart
        self._clock = clock
        self._wall = wall
        self._seen: dict[str, Named] = {}
        self._apart: tuple[str, ...] = ()
        self._apart_since_ms = 0
        self._up_since_ms = clock()
        self.trouble = ""

    def publishes(self, kind: str, text: bytes) -> bool:
        """Note what was published last of a kind; whether it may be used by now."""
        return self._names(TRUSTED_PUBLISHED + kind, text) or kind == "recall"

    def sets(self, text: bytes) -> bool:
        """Note how the cart shall be set; whether it may be used by now."""
        return self._names(self._settings, text)

    def look(self, now_utc_ms: int, *, is_up: bool = True) -> None:
        """Look whether all is new; `is_up`: anything could come at all. Raises CatalogError, once
        for each trouble."""
        if not is_up:
            self._up_since_ms = self._clock()
        before, self.trouble = self.trouble, self._wrong(now_utc_ms)
        if self.trouble not in {"", before}:
            raise CatalogError(self.trouble)

    def _names(self, name: str, text: bytes) -> bool:
        seen = self._seen[name] = (hashlib.sha256(text).hexdigest(), len(text))
        return self._trust is None or self._trust.named(name) == seen

    def _wrong(self, now_utc_ms: int) -> str:
        if self._trust is None:
            return ""
        if not self._trust.ends_utc_ms:
            return self._trust.refused or self._none_came()
        if max(now_utc_ms, self._wall()) > self._trust.ends_utc_ms:
            return "trust: the metadata has ended and no newer came; see whether the store runs"
        apart = self._apart_now(self._trust)
        if apart != self._apart:
            self._apart, self._apart_since_ms = apart, self._clock()
        if apart and self._clock() - self._apart_since_ms > PATIENCE_MS:
            return f"trust: not what the store last signed: {', '.join(apart)}; it sends them again"
        return ""

    def _none_came(self) -> str:
        if self._clock() - self._up_since_ms <= PATIENCE_MS:
            return ""
        return "trust: no metadata came; see whether the store runs and what its broker keeps"

    def _apart_now(self, trust: Trust) -> tuple[str, ...]:
        ours = {name for name in trust.names if name.startswith(TRUSTED_PUBLISHED)}
        ours |= {self._settings} & trust.names
        return tuple(
            name
            for name in sorted(ours | self._seen.keys())
            if trust.named(name) != self._seen.get(name)
        )
