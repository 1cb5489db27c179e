"""Rules of a store about its goods: the catalog, whole and by changes, and what stands beside it.

What is published changes while it is read only by a person; then a rule may have to be tried again.
It must never ask for what a cart could not.
"""

from __future__ import annotations

import hashlib
import zlib
from functools import partial

from msgspec import Raw, field

from cart.commands.certify_peer import NotExercised, Peer, Rule, RuleBroken
from cart.commands.certify_trip import greeting
from cart.contract.goods import (
    BODIES,
    CHUNK_BYTES_MAX,
    TRUSTED_CATALOG,
    CatalogDelta,
    CatalogHead,
    Change,
    Get,
    Given,
    Published,
)
from cart.contract.lines import decode as decode_json
from cart.contract.signing import head_text, published_text
from cart.contract.store import BY_NAME, decode
from cart.core.catalog import CatalogError, parse_catalog
from cart.core.value import Value

UNKNOWN = "0" * 64


class Target(Value):
    """A file that metadata of TUF's names."""

    hashes: dict[str, str]


class Signed(Value):
    """What such metadata says; only the list of targets has any."""

    targets: dict[str, Target] = field(default_factory=dict)


class Metadata(Value):
    """A file of TUF's, as far as everybody sees it."""

    signed: Signed
    signatures: tuple[Raw, ...]


def _heads(peer: Peer) -> str:
    if not peer.is_modern:  # a cluster may keep it elsewhere: a store says it again to who greets
        peer.say("birth", greeting())
    head = peer.hear("catalog_head", CatalogHead, "retained catalog head")
    signed = peer.judge(head_text(peer.tenant, peer.store, head), head.signature)
    return f"version {head.version}, {head.chunks} chunks, {signed}"


def _head(peer: Peer) -> CatalogHead:
    """The head as it was told last."""
    payload = peer.newest.get("catalog_head")
    if payload is None:
        raise NotExercised("there is no head of a catalog")
    return decode(CatalogHead, payload)


def _chunks(peer: Peer) -> str:
    """Its pieces, one after the other, and what they make together."""
    head = _head(peer)
    data = b"".join(_retained(peer, head, number) for number in range(head.chunks))
    if hashlib.sha256(data).hexdigest() != head.sha256 or len(data) != head.size_bytes:
        raise RuleBroken(f"{len(data)} bytes that are not the {head.size_bytes} of the head")
    try:
        catalog = parse_catalog(data)
    except CatalogError as error:
        raise RuleBroken(str(error)) from error
    return f"{head.chunks} chunks are the head's {len(catalog.products)} products"


def _retained(peer: Peer, head: CatalogHead, number: int) -> bytes:
    peer.listen("catalog_chunk", sha256=head.sha256, number=str(number))
    found = peer.has_heard("catalog_chunk", peer.answer_ms)
    if found is not None:
        return _unpacked(head, number, found[1])
    if peer.is_modern:
        raise RuleBroken(f"no chunk {number} within {peer.answer_ms} ms")
    # A cluster may keep it elsewhere: a cart asks.
    return _unpacked(
        head, number, _given(peer, Get("check-piece", "chunk", head.sha256, number)).data
    )


def _gives_chunk(peer: Peer) -> str:
    """A chunk that did not come is asked for; of one that is not there, why."""
    head = _head(peer)
    given = _given(peer, Get("check-chunk", "chunk", head.sha256, 0))
    if given.reason and not given.data:
        return f"why not: {given.reason}"
    _unpacked(head, 0, given.data)
    other = _given(peer, Get("check-nothing", "chunk", UNKNOWN, 0))
    if other.data or not other.reason:
        raise RuleBroken("a chunk of no catalog is given, or refused without a reason")
    return f"{len(given.data)} bytes; of no catalog: {other.reason}"


def _gives_change(peer: Peer) -> str:
    """The change to the newest catalog, or why there is none."""
    head = _head(peer)
    given = _given(peer, Get("check-delta", "delta", version=head.version))
    if given.data:
        return _change(peer, given.data, str(head.version))
    if not given.reason:
        raise RuleBroken("no change, and no reason")
    return f"why not: {given.reason}"


