"""The rules that a cart must keep, tried by a store that stores nothing (`cart.commands.certify`).

The cart's configuration names this check's public key as its store's, and a broker without a store.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from cart.commands.certify import Peer, Rule, RuleBroken
from cart.contract.fleet import Command, CommandState
from cart.contract.signing import command_text
from cart.contract.store import (
    FIRST_HASH,
    Ack,
    Birth,
    CartState,
    EventBatch,
    StoreState,
    chain_hash,
)

HEARS = ("birth", "cart_state", "events", "command_state")
BOOT = secrets.token_hex(8)
HOUR_MS = 3_600_000


def name(options: argparse.Namespace) -> str:
    """Who we say we are: the store's service."""
    if options.key is None:
        raise ValueError("--key is needed: the private key whose public half the cart knows")
    return f"store-{options.store}"


def _waits(peer: Peer) -> str:
    peer.forget("events")
    peer.hears_nothing("events", "it sends rows to a store that is not there")
    return "no rows while no store is online"


def _comes(peer: Peer) -> str:
    birth = _greet(peer)
    state = peer.hear("cart_state", CartState, "state")
    if not state.online or state.boot_id != birth.boot_id:
        raise RuleBroken(f"state {state} beside a birth of {birth.boot_id}")
    return f"boot {birth.boot_id}, epoch {birth.epoch}, {birth.last_seq} rows"


def _holds_back(peer: Peer) -> str:
    _greet(peer)
    peer.hears_nothing("events", "it sends rows before its birth is answered")
    return "no rows before the answer to its birth"


def _obeys(peer: Peer) -> str:
    birth = _greet(peer)
    _ack(peer, birth, birth.acked_seq)
    command = _command(peer, "locate")
    first = _order(peer, command)
    again = _order(peer, command)
    if first != again:
        raise RuleBroken(f"the same command is answered with {first}, then {again}")
    return f"{first.status}, twice the same answer"


def _rejects(peer: Peer) -> str:
    state = _order(peer, _command(peer, "no-such-action"))
    if state.status != "rejected":
        raise RuleBroken(f"an action that it can't know is {state.status}")
    return state.detail


def _too_late(peer: Peer) -> str:
    state = _order(peer, _command(peer, "locate", valid_ms=-HOUR_MS))
    if state.status != "timed_out":
        raise RuleBroken(f"a command of an hour ago is {state.status}")
    return state.detail


def _forged(peer: Peer) -> str:
    command = _command(peer, "lock")
    for wrong in (replace(command, action="unlock"), replace(command, signature="")):
        peer.say("command", wrong)
        peer.hears_nothing("command_state", "it answers a command that the store did not sign")
    return "no answer"


def _rows(peer: Peer) -> str:
    birth = _greet(peer)
    _ack(peer, birth, 0)
    seq, last_hash = 0, FIRST_HASH
    while seq < birth.last_seq:
        batch = peer.hear("events", EventBatch, f"row {seq + 1} of {birth.last_seq}")
        if batch.epoch != birth.epoch:
            raise RuleBroken(f"rows of epoch {batch.epoch} after a birth of {birth.epoch}")
        for entry in batch.entries:
            if entry.seq <= seq:
                continue
            if entry.seq != seq + 1 or entry.hash != chain_hash(last_hash, bytes(entry.event)):
                raise RuleBroken(f"row {entry.seq} does not follow from row {seq}")
            seq, last_hash = entry.seq, entry.hash
    return f"{seq} rows, each chained to the one before"


def _again(peer: Peer) -> str:
    birth = _greet(peer)
    _ack(peer, birth, 0)
    peer.hear("events", EventBatch, "rows")
    peer.forget("events")
    peer.say("ack", Ack(birth.epoch, 0, need_from=1))
    batch = peer.hear("events", EventBatch, "rows again after need_from")
    if batch.entries[0].seq != 1:
        raise RuleBroken(f"asked for row 1, it sends row {batch.entries[0].seq}")
    return "row 1 comes again"


def _settles(peer: Peer) -> str:
    birth = _greet(peer)
    _ack(peer, birth, birth.last_seq)
    peer.forget("events")
    peer.hears_nothing("events", "it sends rows that are acknowledged")
    return "acknowledged rows stay away"


def _junk(peer: Peer) -> str:
    for channel in ("ack", "command", "pair_grant", "pay_answer"):
        for payload in (b"{", b"\xff\xfe", b"[" * 5_000, b'{"epoch":"x"}'):
            peer.say_raw(channel, payload)
    peer.say("ack", Ack(1, 1_000_000_000))
    return f"it still answers, with boot {_greet(peer).boot_id}"


RULES: tuple[Rule, ...] = (
    ("without a store it keeps its rows", _waits),
    ("it greets a store that comes, and is online", _comes),
    ("it waits for the answer to its birth", _holds_back),
    ("a command is done once", _obeys),
    ("an unknown command is rejected", _rejects),
    ("a command that comes too late is not done", _too_late),
    ("a command that is not signed is not done", _forged),
    ("its rows are one chain", _rows),
    ("it sends again what is asked for", _again),
    ("it does not send what is acknowledged", _settles),
    ("junk changes nothing", _junk),
)


def _greet(peer: Peer) -> Birth:
    """The store is online: each time it says so, the cart says who it is."""
    peer.say("store_state", StoreState(BOOT, online=False))
    peer.forget("birth")
    peer.say("store_state", StoreState(BOOT, online=True))
    return peer.hear("birth", Birth, "birth")


def _ack(peer: Peer, birth: Birth, upto_seq: int) -> None:
    peer.say("ack", Ack(birth.epoch, upto_seq, utc_ms=time.time_ns() // 1_000_000))


def _command(peer: Peer, action: str, valid_ms: int = HOUR_MS) -> Command:
    assert peer.key, "demanded at the start"
    key = load_pem_private_key(peer.key.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise RuleBroken(f"{peer.key}: not an Ed25519 key")
    expires_utc_ms = time.time_ns() // 1_000_000 + valid_ms
    command = Command(f"check-{secrets.token_hex(8)}", action, expires_utc_ms, "")
    text = command_text(peer.cart, command)
    return replace(command, signature=base64.b64encode(key.sign(text)).decode())


def _order(peer: Peer, command: Command) -> CommandState:
    peer.forget("command_state")
    peer.say("command", command)
    state = peer.hear("command_state", CommandState, "answer to a command")
    if state.cmd_id != command.cmd_id:
        raise RuleBroken(f"asked {command.cmd_id}, it answers {state.cmd_id}")
    return state
