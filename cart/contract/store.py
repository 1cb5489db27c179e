"""What crosses the network between a cart and its store: MQTT topics, version 1, as one table.

Root `sc/1/{tenant}/{store}/…`. Every payload is one JSON object. Unknown fields are ignored,
minor changes add fields, a major change stands in the topic. Nothing is forgotten on a PUBACK:
the cart's cursor moves only on the store's `Ack`, sent after the store's own commit.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Raw, json

from cart.contract.lines import ContractError
from cart.contract.lines import decode as decode_json
from cart.core.receipt import Receipt
from cart.core.value import END, Value

ROOT = "sc/1/{tenant}/{store}/"
BATCH_MAX = 50
PAYLOAD_BYTES_MAX = 200_000
CHUNK_BYTES_MAX = 100_000
CATALOG_BYTES_MAX = 64_000_000
FIRST_HASH = "0" * 64
EVENT_SCHEMA = {"description": "one event as in docs/schemas/event.schema.json, byte for byte"}
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+" + END)]
Nonce = Annotated[str, Meta(min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+" + END)]
Message = TypeVar("Message", bound=Value)
Signature = Annotated[str, Meta(max_length=200, description="Ed25519, base64")]


class Birth(Value):
    """Said once after each connection: who I am, how far I am."""

    boot_id: str
    epoch: int
    last_seq: int
    acked_seq: int
    app_version: str
    catalog_version: int


class CartState(Value):
    """Retained; `online` false is the last will. A will of an older boot is ignored."""

    boot_id: str
    online: bool


class Entry(Value):
    """One journal row: `hash` is `chain_hash` of the row before it and this event's bytes.

    `event` stays as the cart wrote it, so a newer cart's fields survive an older store."""

    seq: Annotated[int, Meta(ge=1)]
    event: Annotated[Raw, Meta(extra_json_schema=EVENT_SCHEMA)]
    hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]


def chain_hash(previous_hash: str, event: bytes) -> str:
    """The hash of a journal row, in hexadecimal: SHA-256 over the hash before it and the event.

    The row before the first has `FIRST_HASH`. `event` is the row's canonical JSON.
    """
    return hashlib.sha256(previous_hash.encode() + b"\n" + event).hexdigest()


class EventBatch(Value):
    """1 to `BATCH_MAX` consecutive journal rows of one epoch."""

    epoch: Annotated[int, Meta(ge=1)]
    entries: Annotated[tuple[Entry, ...], Meta(min_length=1, max_length=BATCH_MAX)]


class Rejected(Value):
    """One row the store will never take, and why."""

    seq: int
    reason: str


class Ack(Value):
    """Cumulative, after the store's commit, and the answer to each `Birth`.

    `need_from` asks for a resend after a gap. `utc_ms` is the store's wall clock as it answered."""

    epoch: int
    upto_seq: Annotated[int, Meta(ge=0)]
    need_from: Annotated[int, Meta(ge=1)] | None = None
    rejected: tuple[Rejected, ...] = ()
    utc_ms: int = 0


class PairOffer(Value):
    """Up: this nonce is on my screen, and none before it."""

    nonce: Nonce


class PairClaim(Value):
    """From the shopper's app to the store: I stand at this cart and saw this nonce."""

    cart: Name
    nonce: Nonce
    shopper: Name
    member: bool = False


class PairGrant(Value):
    """Down: the trip is yours. `signature` is over `signing.grant_text`; used once, short-lived."""

    nonce: Nonce
    trip_id: Name
    shopper: Name
    member: bool
    expires_utc_ms: int
    signature: Signature


class PayRequest(Value):
    """Up: take this sum for the trip. `upto_seq` must be stored before the store adds up."""

    trip_id: Annotated[str, Meta(min_length=1, max_length=128)]
    attempt: Annotated[int, Meta(ge=1)]
    total_minor: int
    epoch: Annotated[int, Meta(ge=1)]
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
    """Down: `quantity` pieces of a line of a paid trip were given back, `amount_minor` in all."""

    trip_id: str
    number: Annotated[int, Meta(ge=1)]
    line_id: str
    quantity: int
    amount_minor: int


class CatalogHead(Value):
    """Retained: the newest snapshot. `signature` is over `signing.head_text`.

    Its chunks are the JSON of a `Catalog` cut every `CHUNK_BYTES_MAX` bytes and numbered from 0."""

    version: int
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
    size_bytes: Annotated[int, Meta(ge=1, le=CATALOG_BYTES_MAX)]
    chunks: Annotated[int, Meta(ge=1, le=1_000)]
    signature: Signature


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
    retain: bool = False
    expiry_s: int | None = None


WEEK_S = 604_800

CHANNELS: tuple[Channel, ...] = (
    Channel("birth", "cart/{cart}/up/birth", "up", Birth, "who I am, how far I am", expiry_s=3600),
    Channel(
        "cart_state", "cart/{cart}/state", "up", CartState, "presence, by last will", retain=True
    ),
    Channel("events", "cart/{cart}/up/ev", "up", EventBatch, "journal rows, in order"),
    Channel("ack", "cart/{cart}/down/ack", "down", Ack, "what the store has committed"),
    Channel(
        "pair_offer", "cart/{cart}/up/pair", "up", PairOffer, "a QR code is shown", expiry_s=30
    ),
    Channel(
        "pair_claim", "app/{shopper}/up/pair", "app", PairClaim, "a QR code was seen", expiry_s=30
    ),
    Channel(
        "pair_grant", "cart/{cart}/down/pair", "down", PairGrant, "a shopper's trip", expiry_s=30
    ),
    Channel("pay_request", "cart/{cart}/up/pay", "up", PayRequest, "take this sum", expiry_s=120),
    Channel(
        "pay_answer", "cart/{cart}/down/pay", "down", PayAnswer, "paid, or why not", expiry_s=120
    ),
    Channel("credit", "cart/{cart}/down/credit", "down", Credit, "money given back", expiry_s=120),
    Channel(
        "catalog_head",
        "store/catalog/head",
        "down",
        CatalogHead,
        "the newest catalog, signed",
        retain=True,
        expiry_s=WEEK_S,
    ),
    Channel(
        "catalog_chunk",
        "store/catalog/snap/{sha256}/{number}",
        "down",
        None,
        "a piece of a catalog",
        retain=True,
        expiry_s=WEEK_S,
    ),
    Channel("store_state", "store/state", "down", StoreState, "the service is up", retain=True),
)

BY_NAME = {channel.name: channel for channel in CHANNELS}


class Packet(Value):
    """A message as the broker carries it; `expiry_s` None never expires."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None


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
    return Packet(topic, payload, channel.retain, channel.expiry_s)


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
    """Match a channel's topics under any root; only the names of the channel are captured."""
    name = "[A-Za-z0-9_.-]{1,64}"
    root = ROOT.format(tenant=name, store=name)
    return re.compile(root + re.sub(r"{(\w+)}", rf"(?P<\1>{name})", topic))


_PATTERNS = tuple((channel, _pattern(channel.topic)) for channel in CHANNELS)
