"""What the mind wants done outside: requests to the shell, never done by the core itself.

An effect may be lost in a crash; the mind asks again while its state still wants it.
"""

from __future__ import annotations

from cart.core.value import Value


class MakePairCode(Value, tag="make_pair_code"):
    """Make a fresh nonce and say so with `PairCodeMade`."""


class OfferPairing(Value, tag="offer_pairing"):
    """Tell the store which nonce is on the screen."""

    nonce: str


class RequestPayment(Value, tag="request_payment"):
    """Ask the store to take this sum; idempotent by (trip, attempt)."""

    trip_id: str
    attempt: int
    total_minor: int


class TellEyes(Value, tag="tell_eyes"):
    """Give the eyes the catalog's codes and the products that are likely here."""

    gtins: tuple[str, ...]
    skus: tuple[str, ...]


Effect = MakePairCode | OfferPairing | RequestPayment | TellEyes
