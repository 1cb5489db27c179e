"""What happened, in the past tense: the vocabulary of the journal, and of what the store receives.

Facts are never changed once written, only followed by others. The tag is the version: a new
meaning gets a new tag (`item_added.2`) and the old one stays readable. No personal data: a shopper
is a pseudonym.
"""

from __future__ import annotations

from typing import Literal

from msgspec import field

from cart.core.refunds import Difference
from cart.core.value import Value
from cart.core.weighed import Readings, Trouble, Weighing
from cart.core.weights import Weight, WeightUnit

Answer = Literal["product", "own", "gone"]
Direction = Literal["in", "out"]
Setting = str | int | bool
CommandStatus = Literal["in_progress", "succeeded", "failed", "timed_out", "rejected"]
# Why a thing that is known has no price yet: how it was weighed, or that it must not be sold.
Hold = Literal[Trouble, "recalled", "expired"]
# Why a shopper contests a line; the screen has the words (ui/presenters/rows.py).
ContestReason = Literal[
    "not_mine", "wrong_product", "wrong_price", "wrong_quantity", "wrong_weight", "deal_missing"
]


class CodeEvidence(Value):
    """The code that spoke for a line, as read."""

    text: str
    symbology: str
    source: str
    sensed_ms: int


class LookEvidence(Value):
    """What the camera thought the item was (None: none of the known), in millinats."""

    sku: str | None
    score_millinats: int
    sensed_ms: int


class Evidence(Value):
    """Why a line is on the receipt: the load before and after, the code, the look, the score.

    `decided_by` says who had the last word: "fusion", "shopper", "late_evidence" or "code_alone"
    (an item below the scale's floor, or no working scale), or "carried" (it came with the trip from
    another cart). `alone` is False when the load change
    belongs to several lines together. `readings` is what the scale indicated before and after;
    None without our metrology."""

    before_mg: int | None = None
    after_mg: int | None = None
    code: CodeEvidence | None = None
    look: LookEvidence | None = None
    score_millinats: int = 0
    margin_millinats: int = 0
    decided_by: Literal["fusion", "shopper", "late_evidence", "code_alone", "carried"] = "fusion"
    alone: bool = True
    readings: Readings | None = None


class Fact(Value, tag_field="kind"):
    """The base: when it became true on the cart's monotonic clock.

    `load_mg`, of lines and of a trip that begins, is the gross load that is accounted for once the
    fact holds, None where the fact is not about the load."""

    t_ms: int


class TripOpened(Fact, tag="trip_opened"):
    """A trip began; `shopper` is None for a guest. `used`: how often they had limited offers."""

    trip_id: str
    shopper: str | None = None
    member: bool = False
    used: dict[str, int] = field(default_factory=dict)
    load_mg: int | None = None


class TripBound(Fact, tag="trip_bound"):
    """A guest trip got its shopper afterwards."""

    trip_id: str
    shopper: str
    member: bool = False
    used: dict[str, int] = field(default_factory=dict)


class TimeNoted(Fact, tag="time_noted"):
    """The store's local time, "YYYY-MM-DDTHH:MM": when the trip first knew it, and again as the
    checkout begins."""

    local_time: str


class CatalogAdopted(Fact, tag="catalog_adopted"):
    """Prices from here on come from this snapshot, and deals from those published under
    `deals_version`; 0: its own."""

    version: int
    sha256: str
    deals_version: int = 0


class PricesKept(Fact, tag="prices_kept"):
    """These prices, by SKU, have risen during the trip; until it ends they count as they were."""

    prices_minor: dict[str, int]


class ItemAdded(Fact, tag="item_added"):
    """A line came onto the receipt. `price_minor` is the whole line before any deal; for a weighed
    good `mass_mg` is what is billed and `unit_price_minor` is for one `price_unit`. `weighing` says
    how this cart weighed it; of a label that was printed elsewhere `weight` says what it tells.
    `higher_unit_minor` is what the catalog says now of a price that was lower when the trip began:
    the lower one counts."""

    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    price_minor: int
    mass_mg: int | None = None
    evidence: Evidence = Evidence()
    load_mg: int | None = None
    weighing: Weighing | None = None
    higher_unit_minor: int | None = None
    weight: Weight | None = None
    price_unit: WeightUnit = "kg"


class LineRepriced(Fact, tag="line_repriced"):
    """The store lowered a price in the middle of the trip: the lower one counts.

    `higher_unit_minor` is what a unit cost before; `catalog_version` is that of the catalog that
    lowered it."""

    line_id: str
    unit_price_minor: int
    price_minor: int
    higher_unit_minor: int
    catalog_version: int
    weighing: Weighing | None = None


class LinesWeighed(Fact, tag="lines_weighed"):
    """Lines that had gone on by their codes alone, without a scale, were found on it later."""

    line_ids: tuple[str, ...]
    before_mg: int
    after_mg: int
    load_mg: int | None = None
    readings: Readings | None = None


class ItemRemoved(Fact, tag="item_removed"):
    """`quantity` pieces of a line left the cart; a line without pieces is gone. A weighed line
    of which some was taken back keeps `mass_mg` and costs `price_minor`, by `weighing`."""

    line_id: str
    quantity: int
    mass_mg: int | None = None
    price_minor: int = 0
    evidence: Evidence = Evidence()
    load_mg: int | None = None
    weighing: Weighing | None = None


