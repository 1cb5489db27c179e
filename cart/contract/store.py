"""What crosses the network between a cart and its store: MQTT topics, version 1, as one table.

Root `sc/1/{tenant}/{store}/…`. Every payload is one JSON object. Unknown fields are ignored,
minor changes add fields, a major change stands in the topic. Nothing is forgotten on a PUBACK:
the cart's cursor moves only on the store's `Ack`, sent after the store's own commit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cart.core.events import Event
from cart.core.receipt import Receipt
from cart.core.value import Value

BATCH_MAX = 50
CHUNK_BYTES_MAX = 100_000
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
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
    """One journal row: `hash` chains it to the row before it."""

    seq: Annotated[int, Meta(ge=1)]
    event: Event
    hash: Annotated[str, Meta(max_length=64)]


class EventBatch(Value):
    """1 to `BATCH_MAX` consecutive journal rows of one epoch."""

    epoch: Annotated[int, Meta(ge=1)]
    entries: Annotated[tuple[Entry, ...], Meta(min_length=1, max_length=BATCH_MAX)]


class Rejected(Value):
    """One row the store will never take, and why."""

    seq: int
    reason: str


class Ack(Value):
    """Cumulative, after the store's commit. `need_from` asks for a resend after a gap."""

    epoch: int
    upto_seq: int
    need_from: int | None = None
    rejected: tuple[Rejected, ...] = ()


class PairOffer(Value):
    """Up: this nonce is on my screen."""

    nonce: str


class PairClaim(Value):
    """From the shopper's app to the store: I stand at this cart and saw this nonce."""

    cart: Name
    nonce: Annotated[str, Meta(min_length=8, max_length=128)]
    shopper: Name
    member: bool = False


class PairGrant(Value):
    """Down: the trip is yours. `signature` is over `grant_text`."""

    nonce: str
    trip_id: Name
    shopper: Name
    member: bool
    expires_utc_ms: int
    signature: Signature


class PayRequest(Value):
    """Up: take this sum for the trip. `upto_seq` must be stored before the store adds up."""

    trip_id: str
    attempt: int
    total_minor: int
    epoch: int
    upto_seq: int


class PayAnswer(Value):
    """Down: settled, declined, or the store's own sum differs ("mismatch")."""

    trip_id: str
    attempt: int
    outcome: Literal["settled", "declined", "mismatch"]
    total_minor: int
    receipt_id: str = ""
    reason: str = ""
    receipt: Receipt | None = None


class CatalogHead(Value):
    """Retained: the newest snapshot. `signature` is over `head_text`; chunks are JSON bytes cut
    every `CHUNK_BYTES_MAX`, published retained under store/catalog/snap/{sha256}/{n}."""

    version: int
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    size_bytes: Annotated[int, Meta(ge=1, le=64_000_000)]
    chunks: Annotated[int, Meta(ge=1, le=1_000)]
    signature: Signature


class StoreState(Value):
    """Retained: the store's service itself. Carts keep buffering while it is away."""

    svc_boot: str
    online: bool


class Channel(Value):
    """One row of the table: `topic` under the root, who speaks, quality of service."""

    name: str
    topic: str
    direction: Literal["up", "down", "app"]
    message: type | None
    qos: Literal[0, 1] = 1
    retain: bool = False
    expiry_s: int | None = None


CHANNELS: tuple[Channel, ...] = (
    Channel(name="birth", topic="cart/{cart}/up/birth", direction="up", message=Birth,
            expiry_s=3600),
    Channel(name="cart_state", topic="cart/{cart}/state", direction="up", message=CartState,
            retain=True),
    Channel(name="events", topic="cart/{cart}/up/ev", direction="up", message=EventBatch),
    Channel(name="ack", topic="cart/{cart}/down/ack", direction="down", message=Ack),
    Channel(name="pair_offer", topic="cart/{cart}/up/pair", direction="up", message=PairOffer,
            expiry_s=30),
    Channel(name="pair_claim", topic="app/{shopper}/up/pair", direction="app", message=PairClaim,
            expiry_s=30),
    Channel(name="pair_grant", topic="cart/{cart}/down/pair", direction="down",
            message=PairGrant, expiry_s=30),
    Channel(name="pay_request", topic="cart/{cart}/up/pay", direction="up", message=PayRequest,
            expiry_s=120),
    Channel(name="pay_answer", topic="cart/{cart}/down/pay", direction="down", message=PayAnswer,
            expiry_s=120),
    Channel(name="catalog_head", topic="store/catalog/head", direction="down",
            message=CatalogHead, retain=True, expiry_s=604_800),
    Channel(name="catalog_chunk", topic="store/catalog/snap/{sha256}/{number}", direction="down",
            message=None, retain=True, expiry_s=604_800),
    Channel(name="store_state", topic="store/state", direction="down", message=StoreState,
            retain=True),
)
