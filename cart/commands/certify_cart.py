"""The rules that a cart must keep, tried by a store that stores nothing (`cart.commands.certify`).

The cart's configuration names this check's public key as its store's, and a broker without a store.
It stands idle on a bench: a trip is opened on it and ended, and its catalog and settings are
replaced. Rows, orders and junk are tried here; the trip and the goods in `certify_bench`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from cart.commands import certify_bench
from cart.commands.certify_orders import BOOT, HOUR_MS, acked, command_of, greeted, order
from cart.commands.certify_peer import (
    JUNK,
    Keys,
    NotExercised,
    Peer,
    Rule,
    RuleBroken,
    private_key,
)
from cart.commands.certify_wills import falls
from cart.contract.fleet import ENDED, CertificateAnswer, CertificateRequest, CommandState
from cart.contract.store import (
    CHANNELS,
    FIRST_HASH,
    Ack,
    CartState,
    EventBatch,
    StoreState,
    chain_hash,
    decode,
)
from cart.core.value import Value
from cart.shell.clock import monotonic_ms

HEARS: tuple[str, ...] = (
    "birth", "cart_state", "events", "snap", "pair_offer", "command_state", "config_state", "get",
    "telemetry", "csr",
)  # fmt: skip
WILL: tuple[str, Value] = ("store_state", StoreState(BOOT, online=False))
DOWN = tuple(channel.name for channel in CHANNELS if channel.direction == "down")
OTHERS = 100  # commands between one and its repetition
TELEMETRY_MS = 65_000  # each minute, as long as nobody has set it otherwise


def name(options: argparse.Namespace) -> str:
    """Who we say we are: the store's service."""
    return f"store-{options.store}"


def keys(options: argparse.Namespace) -> Keys:
    """The store's private key. Raises ValueError."""
    if options.key is None:
        raise ValueError("--key is needed: the private key whose public half the cart knows")
    private = private_key(options.key)
    return Keys(private.public_key(), private)


def _waits(peer: Peer) -> str:
    peer.forget("events")
    peer.hears_nothing("events", "it sends rows to a store that is not there")
    return "no rows while no store is online"


def _comes(peer: Peer) -> str:
    birth = greeted(peer)
    state = peer.hear("cart_state", CartState, "state")
    if not state.online or state.boot_id != birth.boot_id:
        raise RuleBroken(f"state {state} beside a birth of {birth.boot_id}")
    return f"boot {birth.boot_id}, epoch {birth.epoch}, {birth.last_seq} rows"


def _holds_back(peer: Peer) -> str:
    greeted(peer)
    peer.hears_nothing("events", "it sends rows before its birth is answered")
    return "no rows before the answer to its birth"


def _obeys(peer: Peer) -> str:
    birth = greeted(peer)
    acked(peer, birth, birth.acked_seq)
    command = command_of(peer, "locate")
    first = order(peer, command)
    again = order(peer, command)
    if first != again:
        raise RuleBroken(f"the same command is answered with {first}, then {again}")
    return f"{first.status}, twice the same answer"


def _remembers(peer: Peer) -> str:
    """Neither an answer nor a row shows that it is done again, however many came since."""
    birth = greeted(peer)
    acked(peer, birth, birth.acked_seq)
    command = command_of(peer, "locate")
    first = order(peer, command)
    for _ in range(OTHERS):
        peer.say("command", command_of(peer, "locate"))
        peer.hear("command_state", CommandState, "answer to one of many commands")
    birth = greeted(peer)
    acked(peer, birth, birth.last_seq)
    peer.forget("events")
    if (again := order(peer, command)) != first:
        raise RuleBroken(f"after {OTHERS} others {first} has become {again}")
    peer.hears_nothing("events", f"after {OTHERS} others it does a command again")
    return f"{first.status}, the same {OTHERS} commands later, and no row"


def _rejects(peer: Peer) -> str:
    state = order(peer, command_of(peer, "no-such-action"))
    if state.status != "rejected":
        raise RuleBroken(f"an action that it can't know is {state.status}")
    return state.detail


def _too_late(peer: Peer) -> str:
    state = order(peer, command_of(peer, "locate", valid_ms=-HOUR_MS))
    if state.status != "timed_out":
        raise RuleBroken(f"a command of an hour ago is {state.status}")
    return state.detail


def _forged(peer: Peer) -> str:
    command = command_of(peer, "lock")
    for wrong in (replace(command, action="unlock"), replace(command, signature="")):
        peer.say("command", wrong)
        peer.hears_nothing("command_state", "it answers a command that the store did not sign")
    return "no answer"


def _rows(peer: Peer) -> str:
    birth = greeted(peer)
    acked(peer, birth, 0)
    seq, last_hash = 0, FIRST_HASH
    end_ms = monotonic_ms() + peer.answer_ms
    while seq < birth.last_seq:
        batch = peer.hear("events", EventBatch, f"row {seq + 1} of {birth.last_seq}")
        if batch.epoch != birth.epoch:
            raise RuleBroken(f"rows of epoch {batch.epoch} after a birth of {birth.epoch}")
        before = seq
        seq, last_hash = _followed(batch, seq, last_hash)
        acked(peer, birth, seq)  # it may wait before it sends more than its window
        if seq > before:
            end_ms = monotonic_ms() + peer.answer_ms
        elif monotonic_ms() > end_ms:
            raise RuleBroken(f"known rows alone, no row {seq + 1} within {peer.answer_ms} ms")
    return f"{seq} rows, each chained to the one before"


