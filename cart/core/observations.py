"""What the senses may say to the mind. Every observation is recorded, so a trip can be replayed.

`t_ms` is the order: stamped once at the inbox from the cart's monotonic clock. `sensed_ms` is when
the sensor saw it on the same clock; fusion goes by `sensed_ms`. An observation never carries what
only a simulated world could know.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from cart.core.basket import Basket
from cart.core.catalog import Aisle, Catalog, Recall
from cart.core.events import CommandStatus, Event, Setting
from cart.core.intents import TouchAction
from cart.core.pricing.kinds import AnyDeal
from cart.core.receipt import Receipt
from cart.core.value import Value
from cart.core.weighed import Readings

Millinats = Annotated[int, Meta(le=0)]
CameraCondition = Literal["good", "dark", "glare", "covered", "dirty", "frozen"]
Instant = Annotated[int, Meta(ge=0, description="milliseconds of the cart's monotonic clock")]


class Observation(Value, tag_field="kind"):
    """The base: `t_ms` orders all observations of a trip and never decreases."""

    t_ms: Instant


class Booted(Observation, tag="booted"):
    """The cart started: everything the mind remembers is this journal, oldest event first.

    `boot_id` is random: a cart that lost its disk, and counts from 1 again, names no trip twice."""

    cart_id: Annotated[str, Meta(min_length=1, max_length=64)]
    epoch: int = 1
    journal: tuple[Event, ...] = ()
    boot_id: Annotated[str, Meta(max_length=32)] = ""


class CatalogArrived(Observation, tag="catalog_arrived"):
    """A whole, verified catalog snapshot."""

    catalog: Catalog
    sha256: str = ""


class DealsCame(Observation, tag="deals_came"):
    """The deals of now, in place of the catalog's; None: the catalog's hold again."""

    version: int
    deals: tuple[AnyDeal, ...] | None = None


class RecallsCame(Observation, tag="recalls_came"):
    """What must not be sold, in place of the catalog's recalls; None: the catalog's hold again."""

    version: int
    recalls: tuple[Recall, ...] | None = None


class AislesCame(Observation, tag="aisles_came"):
    """The aisles and what stands in them, in place of the catalog's; None: the catalog's again."""

    version: int
    aisles: tuple[Aisle, ...] | None = None


class ConfigArrived(Observation, tag="config_arrived"):
    """How the store wants the cart to be set, whole and signed."""

    version: int
    settings: dict[str, Setting]


class PairCodeMade(Observation, tag="pair_code_made"):
    """A fresh single-use nonce for the welcome screen's QR code."""

    nonce: Annotated[str, Meta(min_length=1, max_length=128)]


class Paired(Observation, tag="paired"):
    """The store accepted a shopper for the nonce shown. `shopper` is a pseudonym, "" of a guest
    whose trip moves here; `used` is how often they had each limited offer, `carried` what they had
    in the cart that they come from."""

    nonce: str
    trip_id: Annotated[str, Meta(min_length=1, max_length=64)]
    shopper: Annotated[str, Meta(max_length=64)]
    member: bool = False
    used: dict[str, int] = msgspec.field(default_factory=dict)
    carried: Basket | None = None


class ScanSeen(Observation, tag="scan_seen"):
    """A code was read. `text` is what the symbol holds, `symbology` one of models' format names
    (EAN13, UPCA, QR, …) or an AIM identifier such as "]E0"; "" when the source can't tell.
    `score_millinats` is the log-probability that it was read rightly; one that is not `proven` is
    evidence, and charges nobody until the mass agrees."""

    sensed_ms: Instant
    text: Annotated[str, Meta(max_length=10_000)]
    symbology: str = ""
    source: Literal["camera", "scanner"] = "scanner"
    score_millinats: Millinats = 0
    proven: bool = True


class LoadChanged(Observation, tag="load_changed"):
    """The basket's gross load. "settled": it was `before_mg`, began to move at `onset_ms` and rests
    at `after_mg` (equal within `uncertainty_mg` after a jolt). "moving": it is not at rest.
    `readings` is what was indicated meanwhile; None for a scale that has none of our metrology."""

    sensed_ms: Instant
    before_mg: int
    after_mg: int
    onset_ms: Instant | None = None
    uncertainty_mg: Annotated[int, Meta(ge=0)] = 1_000
    state: Literal["settled", "moving"] = "settled"
    readings: Readings | None = None


class Candidate(Value):
    """One thing it might be, by look: the log-probability in millinats (0 is certain)."""

    sku: str
    score_millinats: Millinats


class ItemSighted(Observation, tag="item_sighted"):
    """The eyes saw one thing move; the most probable products first, and "none of these"."""

    sensed_ms: Instant
    candidates: tuple[Candidate, ...] = ()
    unknown_millinats: Millinats = 0


