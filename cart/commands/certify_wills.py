"""The rule of both sides: who is cut off without a word is said to be gone, by its last will.

It must never leave the connection cut.
"""

from __future__ import annotations

from cart.commands.certify_peer import Peer, RuleBroken
from cart.contract.broker import WILL_DELAY_S
from cart.contract.store import CartState, StoreState, decode
from cart.shell.clock import monotonic_ms

State = CartState | StoreState
BACK_MS = 15_000  # so long it may wait before it tries again


def falls(peer: Peer, channel: str, kind: type[State]) -> str:
    """Its connection is cut, and mended."""
    wait_ms = WILL_DELAY_S * 1_000 + peer.answer_ms
    peer.forget(channel)
    before = peer.newest.get(channel)
    with peer.other_cut():
        will = _state(peer, channel, kind, wait_ms, online=False)
    if will is None:
        raise RuleBroken(f"it is cut off, and no last will says so within {wait_ms} ms")
    if before is not None and _boot(decode(kind, before)) != _boot(will):
        raise RuleBroken("its last will is that of another boot")
    if _state(peer, channel, kind, BACK_MS, online=True) is None:
        raise RuleBroken(f"its connection stands again, and it is not online within {BACK_MS} ms")
    return f"its last will: boot {_boot(will)} is offline; then it is online again"


def _state(
    peer: Peer, channel: str, kind: type[State], within_ms: int, *, online: bool
) -> State | None:
    """The first state that says so, if one comes in time. Others are read past: a store over MQTT
    3.1.1 says "online" again and again, also in the moment before it is cut off."""
    end_ms = monotonic_ms() + within_ms
    while (left_ms := end_ms - monotonic_ms()) > 0:
        found = peer.has_heard(channel, left_ms)
        if found is not None and (state := decode(kind, found[1])).online == online:
            return state
    return None


def _boot(state: State) -> str:
    return state.boot_id if isinstance(state, CartState) else state.svc_boot
