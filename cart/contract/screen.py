"""What crosses the socket between cartd and the screen: whole snapshots out, small intents in.

One JSON object a line (UTF-8, newline ended) over a Unix socket, at most `LINE_BYTES_MAX`. The
screen never decides and never adds up: every figure it shows stands in the snapshot. A snapshot
replaces everything before it; `revision` grows. Text that is a sentence travels as a notice or
question code with values, and the screen chooses the words of its language.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from cart.core.events import ContestReason, Hold
from cart.core.intents import TouchAction
from cart.core.value import Value
from cart.core.weighed import Weighing
from cart.core.weights import Weight, WeightUnit

LINE_BYTES_MAX = 1_000_000

Route = Literal["welcome", "shop", "weigh", "choose", "rescan", "checkout", "receipt"]


class EvidenceView(Value):
    """Why a line is there, ready to be shown: absent parts are None. `before_mg` and `after_mg` are
    what the scale indicated under `reading_before_id` and `reading_id` (0: it gives none, then the
    masses are the filter's); `software_id` is that of its metrology."""

    code: str | None = None
    look: str | None = None
    look_percent: int | None = None
    before_mg: int | None = None
    after_mg: int | None = None
    decided_by: str = "fusion"
    reading_id: int = 0
    software_id: str = ""
    reading_before_id: int = 0


class SavingView(Value):
    """One deal that took `amount_minor` (negative) off a line."""

    title: str
    amount_minor: int


class UnitPriceView(Value):
    """What a measure of a product costs: `unit` is "kg", "lb", "l" or "piece"."""

    name: str
    price_minor: int
    unit: str


class StopView(Value):
    """Why a line can't be paid now: the shopper has to be `age_years` old, it is sold between
    `hours` only, or it was called back for `reason`."""

    why: Literal["age", "hours", "recalled", "expired"]
    age_years: int = 0
    hours: tuple[str, str] | None = None
    reason: str = ""


class LineView(Value):
    """One row of the receipt. state "open" is a yellow line (no price yet; `mass_mg` known): with a
    `trouble` it has a name and has to be weighed again or put back. `weighing` is the fact's own.
    `cheaper` is the product of the same kind that costs least for its measure, if that is less. A
    `stop` says why it can't be paid now. `higher_unit_minor` is the other price of this trip, which
    does not count."""

    line_id: str
    name: str
    quantity: int
    price_minor: int
    net_minor: int
    unit_price_minor: int = 0
    mass_mg: int | None = None
    state: Literal["sure", "open"] = "sure"
    newest: bool = False
    image: str | None = None
    savings: tuple[SavingView, ...] = ()
    evidence: EvidenceView = EvidenceView()
    weighing: Weighing | None = None
    trouble: Hold | None = None
    unit_price: UnitPriceView | None = None
    cheaper: UnitPriceView | None = None
    stop: StopView | None = None
    contested: ContestReason | None = None
    higher_unit_minor: int | None = None
    weight: Weight | None = None
    price_unit: WeightUnit = "kg"


class DealView(Value):
    """A deal of this aisle."""

    deal_id: str
    title: str
    image: str | None = None
    price_minor: int | None = None
    was_minor: int | None = None
    aisle: str | None = None


class PiecesView(Value):
    """So many pieces of a product."""

    name: str
    quantity: int


class NudgeView(Value):
    """`quantity` pieces more, and those `beside` them, would unlock the deal `title`: the whole
    would then cost `saves_minor` less than now (0: the pieces are free)."""

    title: str
    name: str
    quantity: int
    saves_minor: int
    image: str | None = None
    beside: tuple[PiecesView, ...] = ()


class ChoiceView(Value):
    """One answer to a question: `choice` goes back in the intent. `price_minor` is for `quantity`
    pieces, or for one `price_unit` of what is sold by mass."""

    choice: str
    name: str
    price_minor: int = 0
    sold_by: Literal["each", "mass"] = "each"
    image: str | None = None
    quantity: int = 1
    price_unit: WeightUnit = "kg"


class QuestionView(Value):
    """The one question that is open on the screen.

    kind: "which_in" which thing was put in · "which_out" which was taken out · "rescan" please
    show its barcode · "weigh_again" it is known (the one choice), but `trouble` says why it can't
    be sold by what the scale said, which sells from `least_mg` on · "put_back" it must not be sold,
    for `reason`. `mass_mg` is the load that moved (positive)."""

    question_id: str
    kind: Literal["which_in", "which_out", "rescan", "weigh_again", "put_back"]
    mass_mg: int
    choices: tuple[ChoiceView, ...] = ()
    trouble: Hold | None = None
    least_mg: int = 0
    reason: str = ""


class WeighView(Value):
    """A good that was just weighed: shown for a moment, and can be corrected with one tap. Its
    figures and ids are those of the line's `Weighing`."""

    line_id: str
    name: str
    net_mg: int
    unit_price_minor: int
    price_minor: int
    tare_mg: int = 0
    image: str | None = None
    alternatives: tuple[ChoiceView, ...] = ()
    reading_before_id: int = 0
    reading_id: int = 0
    software_id: str = ""
    price_unit: WeightUnit = "kg"


class NoticeView(Value):
    """What the shopper is told: a code of cart.core.notices, its values, how loud it is."""

    code: str
    priority: int
    values: dict[str, str] = msgspec.field(default_factory=dict)


class TaxView(Value):
    """Tax of one category."""

    category: str
    rate_ppm: int
    tax_minor: int


class FeeView(Value):
    """A fee that may be taken on the pay screen: each at `price_minor`, `quantity` of them taken,
    which cost `amount_minor` before tax; `quantity_max` is the most."""

    fee_id: str
    title: str
    price_minor: int
    quantity: int = 0
    amount_minor: int = 0
    quantity_max: int = 9


class CouponView(Value):
    """A coupon or voucher that the shopper showed: it takes `amount_minor` off, or waits for its
    goods, or for the store. `on_lines`: it is among the savings of lines."""

    coupon_id: str
    title: str
    state: Literal["counts", "waits_for_goods", "waits_for_store"]
    amount_minor: int = 0
    on_lines: bool = False


class Snapshot(Value):
    """The whole screen. Money in minor units of `currency` with `currency_digits` decimals.

    `cause_ms` is when the observation behind this snapshot reached the inbox (monotonic), for
    measuring the way to the pixels. `pairing` is the text of the welcome screen's QR code.
    `aisle` names where the deals are from. `can_go_back`: the checkout may still be left.
    `benefits`: whether food benefits pay for what they may, `snap_minor` of the total; None where
    they may pay for nothing here. `sold_at` is the store's local time of the sale, "" unknown.
    `budget_minor` 0: none is set; `budget_percent` of it is spent, `budgets_minor` may be chosen,
    and a line may be contested for one of `contest_reasons`. `credited_minor` was given back."""

    revision: int
    cause_ms: int
    route: Route
    currency: str = "USD"
    currency_digits: int = 2
    shopper: str | None = None
    member: bool = False
    pairing: str = ""
    lines: tuple[LineView, ...] = ()
    subtotal_minor: int = 0
    savings_minor: int = 0
    tax_minor: int = 0
    taxes: tuple[TaxView, ...] = ()
    total_minor: int = 0
    deals: tuple[DealView, ...] = ()
    aisle: str = ""
    question: QuestionView | None = None
    weigh: WeighView | None = None
    notices: tuple[NoticeView, ...] = ()
    phase: str = "idle"
    can_go_back: bool = False
    receipt_id: str = ""
    online: bool = False
    battery_percent: int | None = None
    moving: bool = False
    senses_lost: tuple[str, ...] = ()
    nudge: NudgeView | None = None
    deposit_minor: int = 0
    fees: tuple[FeeView, ...] = ()
    coupons: tuple[CouponView, ...] = ()
    benefits: bool | None = None
    snap_minor: int = 0
    sold_at: str = ""
    budget_minor: int = 0
    budget_percent: int = 0
    budgets_minor: tuple[int, ...] = ()
    contest_reasons: tuple[ContestReason, ...] = ()
    credited_minor: int = 0


class Intent(Value):
    """What the shopper touched: becomes a `Touch` observation. See `Touch` for the actions."""

    intent_id: Annotated[str, Meta(min_length=1, max_length=64)]
    action: TouchAction
    target: Annotated[str, Meta(max_length=200)] = ""
    choice: Annotated[str, Meta(max_length=200)] = ""
