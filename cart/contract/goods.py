"""What a store says about its goods: the catalog's head and changes, deals, recalls, the aisles.

Everything here is signed, over `signing.head_text` or `signing.published_text`, and numbered: what
is older than what is known changes nothing. A piece of a file that was missed is asked for again by
`Get`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw

from cart.contract.names import Count, Name, Sha256, Signature, UtcMs, Version, Words
from cart.core.catalog import Aisle, Catalog, Product, Recall
from cart.core.pricing.kinds import AnyDeal
from cart.core.value import Value

CHUNK_BYTES_MAX = 100_000
CATALOG_BYTES_MAX = 64_000_000
CHUNKS_MAX = 1_000
Sku = Annotated[str, Meta(min_length=1, max_length=128)]


# Names in the metadata of `store/trust`: the catalog; what is published beside it, by its channel;
# the settings of a cart. Of the last two the file is the text that their signature covers.
TRUSTED_CATALOG = "catalog.json"
TRUSTED_PUBLISHED, TRUSTED_SETTINGS = "published/", "settings/"
TRUST_BYTES_MAX = 200_000  # of one file of metadata; carts take none that is longer
ROOTS_MAX = 32  # so often a store may replace its keys


def trust_word(file: str) -> str:
    """How a topic names a file of metadata: there are brokers to which a dot in it is a slash."""
    number, _, role = file.removesuffix(".json").rpartition(".")
    return f"{role}-{number}" if number else role


def trust_file(word: str) -> str:
    """The file of metadata that a topic names."""
    role, _, number = word.partition("-")
    return f"{number}.{role}.json" if number else f"{role}.json"


class CatalogHead(Value):
    """Retained: the newest snapshot. `signature` is over `signing.head_text`.

    Its chunks are the JSON of a `Catalog` cut every `CHUNK_BYTES_MAX` bytes and numbered from 0.
    With `pieces` each is packed by zlib, and they are the SHA-256 of each as it is sent."""

    version: Version
    sha256: Sha256
    size_bytes: Annotated[int, Meta(ge=1, le=CATALOG_BYTES_MAX)]
    chunks: Annotated[int, Meta(ge=1, le=CHUNKS_MAX)]
    signature: Signature
    pieces: Annotated[tuple[Sha256, ...], Meta(max_length=CHUNKS_MAX)] = ()


class Change(Value):
    """From one catalog to the next: new and changed products whole, the SKUs that are gone, and
    where anything else is new, the `rest`: the catalog without its products.

    `head` is that of the catalog that comes of it, as `deltas.canonical` writes it. `is_long`: the
    change fits no message and is not here; the catalog that comes of it is to be collected."""

    head: CatalogHead | None = None
    products: tuple[Product, ...] = ()
    gone: tuple[Sku, ...] = ()
    rest: Catalog | None = None
    is_long: bool = False


class Published(Value):
    """Retained: `body`, which holds from `effective_utc_ms` on. It stays as the store wrote it, so
    that `signature` (over `signing.published_text`) still fits in older software. Of deals, recalls
    and aisles a body of null gives the place back to the catalog's."""

    version: Version
    body: Annotated[Raw, Meta(extra_json_schema={"description": "by cart.contract.goods.BODIES"})]
    signature: Signature
    effective_utc_ms: int = 0


class CatalogDelta(Published):
    """The `Change` from catalog `version` - 1 to `version`; a cart that missed one asks for it."""


class Deals(Published):
    """The deals of now, whole, in place of the catalog's."""


class Recalls(Published):
    """What must not be sold, whole; taken in before anything else that waits."""


class Planogram(Published):
    """The aisles and what stands in them, whole."""


BODIES: dict[type[Published], Any] = {
    CatalogDelta: Change,
    Deals: tuple[AnyDeal, ...] | None,
    Recalls: tuple[Recall, ...] | None,
    Planogram: tuple[Aisle, ...] | None,
}


class Get(Value):
    """Up: give me the store's time, a chunk of the catalog `sha256`, the change to `version`, or
    your word on whether I am online ("presence")."""

    correlation: Name
    what: Literal["time", "chunk", "delta", "presence"]
    sha256: Sha256 | None = None
    number: Annotated[int, Meta(ge=0, lt=CHUNKS_MAX)] = 0
    version: Count = 0


class Given(Value):
    """Down: the answer to one `Get`; `data` is the chunk, or the change as JSON, and `online` the
    answer to "presence"."""

    correlation: Name
    utc_ms: UtcMs = 0
    data: Annotated[bytes, Meta(max_length=CHUNK_BYTES_MAX)] = b""
    reason: Words = ""
    online: bool | None = None