def _gives_time(peer: Peer) -> str:
    given = _given(peer, Get("check-time", "time"))
    if given.utc_ms <= 0:
        raise RuleBroken(f"its time is {given.utc_ms}")
    return f"{given.utc_ms} ms UTC"


def is_online(peer: Peer) -> bool:
    """Whether the store says that this cart is."""
    online = _given(peer, Get("check-presence", "presence")).online
    if online is None:
        raise RuleBroken("it does not say whether its cart is online")
    return online


def _given(peer: Peer, asked: Get) -> Given:
    peer.forget("given")
    peer.say("get", asked)
    given = peer.hear("given", Given, f"answer to a question for {asked.what}")
    if given.correlation != asked.correlation:
        raise RuleBroken(f"asked {asked.correlation}, it answers {given.correlation}")
    return given


def _unpacked(head: CatalogHead, number: int, piece: bytes) -> bytes:
    if not head.pieces:
        return piece
    if number >= len(head.pieces) or hashlib.sha256(piece).hexdigest() != head.pieces[number]:
        raise RuleBroken(f"chunk {number} is not the one that the head names")
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(piece, CHUNK_BYTES_MAX)
    except zlib.error as error:
        raise RuleBroken(f"chunk {number}: {error}") from error
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise RuleBroken(f"chunk {number} has more than {CHUNK_BYTES_MAX} bytes, or no end")
    return data


def _changes(peer: Peer) -> str:
    seen = []
    while (found := peer.has_heard("catalog_delta")) is not None:
        seen.append(_change(peer, found[1], found[0].names["version"]))
    if not seen:
        raise NotExercised("no change of the catalog is published")
    return "; ".join(seen)


def _change(peer: Peer, payload: bytes, version: str) -> str:
    delta = decode(CatalogDelta, payload)
    if str(delta.version) != version:
        raise RuleBroken(f"the change to version {version} says that it leads to {delta.version}")
    signed = peer.judge(published_text(peer.tenant, peer.store, delta), delta.signature)
    change = decode_json(Change, bytes(delta.body), "CatalogDelta: body")
    if change.head is not None:
        peer.judge(head_text(peer.tenant, peer.store, change.head), change.head.signature)
    return f"to version {version}, {signed}"


def _published(peer: Peer, name: str) -> str:
    found = peer.has_heard(name)
    if found is None:
        raise NotExercised(f"nothing is published on {name}")
    kind = BY_NAME[name].message
    assert kind is not None, "it is a table"
    assert issubclass(kind, Published), "it is a table"
    published = decode(kind, found[1])
    signed = peer.judge(published_text(peer.tenant, peer.store, published), published.signature)
    table = decode_json(BODIES[kind], bytes(published.body), f"{name}: body")
    size = "the catalog's own" if table is None else f"{len(table)} rows"
    return f"version {published.version}, {size}, {signed}"


def _trust(peer: Peer) -> str:
    names = []
    while (found := peer.has_heard("trust")) is not None:
        names.append(found[0].names["file"])
        metadata = decode_json(Metadata, found[1], names[-1])
        if not metadata.signatures:
            raise RuleBroken(f"{names[-1]} has no signature")
        listed = metadata.signed.targets.get(TRUSTED_CATALOG)
        if listed is not None and listed.hashes.get("sha256") != _head(peer).sha256:
            raise RuleBroken(f"{names[-1]} names another catalog than the head")
    if not names:
        raise NotExercised("it publishes no metadata of its files")
    return f"{', '.join(sorted(names))}; whether their keys fit `cart trusted` says"


RULES: tuple[Rule, ...] = (
    Rule("its catalog's head is retained", ("catalog_head",), _heads),
    Rule("its catalog's chunks are what the head says", ("catalog_chunk",), _chunks),
    Rule("its catalog's changes are retained", ("catalog_delta",), _changes),
    *(
        Rule(f"its {name} table is retained", (name,), partial(_published, name=name))
        for name in ("deals", "recall", "planogram")
    ),
    Rule("its files' metadata is retained", ("trust",), _trust),
    Rule("who asks gets the time", ("get", "given"), _gives_time),
    Rule("who asks gets a chunk", ("get", "given"), _gives_chunk),
    Rule("who asks gets a change", ("get", "given", "catalog_delta"), _gives_change),
)
