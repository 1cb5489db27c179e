"""What crosses the network between a cart and its store: MQTT topics, version 1, as one table.

Root `sc/1/{tenant}/{store}/…`. Every payload is one JSON object. Unknown fields are ignored,
minor changes add fields, a major change stands in the topic. Nothing is forgotten on a PUBACK:
the cart's cursor moves only on the store's `Ack`, sent after the store's own commit.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Raw, field, json

from cart.contract.fleet import (
    CertificateAnswer,
    CertificateRequest,
    ClipNote,
    Command,
    CommandState,
    DesiredConfig,
    ReportedConfig,
    Telemetry,
)
from cart.contract.goods import (
    CatalogDelta,
    CatalogHead,
    Deals,
    Get,
    Given,
    Planogram,
    Recalls,
)
from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.contract.names import (
    EPOCH_MAX,
    Count,
    Epoch,
    LocalOffsetMs,
    Name,
    Nonce,
    Sha256,
    Shopper,
    Signature,
    UtcMs,
)
from cart.core.receipt import Receipt
from cart.core.value import END, Value

ROOT = "sc/1/{tenant}/{store}/"
BATCH_MAX = 50
PAYLOAD_BYTES_MAX = 200_000
FIRST_HASH = "0" * 64
EVENT_SCHEMA = {"description": "one event as in docs/schemas/event.schema.json, byte for byte"}
NOTHING = Raw(b"null")
BASKET_SCHEMA = {"description": "the basket, as the cart's own fold of its journal"}
# Names by what they open: a claim may ask for a certificate, and no more; a shopper's app, whose
# name is this and the shopper's pseudonym, may say which code it saw; the store's service says all.
CLAIM_PREFIX, APP_PREFIX, SERVICE_PREFIX = "claim-", "app-", "store-"
RESERVED = (CLAIM_PREFIX, APP_PREFIX, SERVICE_PREFIX)  # no cart's name begins like this
BROKER = "broker"  # whoever shows its certificate is taken for it
# So long a code counts after its cart offered it last, which it does each ten seconds; and no grant
# is good for longer from when it was given.
CODE_LIFETIME_MS = 30_000
PAIRING = "dashcart:pair?cart={cart}&nonce={nonce}"  # the QR code; both are percent-encoded
TripId = Annotated[str, Meta(min_length=1, max_length=128)]
BootId = Annotated[str, Meta(max_length=64)]
Message = TypeVar("Message", bound=Value)


class Birth(Value):
    """Said once after each connection: who I am, how far I am."""

    boot_id: BootId
    epoch: Epoch
    last_seq: Count
    acked_seq: Count
    app_version: Annotated[str, Meta(max_length=64)]
    catalog_version: Count


class CartState(Value):
    """Retained; `online` false is the last will. A will of an older boot is ignored."""

    boot_id: BootId
    online: bool


class Entry(Value, omit_defaults=True):
    """One journal row: `hash` is `chain_hash` of the row before it and this event's bytes.

    `event` stays as the cart wrote it, so a newer cart's fields survive an older store. One that is
    too long for a message is null, and `left_out_bytes` long: then a `Snap` stands for it."""

    seq: Annotated[int, Meta(ge=1)]
    event: Annotated[Raw, Meta(extra_json_schema=EVENT_SCHEMA)]
    hash: Sha256
    left_out_bytes: Annotated[int, Meta(ge=0)] = 0


def chain_hash(previous_hash: str, event: bytes) -> str:
    """The hash of a journal row, in hexadecimal: SHA-256 over the hash before it and the event.

    The row before the first has `FIRST_HASH`. `event` is the row's canonical JSON.
    """
    return hashlib.sha256(previous_hash.encode() + b"\n" + event).hexdigest()


class EventBatch(Value):
    """1 to `BATCH_MAX` consecutive journal rows of one epoch."""

    epoch: Epoch
    entries: Annotated[tuple[Entry, ...], Meta(min_length=1, max_length=BATCH_MAX)]


class Rejected(Value):
    """One row the store will never take, and why."""

    seq: int
    reason: str


class Ack(Value):
    """Cumulative, after the store's commit, and the answer to each `Birth`.

    `credit` is how many rows may be on their way now. In the answer to a `Birth`, `hash` is that
    of row `upto_seq`, and `newest_epoch` the newest journal of this cart that the store knows; a
    cart that finds another hash there numbers its journal anew, one above that. "" is no journal's:
    the epoch is too far above those that the store knows.
    `need_from` asks for a resend after a gap. `utc_ms` is the store's wall clock as it answered,
    and its local time is `local_offset_ms` ahead of that."""

    epoch: Epoch
    upto_seq: Annotated[int, Meta(ge=0)]
    need_from: Annotated[int, Meta(ge=1)] | None = None
    credit: Annotated[int, Meta(ge=1)] | None = None
    hash: str = FIRST_HASH
    newest_epoch: Annotated[int, Meta(ge=0, lt=EPOCH_MAX)] = 0
    rejected: tuple[Rejected, ...] = ()
    utc_ms: UtcMs = 0
    local_offset_ms: LocalOffsetMs = 0


class PairOffer(Value):
    """Up: this nonce is on my screen, and none before it. It counts for `CODE_LIFETIME_MS`."""

    nonce: Nonce


class PairClaim(Value):
    """From the shopper's app to the store: I stand at this cart and saw this nonce. `move`: with
    what I have in the cart that I come from. Who is a member the store knows, not the app."""

    cart: Name
    nonce: Nonce
    shopper: Name
    move: bool = False


class PairGrant(Value):
    """Down: the trip is yours. `signature` is over `signing.grant_text`; used once, and good for
    `CODE_LIFETIME_MS` at most. A code that has opened its trip is granted to nobody again.
    `shopper` "": a guest's trip, which the store moves here from another cart.
    `used`: how often the shopper had each offer that has a limit; `carried`: the basket that a trip
    brings along from another cart, or null."""

    nonce: Nonce
    trip_id: Name
    shopper: Shopper
    member: bool
    expires_utc_ms: int
    signature: Signature
    used: dict[str, int] = field(default_factory=dict)
    carried: Annotated[Raw, Meta(extra_json_schema=BASKET_SCHEMA)] = field(
        default_factory=lambda: NOTHING
    )


class PayRequest(Value):
    """Up: take this sum for the trip. `upto_seq` must be stored before the store adds up."""

    trip_id: TripId
    attempt: Annotated[int, Meta(ge=1)]
    total_minor: int
    epoch: Epoch
    upto_seq: Annotated[int, Meta(ge=1)]


Outcome = Literal["settled", "declined", "mismatch"]


class PayAnswer(Value):
    """Down: settled, declined, or the store's own sum differs ("mismatch"): then `receipt` is how
    the store comes to it."""

    trip_id: str
    attempt: int
    outcome: Outcome
    total_minor: int
    receipt_id: str = ""
    reason: str = ""
    receipt: Receipt | None = None


class Credit(Value):
    """Down: `quantity` pieces of a line of a paid trip were given back, `amount_minor` in all;
    `snap_minor` of it went back to food benefits."""

    trip_id: str
    number: Annotated[int, Meta(ge=1)]
    line_id: str
    quantity: int
    amount_minor: int
    snap_minor: int = 0


CouponId = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+" + END)]


class CouponRequest(Value):
    """Up: keep this coupon or voucher, which is good once, for the trip; safe to ask again. The
    reservation ends with the trip; paying uses up what took something off."""

    trip_id: Annotated[str, Meta(min_length=1, max_length=128)]
    coupon_id: CouponId


class CouponAnswer(Value):
    """Down: it is kept for the trip, it was used before, or another trip has it."""

    trip_id: str
    coupon_id: CouponId
    outcome: Literal["reserved", "used", "in_use"]


class Snap(Value):
    """Up: the whole basket of a trip as of row `upto_seq`, whose hash is `row_hash`."""

    trip_id: TripId
    revision: Annotated[int, Meta(ge=1)]
    epoch: Epoch
    upto_seq: Annotated[int, Meta(ge=1)]
    row_hash: Sha256
    basket: Annotated[Raw, Meta(extra_json_schema=BASKET_SCHEMA)]


class BasketView(Value):
    """Down: what the store holds of a trip; a cart that differs sends a `Snap`."""

    trip_id: TripId
    store_revision: Annotated[int, Meta(ge=1)]
    lines: Annotated[int, Meta(ge=0)]
    total_minor: int


class StoreState(Value):
    """Retained: the store's service itself. Carts keep buffering while it is away."""

    svc_boot: str
    online: bool


