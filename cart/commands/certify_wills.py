"""The rule of both sides: who is cut off without a word is said to be gone, by its last will.

It must never leave the connection cut.
"""

from __future__ import annotations

from cart.commands.certify_peer import Peer, RuleBroken
from cart.contract.broker import WILL_DELAY_S
from cart.contract.store import CartState, StoreState, decode

State = CartState | StoreState
BACK_MS = 15_000  # so long it may wait before it tries again


def falls(peer: Peer, channel: str, kind: type[State]) -> str:
    """Its connection is cut, and mended."""
    wait_ms = WILL_DELAY_S * 1_000 + peer.answer_ms
    peer.forget(channel)
    before = peer.newest.get(channel)
    with peer.other_cut():
        found = peer.has_heard(channel, wait_ms)
    if found is None or (will := decode(kind, found[1])).online:
        raise RuleBroken(f"it is cut off, and no last will says so within {wait_ms} ms")
    if before is not None and _boot(decode(kind, before)) != _boot(will):
        raise RuleBroken("its last will is that of another boot")
    back = peer.has_heard(channel, BACK_MS)
    if back is None or not decode(kind, back[1]).online:
        raise RuleBroken(f"its connection stands again, and it is not online within {BACK_MS} ms")
    return f"its last will: boot {_boot(will)} is offline; then it is online again"


def _boot(state: State) -> str:
    return state.boot_id if isinstance(state, CartState) else state.svc_boot
