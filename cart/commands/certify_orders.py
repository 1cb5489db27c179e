"""How the check of a cart greets, acknowledges and orders, as a store does. It must never judge."""

from __future__ import annotations

import secrets

from msgspec.structs import replace

from cart.commands.certify_peer import Peer, RuleBroken
from cart.contract.fleet import Command, CommandState
from cart.contract.signing import command_text
from cart.contract.store import Ack, Birth, StoreState
from cart.shell.newest import wall_utc_ms

BOOT = secrets.token_hex(8)
HOUR_MS = 3_600_000


def greeted(peer: Peer) -> Birth:
    """The store is online: each time it says so, the cart says who it is."""
    peer.say("store_state", StoreState(BOOT, online=False))
    peer.forget("birth")
    peer.say("store_state", StoreState(BOOT, online=True))
    return peer.hear("birth", Birth, "birth")


def acked(peer: Peer, birth: Birth, upto_seq: int) -> None:
    """Answer a birth: the store has its rows so far."""
    peer.say("ack", Ack(birth.epoch, upto_seq, utc_ms=wall_utc_ms()))


def command_of(
    peer: Peer, action: str, valid_ms: int = HOUR_MS, arguments: dict[str, str] | None = None
) -> Command:
    """A command to this cart, signed."""
    expires_utc_ms = wall_utc_ms() + valid_ms
    cmd_id = f"check-{secrets.token_hex(8)}"
    command = Command(cmd_id, action, expires_utc_ms, "", arguments or {})
    return replace(command, signature=peer.sign(command_text(peer.cart, command)))


def order(peer: Peer, command: Command) -> CommandState:
    """Order it; how it ended, or how far it is when it takes longer."""
    peer.forget("command_state")
    peer.say("command", command)
    state = peer.hear("command_state", CommandState, "answer to a command")
    if state.cmd_id != command.cmd_id:
        raise RuleBroken(f"asked {command.cmd_id}, it answers {state.cmd_id}")
    return state