def _followed(batch: EventBatch, seq: int, last_hash: str) -> tuple[int, str]:
    """The last row and its hash, after those of a batch. Raises RuleBroken."""
    for entry in batch.entries:
        if entry.seq <= seq:
            continue
        if entry.seq != seq + 1 or entry.hash != chain_hash(last_hash, bytes(entry.event)):
            raise RuleBroken(f"row {entry.seq} does not follow from row {seq}")
        seq, last_hash = entry.seq, entry.hash
    return seq, last_hash


def _again(peer: Peer) -> str:
    birth = greeted(peer)
    acked(peer, birth, 0)
    peer.hear("events", EventBatch, "rows")
    peer.forget("events")
    peer.say("ack", Ack(birth.epoch, 0, need_from=1))
    batch = peer.hear("events", EventBatch, "rows again after need_from")
    if batch.entries[0].seq != 1:
        raise RuleBroken(f"asked for row 1, it sends row {batch.entries[0].seq}")
    return "row 1 comes again"


def _settles(peer: Peer) -> str:
    birth = greeted(peer)
    acked(peer, birth, birth.last_seq)
    peer.forget("events")
    peer.hears_nothing("events", "it sends rows that are acknowledged")
    return "acknowledged rows stay away"


def _gone(peer: Peer) -> str:
    """A store that fell says nothing; its will, which the broker says, counts."""
    peer.fall()
    peer.forget("events")
    order(peer, command_of(peer, "locate"))
    peer.hears_nothing("events", "it sends rows to a store whose last will was said")
    return "no rows after the store's last will"


def _junk(peer: Peer) -> str:
    for channel in DOWN:
        for payload in JUNK:
            peer.say_raw(channel, payload)
    peer.say("ack", Ack(1, 1_000_000_000))
    peer.say("store_state", StoreState(BOOT, online=True))
    return f"on {len(DOWN)} channels; it still answers, with boot {greeted(peer).boot_id}"


def _telemetry(peer: Peer) -> str:
    peer.check_patience(TELEMETRY_MS)
    found = peer.has_heard("telemetry", TELEMETRY_MS)
    if found is None:
        raise NotExercised(f"none came within {TELEMETRY_MS} ms; it may be lost")
    kind = found[0].channel.message
    assert kind is not None, "it is JSON"
    return str(decode(kind, found[1]))


def _certificate(peer: Peer) -> str:
    """Told to renew, it asks for one; that it gets none changes nothing."""
    peer.forget("csr")
    order(peer, command_of(peer, "rotate_cert"))
    found = peer.has_heard("csr", peer.answer_ms)
    if found is None:
        raise NotExercised(f"it does not ask here: {_ended(peer)}")
    asked = decode(CertificateRequest, found[1])
    if "PRIVATE KEY" in asked.request:
        raise RuleBroken("it sends its private key")
    peer.say("cert", CertificateAnswer("0" * 64, reason="a check signs nothing"))
    return f"{len(asked.request)} bytes; refused, it still is boot {greeted(peer).boot_id}"


def _ended(peer: Peer) -> str:
    """Why an order failed whose first answer has come. Raises RuleBroken."""
    state = peer.hear("command_state", CommandState, "end of an order to renew")
    if state.status not in ENDED or state.status == "succeeded":
        raise RuleBroken(f"the order to renew {state.status}, and no request came")
    return state.detail


CHAIN = ("birth", "ack", "events")
RULES: tuple[Rule, ...] = (
    Rule("without a store it keeps its rows", ("events",), _waits),
    Rule("it greets a store that comes, and is online",
         ("store_state", "birth", "cart_state"), _comes),
    Rule("it waits for the answer to its birth", CHAIN, _holds_back),
    Rule("a command is done once", ("command", "command_state"), _obeys),
    Rule("a command is remembered", ("command", "command_state", "events"), _remembers),
    Rule("an unknown command is rejected", ("command", "command_state"), _rejects),
    Rule("a command that comes too late is not done", ("command", "command_state"), _too_late),
    Rule("a command that is not signed is not done", ("command", "command_state"), _forged),
    *certify_bench.RULES,
    Rule("its rows are one chain", CHAIN, _rows),
    Rule("it sends again what is asked for", CHAIN, _again),
    Rule("it does not send what is acknowledged", CHAIN, _settles),
    Rule("it keeps its rows by the store's last will", ("store_state", "events"), _gone),
    Rule("its last will says that it is gone", ("cart_state",),
         partial(falls, channel="cart_state", kind=CartState)),
    Rule("junk changes nothing", (), _junk),
    Rule("it asks for a fresh certificate", ("csr", "cert"), _certificate),
    Rule("it tells how it is", ("telemetry",), _telemetry),
)  # fmt: skip
LEFT_OUT: Mapping[str, str] = {
    "pair_claim": "it is between a shopper's app and the store",
    "pay_request": "a shopper pays at the screen, and this check has no hand",
    "coupon_request": "a shopper shows a coupon to the scanner, and this check has no hand",
    "trust": "it is signed by keys of the store's that this check has not",
    "clip": "a clip goes to the store's HTTPS door, and this check has none",
}
