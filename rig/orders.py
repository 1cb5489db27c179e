"""What the simulated world can be told: JSON Lines on its control socket, one object an order.

Each is answered when the physical action is over, with
``{"done": ..., "load_mg": ..., "at_ms": ...}`` (``at_ms``: when the load moved, monotonic
milliseconds) or with ``{"error": ...}``:

    {"do": "put", "skus": [..1 or 2..], "show": "barcode|look|hidden|none", "code_of": sku}
    {"do": "put_mass", "sku": "bananas", "mass_mg": 742000, "show": "look"}
    {"do": "put_label", "sku": "cheese", "price_minor": 472, "show": "barcode"}
    {"do": "put_unknown", "mass_mg": 333000}
    {"do": "take", "sku": "rice-500g"}      {"do": "jolt", "strength": 1.0}
    {"do": "scan", "sku": ..} or {"do": "scan", "text": ..}
    {"do": "stall_lens", "stalled": true}   {"do": "chip", "order": {"garbage": 200}}
    {"do": "truth"}                         what lies in the cart, with true masses

`code_of` puts another product's barcode on the pack. "unknown" is the SKU of an unknown thing.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Show = Literal["barcode", "look", "hidden", "none"]
MassMg = Annotated[int, Meta(ge=1, le=30_000_000)]
UNKNOWN = "unknown"


class Order(msgspec.Struct, forbid_unknown_fields=True, tag_field="do"):
    """The base of what the world can be told."""


class Put(Order, tag="put"):
    """Put packs in, at most two at once, one in each hand."""

    skus: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)]
    show: Show = "barcode"
    code_of: str | None = None


class PutMass(Order, tag="put_mass"):
    """Put in this much of a weighed good."""

    sku: str
    mass_mg: MassMg
    show: Show = "look"


class PutLabel(Order, tag="put_label"):
    """Put in a good from the counter, its price in its label's code."""

    sku: str
    price_minor: Annotated[int, Meta(ge=1, le=99_999)]
    show: Show = "barcode"


class PutUnknown(Order, tag="put_unknown"):
    """Put in a brown paper parcel."""

    mass_mg: MassMg = 333_000


class Take(Order, tag="take"):
    """Take the newest of these out."""

    sku: str


class Scan(Order, tag="scan"):
    """Read a code with the serial scanner."""

    sku: str | None = None
    text: Annotated[str, Meta(max_length=20_000)] | None = None


class Jolt(Order, tag="jolt"):
    """Hit the cart."""

    strength: float = 1.0


class StallLens(Order, tag="stall_lens"):
    """The camera stops giving frames, or gives them again."""

    stalled: bool = True


class TellChip(Order, tag="chip"):
    """Give the chip a control line as it is; see rig.chip."""

    order: dict[str, int | float | bool]


class Truth(Order, tag="truth"):
    """What lies in the cart."""


AnyOrder = Put | PutMass | PutLabel | PutUnknown | Take | Scan | Jolt | StallLens | TellChip | Truth


class ImpossibleError(ValueError):
    """The order names what is not there."""
