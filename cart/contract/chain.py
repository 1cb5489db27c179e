"""The hash chain over a cart's journal, and its canonical export, for the cart and for the store.

hash = sha256(hash of the row before || body), the body being the event's canonical JSON; the first
row follows 32 zero bytes. Hashes are written as 64 hexadecimal digits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from cart.core.events import Event

GENESIS = "0" * 64


def canonical(event: Event) -> bytes:
    """The one way to write an event down: its fields in their declared order, no spaces."""
    return msgspec.json.encode(event, order="deterministic")


def link_hash(previous_hash: str, body: bytes) -> str:
    """The hash of the row that holds `body` and follows the row hashed `previous_hash`."""
    return hashlib.sha256(bytes.fromhex(previous_hash) + body).hexdigest()


def export_line(seq: int, body: bytes, row_hash: str) -> bytes:
    """One line of the canonical export: the JSON of a `cart.contract.store.Entry`."""
    return b'{"seq":%d,"event":%b,"hash":"%b"}\n' % (seq, body, row_hash.encode())


def export_lines(events: Iterable[Event]) -> Iterator[bytes]:
    """The canonical export of a whole journal that holds these events, oldest first."""
    row_hash = GENESIS
    for seq, event in enumerate(events, 1):
        body = canonical(event)
        row_hash = link_hash(row_hash, body)
        yield export_line(seq, body, row_hash)