class Touch(Observation, tag="touch"):
    """The shopper touched the screen. `intent_id` makes it idempotent.

    action: start (guest) · answer (`target` question, `choice` one of its choices) · later
    (`target` question) · ask (`target` line: open its question again) · pay_start · pay_confirm ·
    keep_shopping · fee (`target` fee, `choice` how many) · benefits (`choice` yes or no: food
    benefits pay for what they may) · done · help ·
    budget (`choice`: minor units, "0" for none) · contest (`target` line, `choice` one of
    `ContestReason`)."""

    intent_id: Annotated[str, Meta(min_length=1, max_length=64)]
    action: TouchAction
    target: str = ""
    choice: str = ""


class LinkChanged(Observation, tag="link_changed"):
    """The store's service can be reached, or not.

    `epoch` is the journal's number now, which grows when the store knows an older journal that
    the cart lost; 0: as it was."""

    online: bool
    epoch: int = 0


class PaymentAnswered(Observation, tag="payment_answered"):
    """The store answered a payment request. `total_minor` is the store's own sum of the trip, and
    `receipt`, where the sums differ, how it comes to it."""

    trip_id: str
    attempt: int
    outcome: Literal["settled", "declined", "mismatch"]
    total_minor: int = 0
    receipt_id: str = ""
    reason: str = ""
    receipt: Receipt | None = None


class CreditCame(Observation, tag="credit_came"):
    """The store gave back `quantity` pieces of a line of a paid trip. `number` names the credit."""

    trip_id: str
    number: int
    line_id: str
    quantity: int
    amount_minor: int


class BasketViewed(Observation, tag="basket_viewed"):
    """What the store holds of the trip: how many lines, and its sum."""

    trip_id: str
    lines: int
    total_minor: int


class CouponAnswered(Observation, tag="coupon_answered"):
    """The store keeps a coupon for the trip ("reserved"), or it was paid with before ("used"), or
    another trip has it ("in_use")."""

    trip_id: str
    coupon_id: str
    outcome: Literal["reserved", "used", "in_use"]


class StoreTime(Observation, tag="store_time"):
    """Wall clock by the store: `utc_ms` = `t_ms` + `offset_ms`, give or take `uncertainty_ms`; its
    local time is `local_offset_ms` ahead of UTC."""

    offset_ms: int
    uncertainty_ms: int = 1_000
    zone: str = "UTC"
    local_offset_ms: int = 0


class CommandArrived(Observation, tag="command_arrived"):
    """The store orders something of this cart: signed, and not too late, for it came at
    `came_utc_ms` of the store's clock."""

    cmd_id: Annotated[str, Meta(min_length=1, max_length=64)]
    action: Annotated[str, Meta(min_length=1, max_length=64)]
    arguments: dict[str, str] = field(default_factory=dict)
    expires_utc_ms: int = 0
    came_utc_ms: int = 0


class CommandFinished(Observation, tag="command_finished"):
    """The shell did, or could not do, what it was asked to by a command."""

    cmd_id: str
    status: CommandStatus
    detail: str = ""


class Place(Observation, tag="place"):
    """Where in the store the cart stands."""

    aisle: str
    confidence_millinats: Millinats = 0


class PowerChanged(Observation, tag="power_changed"):
    """Battery charge in percent."""

    battery_percent: Annotated[int, Meta(ge=0, le=100)]


class SenseLost(Observation, tag="sense_lost"):
    """A sense can't be trusted now; `reason` is for the technician."""

    sense: Literal["scale", "camera", "scanner", "screen"]
    reason: str = ""


class SenseDoubted(Observation, tag="sense_doubted"):
    """A sense works, but a part of it wants a technician; `reason` is for them."""

    sense: Literal["scale", "camera", "scanner", "screen"]
    reason: str = ""


class SenseBack(Observation, tag="sense_back"):
    """The sense works again."""

    sense: Literal["scale", "camera", "scanner", "screen"]


class CameraState(Observation, tag="camera_state"):
    """How good the camera's picture is now, where it changed. A camera that gives no picture at
    all is a lost sense instead."""

    condition: CameraCondition


class InputRefused(Observation, tag="input_refused"):
    """A boundary refused malformed input: which one, why, and what to do about it."""

    boundary: Literal["wire", "contract", "catalog", "code", "config"]
    reason: Annotated[str, Meta(max_length=500)]


class Tick(Observation, tag="tick"):
    """Time passes: about ten a second."""


AnyObservation = (
    Booted
    | CatalogArrived
    | DealsCame
    | RecallsCame
    | AislesCame
    | ConfigArrived
    | PairCodeMade
    | Paired
    | ScanSeen
    | LoadChanged
    | ItemSighted
    | Touch
    | LinkChanged
    | PaymentAnswered
    | BasketViewed
    | CouponAnswered
    | CreditCame
    | StoreTime
    | CommandArrived
    | CommandFinished
    | Place
    | PowerChanged
    | SenseLost
    | SenseDoubted
    | SenseBack
    | CameraState
    | InputRefused
    | Tick
)
