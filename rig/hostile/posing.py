"""What somebody can do who has taken over the broker, or the service's papers, but not its key.

They may say anything to a cart; what matters is signed by a key that no broker ever sees, so the
cart refuses it aloud and its trip goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec.structs import replace

from cart.contract.fleet import Command
from cart.contract.goods import CatalogHead
from cart.contract.signing import command_text, grant_text, head_text
from cart.contract.store import Ack, PairGrant, topic_of
from cart.core.value import Value
from rig.hostile.attempts import Attempt, Result
from rig.hostile.intruder import Intruder
from rig.hostile.site import SERVICE, STORE, TENANT, VICTIM, Site
from store.keys import Signer, signer_of

FUTURE_MS = 2**45
HEAD = CatalogHead(9_999, "ab" * 32, 10, 1, "")
GRANT = PairGrant("nonce-0001", "trip-x", "mallory", False, FUTURE_MS, "")
LOCK = Command("c-x", "lock", FUTURE_MS, "")
FORGED: dict[str, tuple[str, Value]] = {
    "a pairing without a signature": ("pair_grant", GRANT),
    "a pairing with junk for a signature": (
        "pair_grant", replace(GRANT, signature="c2ln"),
    ),
    "a lock without a signature": ("command", LOCK),
    "an unlock with junk for a signature": (
        "command", replace(LOCK, action="unlock", signature="AAAA"),
    ),
    "a catalog without a signature": ("catalog_head", HEAD),
    "an acknowledgement of rows that never were": ("ack", Ack(1, 1_000_000)),
}  # fmt: skip
JUNK = {
    "ack: cut": ("ack", b'{"epoch":1,"upto'),
    "ack: below zero": ("ack", b'{"epoch":1,"upto_seq":-1}'),
    "pay_answer: other types": ("pay_answer", b'{"trip_id":1}'),
    "pair_grant: not text": ("pair_grant", b"\xff\xfe"),
    "command: deep": ("command", b"[" * 5_000),
    "store_state: a list": ("store_state", b"[true]"),
    "catalog_head: endless": (
        "catalog_head", b'{"version":9,"sha256":"' + b"ab" * 32 + b'","size_bytes":99999999999,'
        b'"chunks":1000,"signature":""}',
    ),
}  # fmt: skip


def posing() -> Iterator[Attempt]:
    """Every attempt with the service's papers, while the service is away."""
    for name, (channel, message) in FORGED.items():
        yield Attempt("posing", name, "cart", _send(channel, msgspec.json.encode(message)))
    for name, (channel, payload) in JUNK.items():
        yield Attempt("posing", name, "cart", _send(channel, payload))
    for name, sign in CAPTURED.items():
        yield Attempt("replay", name, "cart", _replay(sign))


def _by_another_key(site: Site) -> tuple[str, Value]:
    folder = site.folder / "another"
    folder.mkdir(exist_ok=True)
    signer = signer_of(folder)
    return "command", replace(LOCK, signature=signer.sign(command_text(VICTIM, LOCK)))


def _for_another_cart(site: Site) -> tuple[str, Value]:
    return "command", replace(LOCK, signature=_signer(site).sign(command_text("cart-2", LOCK)))


def _old_pairing(site: Site) -> tuple[str, Value]:
    return "pair_grant", replace(GRANT, signature=_signer(site).sign(grant_text(VICTIM, GRANT)))


def _old_catalog(site: Site) -> tuple[str, Value]:
    head = replace(HEAD, version=1)
    return "catalog_head", replace(
        head, signature=_signer(site).sign(head_text(TENANT, STORE, head))
    )


def _head_of_another_store(site: Site) -> tuple[str, Value]:
    signature = _signer(site).sign(head_text(TENANT, "store-2", HEAD))
    return "catalog_head", replace(HEAD, signature=signature)


# Truly signed by the store once (but for the first): for another time, cart or place.
CAPTURED: dict[str, Callable[[Site], tuple[str, Value]]] = {
    "a lock signed by another key": _by_another_key,
    "a lock of another cart": _for_another_cart,
    "a pairing that was used": _old_pairing,
    "an old catalog": _old_catalog,
    "the catalog of another store": _head_of_another_store,
}


def _signer(site: Site) -> Signer:
    return signer_of(site.data)


def _replay(sign: Callable[[Site], tuple[str, Value]]) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        channel, message = sign(site)
        return _send(channel, msgspec.json.encode(message))(site)

    return run


def _send(channel: str, payload: bytes) -> Callable[[Site], Result]:
    def run(site: Site) -> Result:
        with Intruder(site.papers(SERVICE), site.broker.port) as intruder:
            intruder.say(topic_of(channel, TENANT, STORE, cart=VICTIM), payload)
        return Result()

    return run
