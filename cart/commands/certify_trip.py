"""The trip that the check of a store makes: short, of a cart and an epoch that are nobody's.

It must never be paid.
"""

from __future__ import annotations

import time

from msgspec import Raw

from cart.commands.certify_peer import Peer
from cart.contract.store import FIRST_HASH, Ack, Birth, Entry, chain_hash
from cart.core.value import Value

# An epoch that this name has not used before, so that the store has no rows of it.
EPOCH = int(time.time())
TRIP = f"check-trip-{EPOCH}"
ITEM = (
    b'{"kind":"item_added","t_ms":2,"line_id":"L1","sku":"no-such-sku","name":"Tin","quantity":1,'
    b'"unit_price_minor":149,"price_minor":149}'
)
FACTS: tuple[bytes, ...] = (
    b'{"kind":"trip_opened","t_ms":1,"trip_id":"%s"}' % TRIP.encode(),
    ITEM,
    b'{"kind":"a_fact_of_the_future.2","t_ms":3,"what":[1]}',
    b'{"kind":"checkout_started","t_ms":4}',
    b'{"kind":"trip_handed_over","t_ms":5,"trip_id":"%s"}' % TRIP.encode(),
)


def rows(*more: bytes, closed: bool = False) -> tuple[Entry, ...]:
    """The trip, chained as the contract says; `closed`: to its end, and what came after."""
    made, last_hash = [], FIRST_HASH
    for seq, fact in enumerate((*FACTS, *more) if closed else FACTS[:-1], 1):
        last_hash = chain_hash(last_hash, fact)
        made.append(Entry(seq, Raw(fact), last_hash))
    return tuple(made)


def opens(trip_id: str) -> bytes:
    """The row of a trip that begins."""
    return b'{"kind":"trip_opened","t_ms":6,"trip_id":"%s"}' % trip_id.encode()


def hands_over(trip_id: str) -> bytes:
    """The row of a trip that ends without a payment."""
    return b'{"kind":"trip_handed_over","t_ms":7,"trip_id":"%s"}' % trip_id.encode()


def store_utc_ms(peer: Peer) -> int:
    """What the store's clock shows, by its answer to a birth."""
    return ack_of(peer, "birth", greeting()).utc_ms


def greeting() -> Birth:
    """Who the check's cart is."""
    return Birth(f"check-{EPOCH}", EPOCH, len(FACTS), 0, "0", 0)


def ack_of(peer: Peer, channel: str, message: Value) -> Ack:
    """Say something that is acknowledged; how."""
    peer.forget("ack")
    peer.say(channel, message)
    return peer.hear("ack", Ack, f"answer to {channel}")