class LineOpened(Fact, tag="line_opened"):
    """Something changed that can't be named yet: a yellow line. `direction` "in" for a thing put
    in, "out" for a thing taken out. `choices` are SKUs (in) or line ids (out), likeliest first.
    With a `trouble` it is known what it is, the first choice, but it has to be weighed again, or
    put back: then `reason` is the store's own word, if it has one."""

    line_id: str
    direction: Direction
    mass_mg: int
    choices: tuple[str, ...] = ()
    evidence: Evidence = Evidence()
    load_mg: int | None = None
    trouble: Hold | None = None
    reason: str = ""


class QuestionAsked(Fact, tag="question_asked"):
    """The shopper was asked about an open line: it is never asked twice unprompted."""

    line_id: str


class LineSettled(Fact, tag="line_settled"):
    """An open line is open no more: it became a product (an item was added or removed by the
    events beside this one), is the shopper's own thing, or is gone again."""

    line_id: str
    answer: Answer
    evidence: Evidence = Evidence()
    load_mg: int | None = None


class LineContested(Fact, tag="line_contested"):
    """The shopper says that a line is wrong. It changes no sum: a person of the store looks."""

    line_id: str
    reason: ContestReason


class ReceiptDisputed(Fact, tag="receipt_disputed"):
    """Where the store's receipt differs from the cart's, for a person to settle; no sum changes."""

    attempt: int
    differences: tuple[Difference, ...]


class LineCredited(Fact, tag="line_credited"):
    """The store gave back so many pieces of a line, `amount_minor` in all, tax counted; `number` is
    the store's own, so that a credit told twice is one."""

    number: int
    line_id: str
    quantity: int
    amount_minor: int


class BudgetSet(Fact, tag="budget_set"):
    """What the shopper wants to spend at most on this trip; 0: no budget any more."""

    budget_minor: int


class CheckoutStarted(Fact, tag="checkout_started"):
    """The shopper wants to pay."""


class CheckoutCancelled(Fact, tag="checkout_cancelled"):
    """Back to shopping: by the shopper, or because the load changed."""

    reason: str = ""


class ApprovalAsked(Fact, tag="approval_asked"):
    """Somebody of the staff shall see whether the shopper is `age_years` old: it stops paying."""

    age_years: int


class AgeApproved(Fact, tag="age_approved"):
    """Somebody of the staff has seen that the shopper is `age_years` old. `badge` opens the SHA-256
    of their badge."""

    age_years: int
    badge: str


class CouponTaken(Fact, tag="coupon_taken"):
    """The shopper showed a coupon or a bottle voucher. One that `waits` counts as soon as the
    store has reserved it."""

    coupon_id: str
    code: CodeEvidence
    waits: bool = False


class CouponReserved(Fact, tag="coupon_reserved"):
    """The store keeps this coupon for this trip."""

    coupon_id: str


class CouponRefused(Fact, tag="coupon_refused"):
    """The store does not take this coupon: `reason` is "used" or "in_use"."""

    coupon_id: str
    reason: str


class FeeChosen(Fact, tag="fee_chosen"):
    """The shopper wants a fee of the catalog `quantity` times (0: not at all), each at
    `amount_minor` before a tax on top of `rate_ppm`; `snap`: food benefits may pay for it."""

    fee_id: str
    title: str
    quantity: int
    amount_minor: int
    rate_ppm: int = 0
    snap: bool = False


class BenefitsChosen(Fact, tag="benefits_chosen"):
    """Food benefits shall pay for what they may, or shall not."""

    wanted: bool


class PaymentRequested(Fact, tag="payment_requested"):
    """The shopper agreed to pay this sum; (trip, attempt) makes it idempotent, and each
    agreement is an attempt of its own."""

    trip_id: str
    attempt: int
    total_minor: int


class PaymentDeclined(Fact, tag="payment_declined"):
    """The store or the bank said no."""

    attempt: int
    reason: str


class PaymentSettled(Fact, tag="payment_settled"):
    """Paid: the store's sum equals ours."""

    attempt: int
    receipt_id: str
    total_minor: int


class TripClosed(Fact, tag="trip_closed"):
    """The shopper left with this receipt."""

    trip_id: str
    total_minor: int


class TripHandedOver(Fact, tag="trip_handed_over"):
    """The trip goes on at another cart: this one forgets it, and takes no money for it."""

    trip_id: str


class CommandTaken(Fact, tag="command_taken"):
    """The store ordered something under an id, which is done once."""

    cmd_id: str
    action: str
    arguments: dict[str, str] = field(default_factory=dict)
    expires_utc_ms: int = 0
    taken_utc_ms: int = 0


class CommandEnded(Fact, tag="command_ended"):
    """A command came to its end: how, and what a person may want to know."""

    cmd_id: str
    status: CommandStatus
    detail: str = ""


class ConfigTaken(Fact, tag="config_taken"):
    """The store's settings were taken, but for those `refused`, each with what is wrong."""

    version: int
    settings: dict[str, Setting] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


Event = (
    TripOpened
    | TripBound
    | TimeNoted
    | CatalogAdopted
    | PricesKept
    | ItemAdded
    | LineRepriced
    | LinesWeighed
    | ItemRemoved
    | LineOpened
    | QuestionAsked
    | LineSettled
    | LineContested
    | BudgetSet
    | ReceiptDisputed
    | LineCredited
    | CheckoutStarted
    | CheckoutCancelled
    | ApprovalAsked
    | AgeApproved
    | CouponTaken
    | CouponReserved
    | CouponRefused
    | FeeChosen
    | BenefitsChosen
    | PaymentRequested
    | PaymentDeclined
    | PaymentSettled
    | TripClosed
    | TripHandedOver
    | CommandTaken
    | CommandEnded
    | ConfigTaken
)
