"""The rules that a store must keep, tried by a cart that is nobody's (`cart.commands.certify`)."""

from __future__ import annotations

import argparse
import base64
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Raw, json
from msgspec.structs import replace

from cart.commands.certify import Peer, Rule, RuleBroken
from cart.contract.goods import CatalogHead
from cart.contract.signing import grant_text, head_text
from cart.contract.store import (
    FIRST_HASH,
    Ack,
    Birth,
    Entry,
    EventBatch,
    PairClaim,
    PairGrant,
    PairOffer,
    PayAnswer,
    PayRequest,
    StoreState,
    chain_hash,
)

HEARS = ("ack", "pair_grant", "pay_answer", "store_state", "catalog_head")
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
)


def name(options: argparse.Namespace) -> str:
    """Who we say we are: the cart."""
    return str(options.cart)


def rows() -> tuple[Entry, ...]:
    """A short trip, chained as the contract says."""
    made, last_hash = [], FIRST_HASH
    for seq, fact in enumerate(FACTS, 1):
        last_hash = chain_hash(last_hash, fact)
        made.append(Entry(seq, Raw(fact), last_hash))
    return tuple(made)


def _present(peer: Peer) -> str:
    state = peer.hear("store_state", StoreState, "retained store/state")
    if not state.online:
        raise RuleBroken("store/state says offline")
    return f"online as {state.svc_boot}"


def _greets(peer: Peer) -> str:
    ack = _birth(peer)
    if ack.epoch != EPOCH or ack.upto_seq != 0 or ack.utc_ms <= 0:
        raise RuleBroken(f"epoch {ack.epoch}, upto_seq {ack.upto_seq}, utc_ms {ack.utc_ms}")
    return "the answer to a birth has the cart's epoch, nothing stored, and the time"


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
    birth = json.encode(_greeting())[:-1] + b',"field_of_the_future":[1]}'
    peer.forget("ack")
    peer.say_raw("birth", birth)
    return _acked(peer.hear("ack", Ack, "answer"), 4, "a birth with a field of the future")


def _junk(peer: Peer) -> str:
    for payload in (b"", b"{", b"\xff\xfe", b"[" * 5_000, b'{"epoch":"x"}', b" " * 200_001):
        peer.say_raw("events", payload)
    return _acked(_birth(peer), 4, "six messages of junk; it still answers")


def _money(peer: Peer) -> str:
    peer.say("pay_request", PayRequest(TRIP, 1, 1, EPOCH, 4))
    answer = peer.hear("pay_answer", PayAnswer, "answer to a payment")
    if answer.outcome == "settled":
        raise RuleBroken("a sum of 1 is settled for a line of 149")
    return f"a wrong sum is not settled: {answer.outcome}"


def _pairs(peer: Peer) -> str:
    nonce = f"check-nonce-{time.time_ns()}"
    peer.say("pair_offer", PairOffer(nonce))
    peer.say("pair_claim", PairClaim(peer.cart, nonce, peer.shopper))
    grant = peer.hear("pair_grant", PairGrant, "grant of a pairing")
    if grant.nonce != nonce or grant.expires_utc_ms <= 0:
        raise RuleBroken(f"the grant is for {grant.nonce}, until {grant.expires_utc_ms}")
    _signed(peer, grant_text(peer.cart, grant), grant.signature)
    return f"trip {grant.trip_id}"


def _invented(peer: Peer) -> str:
    peer.say("pair_claim", PairClaim(peer.cart, f"never-shown-{time.time_ns()}", peer.shopper))
    peer.hears_nothing("pair_grant", "it grants a code that no cart has shown")
    return "no grant"


def _catalog(peer: Peer) -> str:
    head = peer.hear("catalog_head", CatalogHead, "retained catalog head")
    _signed(peer, head_text(peer.tenant, peer.store, head), head.signature)
    return f"version {head.version}, {head.chunks} chunks"


RULES: tuple[Rule, ...] = (
    ("its state is retained, and online", _present),
    ("its catalog's head is retained and signed", _catalog),
    ("a birth is answered", _greets),
    ("rows are acknowledged cumulatively", _takes),
    ("a repeated row is stored once", _again),
    ("a row is never replaced by another", _changed),
    ("a gap is asked for", _gap),
    ("a row that breaks the chain is not taken", _torn),
    ("facts of the future do not block the queue", _future),
    ("fields of the future are ignored", _more_fields),
    ("junk changes nothing", _junk),
    ("only its own sum is settled", _money),
    ("a code on the screen opens a trip", _pairs),
    ("an invented code opens none", _invented),
)


def _greeting() -> Birth:
    return Birth(f"check-{EPOCH}", EPOCH, len(FACTS), 0, "0", 0)


def _birth(peer: Peer) -> Ack:
    peer.forget("ack")
    peer.say("birth", _greeting())
    return peer.hear("ack", Ack, "answer to a birth")


def _send(peer: Peer, entries: tuple[Entry, ...]) -> Ack:
    peer.forget("ack")
    peer.say("events", EventBatch(EPOCH, entries))
    return peer.hear("ack", Ack, "acknowledgement")


def _acked(ack: Ack, seq: int, of_what: str) -> str:
    if ack.upto_seq != seq:
        raise RuleBroken(f"upto_seq is {ack.upto_seq}, not {seq}, after {of_what}")
    return f"upto_seq {seq} after {of_what}"


def _rejected(ack: Ack, seq: int, upto_seq: int) -> str:
    if [row.seq for row in ack.rejected] != [seq]:
        raise RuleBroken(f"row {seq} is not named in rejected: {ack.rejected}")
    return _acked(ack, upto_seq, f"row {seq}: {ack.rejected[0].reason}")


def _signed(peer: Peer, text: bytes, signature: str) -> None:
    """Check a signature where the store's public key is known."""
    if peer.key is None:
        return
    key = load_pem_public_key(peer.key.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise RuleBroken(f"{peer.key}: not an Ed25519 public key")
    try:
        key.verify(base64.b64decode(signature), text)
    except (InvalidSignature, ValueError) as error:
        raise RuleBroken("the signature does not fit the store's key") from error
