"""The rules that a store must keep, tried by a cart that is nobody's (`cart.commands.certify`).

Rows, snapshots and junk are tried here; money, shoppers and people in `certify_counter`, goods in
`certify_goods`. It must never leave a trip open.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from msgspec import Raw, json
from msgspec.structs import replace

from cart.commands import certify_counter, certify_goods
from cart.commands.certify_peer import JUNK, Keys, Peer, Rule, RuleBroken, public_key
from cart.commands.certify_trip import (
    EPOCH,
    FACTS,
    TRIP,
    ack_of,
    greeting,
    hands_over,
    opens,
    rows,
)
from cart.commands.certify_wills import falls
from cart.contract.fleet import ClipNote, CommandState, ReportedConfig, Telemetry
from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.store import (
    CHANNELS,
    FIRST_HASH,
    Ack,
    BasketView,
    CartState,
    Entry,
    EventBatch,
    Snap,
    StoreState,
    chain_hash,
)
from cart.core.basket import Basket, fold
from cart.core.events import Event
from cart.core.value import Value
from cart.shell.clock import monotonic_ms

HEARS: tuple[str, ...] = (
    "ack", "basket", "pair_grant", "pay_answer", "coupon_answer", "command", "config", "given",
    "cert", "store_state", "catalog_head", "catalog_delta", "trust", "deals", "recall", "planogram",
)  # fmt: skip
WILL: tuple[str, Value] = ("cart_state", CartState(greeting().boot_id, online=False))
TOO_LONG = b" " * 200_001
FAR = 2**33  # epochs above those that a store knows: beyond the 2^32 that it takes
UP = tuple(channel.name for channel in CHANNELS if channel.direction != "down")


def name(options: argparse.Namespace) -> str:
    """Who we say we are: the cart."""
    return str(options.cart)


def keys(options: argparse.Namespace) -> Keys:
    """The store's public key, where it is given. Raises ValueError."""
    return Keys(public=public_key(options.key) if options.key else None)


def _present(peer: Peer) -> str:
    state = peer.hear("store_state", StoreState, "retained store/state")
    if not state.online:
        raise RuleBroken("store/state says offline")
    return f"online as {state.svc_boot}"


def _greets(peer: Peer) -> str:
    ack = ack_of(peer, "birth", greeting())
    if ack.epoch != EPOCH or ack.upto_seq != 0 or ack.utc_ms <= 0:
        raise RuleBroken(f"epoch {ack.epoch}, upto_seq {ack.upto_seq}, utc_ms {ack.utc_ms}")
    _owned(ack)
    return "the answer to a birth has the cart's epoch, nothing stored, its hash, and the time"


def _far(peer: Peer) -> str:
    """Or one birth could use up all the numbers that a cart's journals may have."""
    ack = ack_of(peer, "birth", replace(greeting(), epoch=EPOCH + FAR))
    if ack.hash:
        raise RuleBroken(f"epoch {EPOCH + FAR} is far too high, and has the hash {ack.hash}")
    if ack.newest_epoch > EPOCH:
        raise RuleBroken(f"newest_epoch is {ack.newest_epoch}, and the cart's newest is {EPOCH}")
    return f'2^33 above what it knows the hash is "", and newest_epoch {ack.newest_epoch}'


def _takes(peer: Peer) -> str:
    return _acked(_send(peer, rows()[:2]), 2, "two rows")


def _again(peer: Peer) -> str:
    ack = _send(peer, rows()[:2])
    if ack.rejected:
        raise RuleBroken(f"a repeated row is rejected: {ack.rejected[0].reason}")
    return _acked(ack, 2, "the same two rows")


def _changed(peer: Peer) -> str:
    other = b'{"kind":"trip_opened","t_ms":9,"trip_id":"other"}'
    forged = Entry(1, Raw(other), chain_hash(FIRST_HASH, other))
    return _rejected(_send(peer, (forged,)), 1, 2)