class Channel(Value):
    """One row of the table: `topic` under the root, who speaks, and how the broker carries it.

    `message` None: the payload is a piece of a file, not JSON. `expiry_s` None: it never expires.
    """

    name: str
    topic: str
    direction: Literal["up", "down", "app"]
    message: type[Value] | None
    summary: str
    expiry_s: int | None = None
    retain: bool = False
    qos: Literal[0, 1] = 1


HOUR_S, DAY_S, WEEK_S = 3_600, 86_400, 604_800
KEPT = True  # the broker keeps the last one for whoever comes later

# fmt: off
CHANNELS: tuple[Channel, ...] = (
    Channel("birth", "cart/{cart}/up/birth", "up", Birth, "who I am, how far I am", HOUR_S),
    Channel("cart_state", "cart/{cart}/state", "up", CartState, "by last will", None, KEPT),
    Channel("events", "cart/{cart}/up/ev", "up", EventBatch, "journal rows, in order"),
    Channel("ack", "cart/{cart}/down/ack", "down", Ack, "what the store has committed"),
    Channel("snap", "cart/{cart}/up/snap", "up", Snap, "the whole basket, to heal a difference"),
    Channel("basket", "cart/{cart}/down/basket", "down", BasketView, "the store's view", HOUR_S),
    Channel("pair_offer", "cart/{cart}/up/pair", "up", PairOffer, "a QR code is shown", 30),
    Channel("pair_claim", "app/{app}/up/pair", "app", PairClaim, "a QR code was seen", 30),
    Channel("pair_grant", "cart/{cart}/down/pair", "down", PairGrant, "a shopper's trip", 30),
    Channel("pay_request", "cart/{cart}/up/pay", "up", PayRequest, "take this sum", 120),
    Channel("pay_answer", "cart/{cart}/down/pay", "down", PayAnswer, "paid, or why not", 120),
    Channel("credit", "cart/{cart}/down/credit", "down", Credit, "money given back", 120),
    Channel("coupon_request", "cart/{cart}/up/coupon", "up", CouponRequest, "keep this", 120),
    Channel("coupon_answer", "cart/{cart}/down/coupon", "down", CouponAnswer, "kept or not", 120),
    Channel("command", "cart/{cart}/down/cmd", "down", Command, "do this once", DAY_S),
    Channel("command_state", "cart/{cart}/up/cmd", "up", CommandState, "how far it is", DAY_S),
    Channel("config", "cart/{cart}/down/config", "down", DesiredConfig, "settings", None, KEPT),
    Channel("config_state", "cart/{cart}/up/config", "up", ReportedConfig, "as set", None, KEPT),
    Channel("get", "cart/{cart}/up/get", "up", Get, "what was missed, or the time", 60),
    Channel("given", "cart/{cart}/down/get", "down", Given, "the answer to it", 60),
    Channel("telemetry", "cart/{cart}/up/tele", "up", Telemetry, "its health", 600, qos=0),
    Channel("clip", "cart/{cart}/up/clip", "up", ClipNote, "which clip I have put to the store"),
    Channel("csr", "prov/{claim}/csr", "up", CertificateRequest, "sign this request", 300),
    Channel("cert", "prov/{claim}/cert", "down", CertificateAnswer, "the certificate", 300),
    Channel("catalog_head", "store/catalog/head", "down", CatalogHead, "the newest catalog, signed",
            WEEK_S, KEPT),
    Channel("catalog_chunk", "store/catalog/snap/{sha256}/{number}", "down", None,
            "a piece of a catalog", WEEK_S, KEPT),
    Channel("catalog_delta", "store/catalog/delta/{version}", "down", CatalogDelta,
            "what changes in the catalog, and when", DAY_S, KEPT),
    Channel("trust", "store/trust/{file}", "down", None,
            "signed metadata of the files: TUF (root-2: its 2.root.json)", WEEK_S, KEPT),
    Channel("deals", "store/deals", "down", Deals, "the deals of now", WEEK_S, KEPT),
    Channel("recall", "store/recall", "down", Recalls, "what must not be sold", WEEK_S, KEPT),
    Channel("planogram", "store/planogram", "down", Planogram, "what stands where", WEEK_S, KEPT),
    Channel("store_state", "store/state", "down", StoreState, "the service is up", None, KEPT),
)
# fmt: on


