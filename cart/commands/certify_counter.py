"""Rules of a store about money, shoppers, and the cart as a machine (`cart.commands.certify`).

It must never pay.
"""

from __future__ import annotations

import hashlib
import time

from cart.commands.certify_peer import SILENCE_MS, NotExercised, Peer, Rule, RuleBroken
from cart.commands.certify_trip import EPOCH, TRIP, rows, store_utc_ms
from cart.contract.fleet import (
    COMMAND_LIFETIME_MS_MAX,
    CertificateAnswer,
    CertificateRequest,
    Command,
    CommandState,
    DesiredConfig,
    ReportedConfig,
)
from cart.contract.signing import command_text, config_text, grant_text
from cart.contract.store import (
    CODE_LIFETIME_MS,
    CouponAnswer,
    CouponRequest,
    PairClaim,
    PairGrant,
    PairOffer,
    PayAnswer,
    PayRequest,
    app_of,
    decode,
)
from cart.shell.clock import monotonic_ms

LATER_MS = 2_000


def _money(peer: Peer) -> str:
    asked = PayRequest(TRIP, 1, 1, EPOCH, len(rows()))
    first, again = (_answer(peer, asked) for _ in range(2))
    if first.outcome == "settled":
        raise RuleBroken("a sum of 1 is settled for a line of 149")
    if again != first:
        raise RuleBroken(f"the same attempt is answered otherwise: {first}, then {again}")
    return f"a wrong sum is not settled: {first.outcome}, twice the same answer"


def _answer(peer: Peer, asked: PayRequest) -> PayAnswer:
    peer.forget("pay_answer")
    peer.say("pay_request", asked)
    answer = peer.hear("pay_answer", PayAnswer, "answer to a payment")
    if (answer.trip_id, answer.attempt) != (asked.trip_id, asked.attempt):
        raise RuleBroken(f"it answers attempt {answer.attempt} of {answer.trip_id}")
    return answer


def _sum_waits(peer: Peer) -> str:
    """A sum whose rows are all here is answered; one that counts a row more is not, so far."""
    upto_seq = len(rows())
    _answer(peer, PayRequest(TRIP, 2, 1, EPOCH, upto_seq))
    peer.forget("pay_answer")
    peer.say("pay_request", PayRequest(TRIP, 3, 1, EPOCH, upto_seq + 1))
    peer.hears_nothing("pay_answer", f"it answers before it has row {upto_seq + 1}")
    return f"no answer before row {upto_seq + 1}"


def _coupon(peer: Peer) -> str:
    """Reserved for the trip, which ends with the check; asked again it is the same."""
    asked = CouponRequest(TRIP, f"check-coupon-{EPOCH}")
    for _ in range(2):
        peer.say("coupon_request", asked)
        answer = peer.hear("coupon_answer", CouponAnswer, "answer to a coupon")
        if (answer.trip_id, answer.coupon_id) != (asked.trip_id, asked.coupon_id):
            raise RuleBroken(f"it answers for {answer.coupon_id} of {answer.trip_id}")
        if answer.outcome != "reserved":
            raise RuleBroken(f"a coupon that nobody used is {answer.outcome}")
    return "reserved, twice the same answer"


def granted(peer: Peer) -> PairGrant:
    """A code is shown and seen. Raises RuleBroken where no grant for it comes, in its time."""
    nonce = f"check-nonce-{time.time_ns()}"
    peer.say("pair_offer", PairOffer(nonce))
    grant = _claimed(peer, nonce)
    good_ms = grant.expires_utc_ms - store_utc_ms(peer)
    if grant.nonce != nonce or not 0 < good_ms <= CODE_LIFETIME_MS:
        raise RuleBroken(f"the grant is for {grant.nonce}, good for {good_ms} ms")
    return grant


def _claimed(peer: Peer, nonce: str) -> PairGrant:
    peer.forget("pair_grant")
    peer.say("pair_claim", PairClaim(peer.cart, nonce, peer.shopper))
    return peer.hear("pair_grant", PairGrant, "grant of a pairing")


def claims_in_vain(peer: Peer, nonce: str, unless: str) -> None:
    """Raises RuleBroken where a code is granted all the same."""
    peer.forget("pair_grant")
    peer.say("pair_claim", PairClaim(peer.cart, nonce, peer.shopper))
    peer.hears_nothing("pair_grant", unless)


def _pairs(peer: Peer) -> str:
    grant = granted(peer)
    if grant.shopper != peer.shopper:
        raise RuleBroken(f"the grant is {grant.shopper}'s, and {peer.shopper} asked")
    again = _claimed(peer, grant.nonce)
    if again.trip_id != grant.trip_id:
        raise RuleBroken(f"asked again it grants {again.trip_id}, not {grant.trip_id}")
    signed = peer.judge(grant_text(peer.cart, grant), grant.signature)
    return f"trip {grant.trip_id}, twice the same, {signed}"


def _invented(peer: Peer) -> str:
    peer.say("pair_claim", PairClaim(peer.cart, f"never-shown-{time.time_ns()}", peer.shopper))
    peer.hears_nothing("pair_grant", "it grants a code that no cart has shown")
    return "no grant"


def _replaced(peer: Peer) -> str:
    """None but the code that a cart showed last is on its screen."""
    older = f"check-older-{time.time_ns()}"
    for nonce in (older, f"check-newer-{time.time_ns()}"):
        peer.say("pair_offer", PairOffer(nonce))
    claims_in_vain(peer, older, "a code is granted that its cart shows no longer")
    return "no grant"