def _gap(peer: Peer) -> str:
    ack = _send(peer, rows()[3:])
    if ack.need_from != 3:
        raise RuleBroken(f"need_from is {ack.need_from} after row 4 upon row 2")
    return _acked(ack, 2, "a gap; it asks for row 3")


def _torn(peer: Peer) -> str:
    return _rejected(_send(peer, (replace(rows()[2], hash="0" * 64),)), 3, 2)


def _future(peer: Peer) -> str:
    return _acked(_send(peer, rows()[2:]), 4, "a fact it does not know, and the one behind it")


def _more_fields(peer: Peer) -> str:
    birth = json.encode(greeting())[:-1] + b',"field_of_the_future":[1]}'
    peer.forget("ack")
    peer.say_raw("birth", birth)
    ack = peer.hear("ack", Ack, "answer")
    seen = _acked(ack, 4, "a birth with a field of the future")
    _owned(ack)
    return seen


def _views(peer: Peer) -> str:
    peer.forget("basket")
    ack_of(peer, "birth", greeting())
    view = peer.hear("basket", BasketView, "view of the basket after a birth in mid-trip")
    if view.trip_id != TRIP or view.lines > 1:
        raise RuleBroken(f"{view.lines} lines of {view.trip_id} for one line of {TRIP}")
    return f"{view.lines} lines, {view.total_minor} in all"


def _snaps(peer: Peer) -> str:
    """A right snapshot changes nothing; one of other rows is answered with how the store stands."""
    entries = rows()
    right = Snap(TRIP, 1, EPOCH, len(entries), entries[-1].hash, Raw(json.encode(_basket())))
    peer.say("snap", right)
    _acked(ack_of(peer, "birth", greeting()), len(entries), "a snapshot that is right")
    ack = ack_of(peer, "snap", replace(right, revision=2, row_hash="0" * 64))
    if ack.need_from is None and ack.hash != entries[-1].hash:
        raise RuleBroken(f"a snapshot of other rows: it has {ack.hash}, and asks for nothing")
    return "one of other rows is answered, a right one changes nothing"


def _junk(peer: Peer) -> str:
    for channel in UP:
        for payload in (*JUNK, TOO_LONG) if channel == "events" else JUNK:
            peer.say_raw(channel, payload)
    ack = ack_of(peer, "birth", greeting())
    return _acked(ack, len(FACTS) - 1, f"junk on {len(UP)} channels; it still answers")


def _reports(peer: Peer) -> str:
    """What asks for no answer: taken, and nothing else suffers."""
    peer.say("cart_state", CartState("an-older-boot", online=False))
    peer.say("cart_state", CartState(greeting().boot_id, online=True))
    peer.say("telemetry", Telemetry(1_000, battery_percent=80))
    peer.say("config_state", ReportedConfig(1, {}))
    peer.say("command_state", CommandState("c-nobody-ordered", "succeeded"))
    peer.say("clip", ClipNote("clip-1", "loss", "0" * 64, 1))
    ack = ack_of(peer, "birth", greeting())
    what = "five reports; what it makes of them does not cross the wire"
    return _acked(ack, len(FACTS) - 1, what)


def _closes(peer: Peer) -> str:
    _acked(_send(peer, rows(closed=True)[-1:]), len(FACTS), "the trip's last row")
    peer.forget("basket")
    ack_of(peer, "birth", greeting())
    peer.hears_nothing("basket", "it has a basket of a trip that has ended")
    return "no basket after the trip's last row"


def _one_trip(peer: Peer) -> str:
    """Whose trip a code has opened gets nothing by it again."""
    grant = certify_counter.granted(peer)
    after = (opens(grant.trip_id), hands_over(grant.trip_id))
    entries = rows(*after, closed=True)
    _acked(_send(peer, entries[-2:]), len(entries), "a trip of a grant, and its end")
    certify_counter.claims_in_vain(peer, grant.nonce, "a code that has opened its trip is granted")
    return f"trip {grant.trip_id}; claimed again, no grant"


