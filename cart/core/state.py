"""Everything the mind holds between two observations, and what one step gives back.

*Durable* is `basket`, the fold of the journal. Everything else is *fleeting*: after a crash it
starts empty and the senses fill it again. `Draft` is the one mutable thing of the core: it lives
for a single step and collects what that step decides.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from cart.core.almost import Search
from cart.core.basket import Basket, apply
from cart.core.catalog import Catalog, CatalogIndex
from cart.core.deals import deals_applied
from cart.core.effects import Effect
from cart.core.events import Event
from cart.core.fusion.evidence import Pending
from cart.core.notices import NOTICES, Notice
from cart.core.observations import CameraCondition, CatalogArrived, DealsCame
from cart.core.overlay import Overlay
from cart.core.pricing.engine import receipt_of
from cart.core.prudence import WARNINGS_PERCENT, budget_warning
from cart.core.receipt import Receipt
from cart.core.terms import local_time
from cart.core.value import Value

INTENTS_REMEMBERED = 64


class Told(Value):
    """A passing notice and when it ends."""

    notice: Notice
    until_ms: int


class State(Value):
    """The mind between two steps. `catalog` is `base` under the `overlay`. `newer_catalog` and
    `newer_deals` wait for the end of a payment, `kept_prices` are
    those that have risen during the trip, as they were; `rest_mg` is the
    last load at rest; `question` the open line shown on the screen; `weighed` the line shown on the
    weigh screen until `weighed_until_ms`; `looked_like` what the last thing put in may have been by
    its look, likeliest first; `nudging` the search for a cheaper whole, None until a
    quiet tick begins it."""

    t_ms: int = 0
    cart_id: str = "cart"
    epoch: int = 1
    boot_id: str = ""
    basket: Basket = Basket()
    catalog: CatalogIndex | None = None
    catalog_sha256: str = ""
    base: Catalog | None = None
    overlay: Overlay = Overlay()
    newer_catalog: CatalogArrived | None = None
    newer_deals: DealsCame | None = None
    kept_prices: dict[str, int] = msgspec.field(default_factory=dict)
    receipt: Receipt | None = None
    nudging: Search | None = None
    pending: Pending = Pending()
    waiting_on: Pending | None = None
    rest_mg: int | None = None
    moving: bool = False
    question: str | None = None
    weighed: str | None = None
    weighed_until_ms: int = 0
    looked_like: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    pair_nonce: str = ""
    offered_ms: int | None = None
    pay_asked_ms: int | None = None
    coupon_asked_ms: int | None = None
    pay_wanted: bool = False
    pay_sent: bool = False
    paid_ms: int | None = None
    basket_told: Basket | None = None
    basket_told_ms: int = 0
    online: bool = False
    battery_percent: int | None = None
    inputs_refused: int = 0
    health_told_ms: int | None = None
    aisle: str = ""
    lost: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()
    camera: CameraCondition = "good"
    intents: tuple[str, ...] = ()
    wall_offset_ms: int | None = None

    @property
    def local_time(self) -> str:
        """The store's local time now; "" as long as no store has told it."""
        return "" if self.wall_offset_ms is None else local_time(self.t_ms + self.wall_offset_ms)


class Turn(Value):
    """What one step gives: the new state, facts to journal, notices to tell, effects to do."""

    state: State
    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    effects: tuple[Effect, ...] = ()


class Draft:
    """Collects one step. `state` fact by fact becomes the next state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.told: list[Notice] = []

    @property
    def now_ms(self) -> int:
        """The time of the observation being thought about."""
        return self.state.t_ms

    @property
    def basket(self) -> Basket:
        """The basket with this step's facts so far."""
        return self.state.basket

    def note(self, **changes: Any) -> None:  # noqa: ANN401 - the names of State's fields
        """Change fleeting fields of the state."""
        self.state = replace(self.state, **changes)

    def fact(self, event: Event) -> None:
        """State a fact: it goes to the journal and into the basket."""
        self.events.append(event)
        self.note(basket=apply(self.basket, event))

    def do(self, effect: Effect) -> None:
        """Ask the shell to do something."""
        self.effects.append(effect)

    def tell(self, code: str, **values: str) -> None:
        """Tell the shopper something that passes: shown as long as its row of NOTICES says."""
        notice = Notice(code, values)
        shown_ms = NOTICES[code].shown_ms
        assert shown_ms is not None, f"{code} is told by its cause, not in passing"
        others = tuple(item for item in self.state.told if item.notice.code != code)
        self.told.append(notice)
        self.note(told=(*others, Told(notice, self.now_ms + shown_ms)))

    def warn_of_budget(self, before_minor: int, total_minor: int) -> None:
        """Tell once when the total comes to 80 or to 100 percent of the budget."""
        budget_minor = self.basket.budget_minor
        was, now = (budget_warning(total, budget_minor) for total in (before_minor, total_minor))
        if now is not None and now > (was or 0):
            code = "budget_near" if now < WARNINGS_PERCENT[0] else "budget_reached"
            self.tell(code, budget_minor=str(budget_minor))

    def next_line_id(self) -> str:
        """An id that no line of this journal has had."""
        return f"L{self.basket.lines_made + 1}"

    def turn(self, standing: tuple[Notice, ...]) -> Turn:
        """Close the step. `standing` are notices whose cause began in this step."""
        if self.events:
            self._add_up()
        return Turn(self.state, tuple(self.events), (*self.told, *standing), tuple(self.effects))

    def _add_up(self) -> None:
        """Price the basket anew, and tell when a deal takes more off than before."""
        before = self.state.receipt
        receipt = receipt_for(self.state)
        self.note(receipt=receipt, nudging=None)
        if receipt is not None:
            self.warn_of_budget(0 if before is None else before.total_minor, receipt.total_minor)
        if before is None or receipt is None or receipt.savings_minor <= before.savings_minor:
            return
        titles = deals_applied(receipt)
        newest = [row for row in titles if row not in deals_applied(before)]
        self.tell("deal_applied", title=(newest or titles)[-1].title)


def receipt_for(state: State) -> Receipt | None:
    """The receipt of the basket as it stands; None without a catalog or a trip."""
    if state.catalog is None or state.basket.phase == "idle":
        return None
    basket = state.basket
    return receipt_of(basket.lines, state.catalog, basket.member, basket.terms)