def _outlived(peer: Peer) -> str:
    """Neither a code nor the grant of one outlives its time, where the cart says it no longer."""
    wait_ms = CODE_LIFETIME_MS + LATER_MS
    peer.check_patience(wait_ms)
    grant = granted(peer)
    peer.has_heard("pair_offer", wait_ms)  # which nobody says to a cart
    claims_in_vain(peer, grant.nonce, f"a code is granted {wait_ms} ms after it was shown")
    return f"no grant after {wait_ms} ms"


def _own_shopper(peer: Peer) -> str:
    """An app says under its own name that somebody else saw the code."""
    nonce = f"check-foreign-{time.time_ns()}"
    peer.say("pair_offer", PairOffer(nonce))
    peer.say("pair_claim", PairClaim(peer.cart, nonce, _other_shopper(peer)))
    peer.hears_nothing("pair_grant", "an app is granted what it asks for another shopper")
    return "no grant"


def _one_shopper(peer: Peer) -> str:
    """Who reads a code after another has used it gets nothing by it."""
    nonce, other = f"check-shared-{time.time_ns()}", _other_shopper(peer)
    peer.say("pair_offer", PairOffer(nonce))
    peer.say("pair_claim", PairClaim(peer.cart, nonce, other), app=app_of(other))
    if peer.has_heard("pair_grant", peer.answer_ms) is None:
        raise NotExercised(f"no grant for {app_of(other)}, as where a broker lets in known apps")
    peer.say("pair_claim", PairClaim(peer.cart, nonce, peer.shopper))
    peer.hears_nothing("pair_grant", "a code that one shopper has used is granted to another")
    return f"it is {other}'s alone"


def _other_shopper(peer: Peer) -> str:
    return f"{peer.shopper[:50]}-2"


def _certificate(peer: Peer) -> str:
    request = "no request at all"
    peer.say("csr", CertificateRequest(request))
    found = peer.has_heard("cert", peer.answer_ms)
    if found is None:
        raise NotExercised("no answer, as of a store that has no authority of its own")
    answer = decode(CertificateAnswer, found[1])
    if answer.request_sha256 != hashlib.sha256(request.encode()).hexdigest():
        raise RuleBroken(f"the answer is to another request: {answer.request_sha256}")
    if answer.certificate or not answer.reason:
        raise RuleBroken("what is no signing request gets a certificate, or no reason")
    return f"refused: {answer.reason}"


def _ordered(peer: Peer) -> str:
    """An order to this very cart, if a person has given one: who greets is sent it; it is answered,
    and comes no more."""
    now_utc_ms = store_utc_ms(peer)
    found = peer.has_heard("command", peer.answer_ms)
    if found is None:
        raise NotExercised(f"nobody has ordered anything of {peer.cart}")
    command = decode(Command, found[1])
    signed = peer.judge(command_text(peer.cart, command), command.signature)
    good_ms = command.expires_utc_ms - now_utc_ms
    if not 0 < good_ms <= COMMAND_LIFETIME_MS_MAX:
        raise RuleBroken(f"{command.cmd_id} is good for {good_ms} ms when it comes")
    peer.say("command_state", CommandState(command.cmd_id, "rejected", "a check does nothing"))
    peer.forget("command")
    if _is_sent(peer, command.cmd_id):
        raise RuleBroken(f"{command.cmd_id} was answered and comes again")
    return f"{command.action}, {signed}; once it is answered it comes no more"


def _is_sent(peer: Peer, cmd_id: str) -> bool:
    """Whether who greets is sent this order; there may be others."""
    store_utc_ms(peer)
    end_ms = monotonic_ms() + SILENCE_MS
    while (left_ms := end_ms - monotonic_ms()) > 0:
        found = peer.has_heard("command", left_ms)
        if found is not None and decode(Command, found[1]).cmd_id == cmd_id:
            return True
    return False


def _set(peer: Peer) -> str:
    """How this very cart shall be set, if a person has said so."""
    found = peer.has_heard("config")
    if found is None:
        raise NotExercised(f"nobody has set {peer.cart}")
    config = decode(DesiredConfig, found[1])
    signed = peer.judge(config_text(peer.cart, config), config.signature)
    peer.say("config_state", ReportedConfig(config.version, config.settings))
    return f"version {config.version}, {signed}"


RULES: tuple[Rule, ...] = (
    Rule("only its own sum is settled", ("pay_request", "pay_answer"), _money),
    Rule("a sum waits for its rows", ("pay_request", "pay_answer"), _sum_waits),
    Rule("a coupon is kept for its trip", ("coupon_request", "coupon_answer"), _coupon),
    Rule("a code on the screen opens a trip", ("pair_offer", "pair_claim", "pair_grant"), _pairs),
    Rule("an invented code opens none", ("pair_claim", "pair_grant"), _invented),
    Rule(
        "a code that another has replaced opens none",
        ("pair_offer", "pair_claim", "pair_grant"),
        _replaced,
    ),
    Rule(
        "a code is good for its time alone", ("pair_offer", "pair_claim", "pair_grant"), _outlived
    ),
    Rule("an app asks for its own shopper", ("pair_claim", "pair_grant"), _own_shopper),
    Rule("a code serves one shopper", ("pair_offer", "pair_claim", "pair_grant"), _one_shopper),
    Rule("no certificate without a request", ("csr", "cert"), _certificate),
    Rule("an order is sent until it is answered", ("command", "command_state"), _ordered),
    Rule("how a cart shall be set is retained", ("config", "config_state"), _set),
)
