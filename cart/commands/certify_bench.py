"""Rules of a cart about a trip, its settings and its goods (`cart.commands.certify`).

What is opened here is ended here. It must never ask for money.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from functools import partial

from msgspec import Raw, json
from msgspec.structs import replace

from cart.commands.certify_orders import HOUR_MS, acked, command_of, greeted, order
from cart.commands.certify_peer import NotExercised, Peer, Rule, RuleBroken
from cart.contract.deltas import canonical, change_between
from cart.contract.fleet import DesiredConfig, ReportedConfig
from cart.contract.goods import (
    CatalogDelta,
    CatalogHead,
    Deals,
    Get,
    Given,
    Planogram,
    Published,
    Recalls,
)
from cart.contract.signing import config_text, grant_text, head_text, published_text
from cart.contract.store import (
    CODE_LIFETIME_MS,
    BasketView,
    Birth,
    CouponAnswer,
    Credit,
    Entry,
    EventBatch,
    PairGrant,
    PairOffer,
    PayAnswer,
    Snap,
    decode,
)
from cart.core.catalog import Catalog, Product
from cart.core.value import Value
from cart.shell.newest import wall_utc_ms

# Higher than any version that this cart was shown by an earlier check.
VERSION = int(time.time())
TRIP = f"check-trip-{VERSION}"
AGAIN = f"{TRIP}-again"
UNKNOWN_SETTING = "no-such-setting"
BEFORE = Catalog(VERSION, "USD", (Product(sku="check-1", name="Check", price_minor=149),))
MIDDLE = replace(BEFORE, version=VERSION + 1)
AFTER = replace(MIDDLE, version=VERSION + 2, products=(replace(MIDDLE.products[0], name="New"),))
PATIENCE_MS = 10_000  # so long a cart may wait for what is retained before it asks
QUESTIONS_MAX = 20  # it may ask for the time or a change first, and not for ever
TABLES: dict[str, type[Published]] = {"deals": Deals, "recall": Recalls, "planogram": Planogram}
ANSWERS: dict[str, Value] = {
    "pay_answer": PayAnswer("no-such-trip", 1, "settled", 1, "R1"),
    "coupon_answer": CouponAnswer("no-such-trip", "no-such-coupon", "reserved"),
    "credit": Credit("no-such-trip", 1, "L1", 1, 149),
}


def _pairs(peer: Peer) -> str:
    """A grant that is forged, for another code or too late opens nothing; a right one a trip."""
    birth, nonce = _shown(peer)
    right = PairGrant(nonce, TRIP, "check", member=False, expires_utc_ms=0, signature="")
    late = _granted(peer, right, -HOUR_MS)
    other = _granted(peer, replace(right, nonce="another-code"))
    forged = replace(_granted(peer, right), shopper="thief")
    peer.forget("events")
    for wrong in (late, other, forged):
        peer.say("pair_grant", wrong)
    peer.hears_nothing("events", "it opens a trip for a grant that is not right")
    peer.say("pair_grant", _granted(peer, right))
    if not any(TRIP.encode() in bytes(row.event) for row in _next_rows(peer, birth)):
        raise RuleBroken("its next rows do not name the trip of the grant")
    return f"trip {TRIP}; three wrong grants open none"


def _shown(peer: Peer) -> tuple[Birth, str]:
    """The cart's greeting and the code on its screen. Raises NotExercised where there is none."""
    birth = greeted(peer)
    acked(peer, birth, birth.last_seq)
    found = peer.has_heard("pair_offer", peer.answer_ms)
    if found is None:
        raise NotExercised("it shows no code: a trip goes on, or it is locked")
    return birth, decode(PairOffer, found[1]).nonce


def _granted(peer: Peer, grant: PairGrant, valid_ms: int = CODE_LIFETIME_MS) -> PairGrant:
    bare = replace(grant, expires_utc_ms=wall_utc_ms() + valid_ms)
    return replace(bare, signature=peer.sign(grant_text(peer.cart, bare)))


def _next_rows(peer: Peer, birth: Birth) -> tuple[Entry, ...]:
    batch = peer.hear("events", EventBatch, "rows of a trip")
    acked(peer, birth, batch.entries[-1].seq)
    return batch.entries


