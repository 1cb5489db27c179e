"""Renews the cart's certificate while it works: asks, tries the new pair, then keeps or drops it.

The old pair is given up only once the broker has let the new one in; until then both exist. It
decides which files the next connection uses, and never connects by itself.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.contract.fleet import CertificateAnswer, CertificateRequest
from cart.contract.lines import ContractError
from cart.mqtt import Endpoint
from cart.shell.config import BrokerConfig
from cart.shell.identity import Identity

ASK_MS = 5_000
ASK_MS_MAX = 3_600_000


class Renewal:
    """One cart's renewals. `want` may come from any thread; all else is the link's."""

    def __init__(self, cart: str, broker: BrokerConfig) -> None:
        self._endpoint = broker.endpoint()
        self._authority = broker.ca
        pair = broker.certificate
        self._identity = Identity(cart, pair) if pair and pair == broker.key else None
        self._wanted = False
        self._trying = False
        self._asked_ms: int | None = None
        self._failures = 0

    def check(self, utc_ms: int) -> None:
        """Want a new certificate once two thirds of the present one's time are over."""
        if self._identity is not None and utc_ms >= self._identity.renew_utc_ms():
            self._wanted = True

    def want(self) -> None:
        """Renew soon. Raises ContractError where the configuration can't have it."""
        if self._identity is None:
            raise ContractError(
                "no renewal: name one file in broker.certificate and broker.key, so that both"
                " are replaced at once"
            )
        self._wanted = True

    def to_ask(self, now_ms: int) -> CertificateRequest | None:
        """The request to send now; again after `ASK_MS`, and later after each failure."""
        if not self._wanted or self._trying or self._identity is None:
            return None
        pause_ms = min(ASK_MS << min(self._failures, 10), ASK_MS_MAX)
        if self._asked_ms is not None and now_ms - self._asked_ms < pause_ms:
            return None
        self._asked_ms = now_ms
        return self._identity.request()

    def take(self, answer: CertificateAnswer) -> Endpoint | None:
        """Where to dial with the new pair; None: nothing was asked. Raises ContractError."""
        if not self._wanted or self._identity is None or self._trying:
            return None
        assert self._authority, "one with a pair has an authority"
        self._wanted = False
        try:
            self._identity.take(answer, self._authority.read_bytes())
        except ContractError:
            self._identity.drop()
            raise
        self._trying = True
        fresh = self._identity.fresh
        return replace(self._endpoint, certificate=fresh, key=fresh)

    def came_up(self) -> Endpoint | None:
        """The connection stands: if with the new pair, that is the pair from now on, and this is
        where it lies."""
        if not self._trying or self._identity is None:
            return None
        self._identity.adopt()
        self._trying = False
        self._asked_ms = None
        self._failures = 0
        return self._endpoint

    def went_down(self) -> Endpoint | None:
        """The connection is gone, or the attempt failed: where to go back to the old pair.

        It may have been the network: another pair is asked for, later each time."""
        if not self._trying or self._identity is None:
            return None
        self._trying = False
        self._wanted = True
        self._failures += 1
        self._identity.drop()
        return self._endpoint
