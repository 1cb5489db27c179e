"""How an event is written down, and the canonical export of a journal: a line for each entry.

Journal and replay share it, so that both give the same bytes for the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from cart.contract.lines import encode
from cart.contract.store import FIRST_HASH, Entry, chain_hash
from cart.core.events import Event


def canonical(event: Event) -> bytes:
    """The one way to write an event down: JSON, fields in their declared order, no spaces."""
    return msgspec.json.encode(event, order="deterministic")


def entries(events: Iterable[Event], after: int = 0, hash_before: str = FIRST_HASH) -> list[Entry]:
    """The journal entries of these events, which follow entry number `after`."""
    made = []
    for seq, event in enumerate(events, after + 1):
        body = canonical(event)
        hash_before = chain_hash(hash_before, body)
        made.append(Entry(seq=seq, event=msgspec.Raw(body), hash=hash_before))
    return made


def export_lines(journal: Iterable[Entry]) -> Iterator[bytes]:
    """The canonical export of a journal, oldest entry first."""
    return map(encode, journal)