def _snaps(peer: Peer) -> str:
    """A store that holds something else is told the whole basket, as of a row of the journal."""
    birth = greeted(peer)
    acked(peer, birth, birth.last_seq)
    peer.forget("snap")
    peer.say("basket", BasketView(TRIP, 1, 99, 99_999))
    found = peer.has_heard("snap", peer.answer_ms)
    if found is None:
        raise NotExercised("no trip goes on") if _offers(peer) else RuleBroken("no snapshot")
    snap = decode(Snap, found[1])
    if (snap.trip_id, snap.epoch) != (TRIP, birth.epoch) or snap.upto_seq > birth.last_seq:
        raise RuleBroken(f"a snapshot of {snap.trip_id} as of row {snap.upto_seq}")
    return f"revision {snap.revision}, as of row {snap.upto_seq}"


def _offers(peer: Peer) -> bool:
    return peer.has_heard("pair_offer", peer.answer_ms) is not None


def _releases(peer: Peer) -> str:
    command = command_of(peer, "release", arguments={"trip_id": TRIP})
    state = order(peer, command)
    if state.status != "succeeded":
        raise RuleBroken(f"the trip is not ended: {state.status}, {state.detail}")
    return state.status


def _one_trip(peer: Peer) -> str:
    """The grant of a trip that has ended opens no other."""
    birth, nonce = _shown(peer)
    bare = PairGrant(nonce, AGAIN, "check", member=False, expires_utc_ms=0, signature="")
    grant = _granted(peer, bare)
    peer.say("pair_grant", grant)
    _next_rows(peer, birth)
    state = order(peer, command_of(peer, "release", arguments={"trip_id": AGAIN}))
    birth = greeted(peer)
    acked(peer, birth, birth.last_seq)
    peer.forget("events")
    peer.say("pair_grant", grant)
    peer.hears_nothing("events", "it opens a second trip for a grant that was used")
    return f"trip {AGAIN} {state.status}; its grant opens no other"


def _sets(peer: Peer) -> str:
    """What it does not know it refuses by name; what is not signed for it changes nothing."""
    peer.forget("config_state")
    bare = DesiredConfig(VERSION, {UNKNOWN_SETTING: 1}, "")
    peer.say("config", replace(bare, settings={UNKNOWN_SETTING: 2}))
    peer.hears_nothing("config_state", "it takes settings that the store did not sign")
    peer.say("config", replace(bare, signature=peer.sign(config_text(peer.cart, bare))))
    told = peer.hear("config_state", ReportedConfig, "report of its settings")
    if told.version != VERSION or UNKNOWN_SETTING not in told.refused:
        raise RuleBroken(f"version {told.version}, refused {sorted(told.refused)}")
    return f"version {told.version}; {UNKNOWN_SETTING}: {told.refused[UNKNOWN_SETTING]}"


def _head(peer: Peer, catalog: Catalog) -> tuple[CatalogHead, bytes]:
    data = canonical(catalog)
    piece = zlib.compress(data)
    names = (hashlib.sha256(data).hexdigest(), len(data), 1, "")
    head = CatalogHead(catalog.version, *names, (hashlib.sha256(piece).hexdigest(),))
    text = head_text(peer.tenant, peer.store, head)
    return replace(head, signature=peer.sign(text)), piece


def _collects(peer: Peer) -> str:
    """A head that is not signed is left; of a right one the chunk is taken as it is retained."""
    head, piece = _head(peer, BEFORE)
    peer.say("catalog_chunk", piece, sha256=head.sha256, number="0")
    peer.say("catalog_head", replace(head, signature=""))
    if _adopts(peer, VERSION, within_ms=0):
        raise RuleBroken("it takes a catalog that the store did not sign")
    peer.say("catalog_head", head)
    _adopted(peer, VERSION)
    return f"version {VERSION} by its chunk; not signed it is left"