def _sees(peer: Peer) -> str:
    """Who has greeted is online, until its own will was said."""
    boot_id = greeting().boot_id
    ack_of(peer, "birth", greeting())
    _online(peer, "it has greeted")
    peer.say("cart_state", CartState("an-older-boot", online=False))
    _online(peer, "the will of an older boot was said")
    peer.fall()
    end_ms = monotonic_ms() + peer.answer_ms
    while certify_goods.is_online(peer):
        if monotonic_ms() > end_ms:
            raise RuleBroken("online, and its own will was said")
    peer.say("cart_state", CartState(boot_id, online=True))
    _online(peer, "it has said so")
    return "offline by its own will, and not by that of an older boot"


def _online(peer: Peer, though: str) -> None:
    if not certify_goods.is_online(peer):
        raise RuleBroken(f"offline, and {though}")


RULES: tuple[Rule, ...] = (
    Rule("its state is retained, and online", ("store_state",), _present),
    *certify_goods.RULES,
    Rule("a birth is answered", ("birth", "ack"), _greets),
    Rule("rows are acknowledged cumulatively", ("events", "ack"), _takes),
    Rule("a repeated row is stored once", ("events", "ack"), _again),
    Rule("a row is never replaced by another", ("events", "ack"), _changed),
    Rule("a gap is asked for", ("events", "ack"), _gap),
    Rule("a row that breaks the chain is not taken", ("events", "ack"), _torn),
    Rule("facts of the future do not block the queue", ("events", "ack"), _future),
    Rule("fields of the future are ignored", ("birth", "ack"), _more_fields),
    Rule("an epoch far above is no journal's", ("birth", "ack"), _far),
    Rule("a birth in mid-trip is told the basket", ("birth", "basket"), _views),
    Rule("a snapshot is held against the rows", ("snap", "ack"), _snaps),
    Rule("junk changes nothing", (), _junk),
    Rule(
        "reports without an answer disturb nothing",
        ("cart_state", "telemetry", "config_state", "command_state", "clip"),
        _reports,
    ),
    *certify_counter.RULES,
    Rule("a trip that has ended has no basket", ("events", "ack", "basket"), _closes),
    Rule("a cart's last will counts for its boot", ("cart_state", "get", "given"), _sees),
    Rule(
        "its last will says that it is gone",
        ("store_state",),
        partial(falls, channel="store_state", kind=StoreState),
    ),
    Rule("a code opens one trip", ("pair_claim", "pair_grant", "events"), _one_trip),
)
LEFT_OUT: Mapping[str, str] = {
    "credit": "it belongs to a trip that is paid, and this check pays for none",
}


def _basket() -> Basket:
    known: list[Event] = []
    for fact in FACTS[:-1]:
        with suppress(ContractError):
            known.append(decode_json(Event, fact, "a fact"))
    return fold(known)


def _send(peer: Peer, entries: tuple[Entry, ...]) -> Ack:
    return ack_of(peer, "events", EventBatch(EPOCH, entries))


def _acked(ack: Ack, seq: int, of_what: str) -> str:
    if (ack.epoch, ack.upto_seq) != (EPOCH, seq):
        raise RuleBroken(f"upto_seq is {ack.upto_seq} of {ack.epoch}, not {seq}, after {of_what}")
    return f"upto_seq {seq} after {of_what}"


def _owned(ack: Ack) -> None:
    """Raises RuleBroken where a cart would take this answer to its birth for another journal's."""
    own = rows()[ack.upto_seq - 1].hash if ack.upto_seq else FIRST_HASH
    if ack.hash != own:
        raise RuleBroken(f"the hash of row {ack.upto_seq} is {ack.hash}, not {own}")
    if not 0 < ack.newest_epoch <= EPOCH:
        raise RuleBroken(f"newest_epoch is {ack.newest_epoch}, and the cart's newest is {EPOCH}")


def _rejected(ack: Ack, seq: int, upto_seq: int) -> str:
    if [row.seq for row in ack.rejected] != [seq]:
        raise RuleBroken(f"row {seq} is not named in rejected: {ack.rejected}")
    return _acked(ack, upto_seq, f"row {seq}: {ack.rejected[0].reason}")