def is_reserved(name: str) -> bool:
    """Whether a name has a meaning of its own, so that no cart may have it."""
    return name.startswith(RESERVED) or name == BROKER


def app_of(shopper: str) -> str:
    """The name of a shopper's app: that of its certificate and of its topics."""
    return APP_PREFIX + shopper


BY_NAME = {channel.name: channel for channel in CHANNELS}


class Packet(Value):
    """A message as the broker carries it; `expiry_s` None never expires."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None
    qos: Literal[0, 1] = 1


class Address(Value):
    """A topic taken apart: its channel, and the names that stand in it under the root."""

    channel: Channel
    names: dict[str, str]


def topic_of(name: str, tenant: str, store: str, **names: str) -> str:
    """The topic of a channel; "+" for a name makes it the filter of a subscription."""
    return (ROOT + BY_NAME[name].topic).format(tenant=tenant, store=store, **names)


def packet(name: str, content: Value | bytes, tenant: str, store: str, **names: str) -> Packet:
    """Wrap a message, or a piece of a file, as its channel says."""
    channel = BY_NAME[name]
    assert isinstance(content, channel.message or bytes), f"{name} does not carry this"
    payload = content if isinstance(content, bytes) else json.encode(content)
    topic = topic_of(name, tenant, store, **names)
    return Packet(topic, payload, channel.retain, channel.expiry_s, channel.qos)


def parse(topic: str) -> Address:
    """Take a topic apart. Raises ContractError for one that is no channel of this version."""
    for channel, pattern in _PATTERNS:
        if found := pattern.fullmatch(topic):
            return Address(channel, found.groupdict())
    raise ContractError(
        f"topic {topic[:200]!r}: not a channel of version 1; see docs/asyncapi.yaml"
    )


def decode(kind: type[Message], payload: bytes) -> Message:
    """Decode a message of the table. Raises ContractError if it is malformed or too long."""
    what = kind.__name__
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ContractError(f"{what}: {len(payload)} bytes; send at most {PAYLOAD_BYTES_MAX}")
    return decode_json(kind, payload, what)


def _pattern(topic: str) -> re.Pattern[str]:
    """Match a channel's topics under any root; only the names of the channel are captured.

    The broker gives each certificate the topics of its name; here the name says whose those may be:
    neither a claim nor an app speaks as a cart, and nobody but an app as an app."""
    name = "[A-Za-z0-9_.-]{1,64}"
    root = ROOT.format(tenant=name, store=name)
    kinds = {"{cart}": rf"(?!{'|'.join(RESERVED)}){{cart}}", "{app}": rf"(?={APP_PREFIX}){{app}}"}
    someone = re.sub("|".join(kinds), lambda found: kinds[found[0]], topic)
    return re.compile(root + re.sub(r"{(\w+)}", rf"(?P<\1>{name})", someone))


_PATTERNS = tuple((channel, _pattern(channel.topic)) for channel in CHANNELS)