def _asks(peer: Peer) -> str:
    """What did not come it asks for: of a head without its chunks, or without its change."""
    head, piece = _head(peer, MIDDLE)
    peer.forget("get")
    peer.say("catalog_head", head)
    asked: list[Get] = []
    while not asked or asked[-1].what != "chunk":
        asked.append(decode(Get, _question(peer, asked)))
        data = piece if asked[-1].what == "chunk" else b""
        reason = "" if data else "not here; take the newest catalog whole"
        peer.say("given", Given(asked[-1].correlation, wall_utc_ms(), data, reason))
    if (asked[-1].sha256, asked[-1].number) != (head.sha256, 0):
        raise RuleBroken(f"it asks for chunk {asked[-1].number} of {asked[-1].sha256}")
    _adopted(peer, MIDDLE.version)
    return f"version {MIDDLE.version} by what it asked for: {', '.join(get.what for get in asked)}"


def _question(peer: Peer, asked: list[Get]) -> bytes:
    is_over = len(asked) == QUESTIONS_MAX
    found = None if is_over else peer.has_heard("get", max(PATIENCE_MS, peer.answer_ms))
    if found is None:
        raise RuleBroken(f"it asks for no chunk, after {len(asked)} questions")
    return found[1]


def _steps(peer: Peer) -> str:
    """The change to the next version, without its chunks."""
    head, _ = _head(peer, AFTER)
    body = Raw(json.encode(replace(change_between(MIDDLE, AFTER), head=head)))
    delta = _signed(peer, CatalogDelta(AFTER.version, body, ""))
    peer.say("catalog_delta", delta, version=str(AFTER.version))
    peer.say("catalog_head", head)
    _adopted(peer, AFTER.version)
    return f"version {AFTER.version} by the change alone"


def _signed(peer: Peer, published: Published) -> Published:
    text = published_text(peer.tenant, peer.store, published)
    return replace(published, signature=peer.sign(text))


def _adopted(peer: Peer, version: int) -> None:
    if not _adopts(peer, version, peer.answer_ms):
        raise RuleBroken(f"version {version} does not stand in its birth")


def _adopts(peer: Peer, version: int, within_ms: int) -> bool:
    """Whether its birth names this catalog, asked until then."""
    end_ms = wall_utc_ms() + within_ms
    while True:
        birth = greeted(peer)
        acked(peer, birth, birth.last_seq)
        if birth.catalog_version == version or wall_utc_ms() > end_ms:
            return birth.catalog_version == version


def _published(peer: Peer, name: str) -> str:
    """Tables of its own, forged and right: what they change is on its screen, so it must live."""
    before = greeted(peer)
    empty = TABLES[name](VERSION, Raw(b"[]"), "")
    for table in (empty, _signed(peer, empty)):
        peer.say(name, table)
    return f"taken or left; it still is boot {_same_boot(peer, before)}"


def _strange_answers(peer: Peer) -> str:
    """Answers to what it never asked."""
    before = greeted(peer)
    acked(peer, before, before.last_seq)
    peer.forget("events")
    for channel, answer in ANSWERS.items():
        peer.say(channel, answer)
    peer.hears_nothing("events", "it writes down answers to what it never asked")
    return f"no rows; it still is boot {_same_boot(peer, before)}"


def _same_boot(peer: Peer, before: Birth) -> str:
    after = greeted(peer)
    if after.boot_id != before.boot_id:
        raise RuleBroken("it was started anew")
    return after.boot_id


RULES: tuple[Rule, ...] = (
    Rule("a right grant opens a trip, and no other", ("pair_offer", "pair_grant", "events"),
         _pairs),
    Rule("a basket that differs is told whole", ("basket", "snap"), _snaps),
    Rule("a trip that goes on elsewhere is ended", ("command", "command_state"), _releases),
    Rule("a grant opens one trip", ("pair_offer", "pair_grant", "events"), _one_trip),
    Rule("settings are taken once, signed", ("config", "config_state"), _sets),
    Rule("a catalog is taken by its chunks, signed", ("catalog_head", "catalog_chunk"), _collects),
    Rule("what did not come is asked for", ("get", "given"), _asks),
    Rule("a change leads to the next catalog", ("catalog_delta",), _steps),
    *(Rule(f"a {name} table disturbs nothing", (name,), partial(_published, name=name))
      for name in TABLES),
    Rule("answers to nothing change nothing", tuple(ANSWERS), _strange_answers),
)  # fmt: skip
