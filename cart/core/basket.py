"""The basket: a fold of the journal. `apply(basket, event)` and nothing else changes it.

It must never look at an observation, a clock or the catalog: prices and names stand in the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from cart.core.agreed import TERMS
from cart.core.events import (
    AgeApproved,
    ApprovalAsked,
    BudgetSet,
    CatalogAdopted,
    CommandEnded,
    CommandTaken,
    ConfigTaken,
    ContestReason,
    Direction,
    Event,
    Evidence,
    Hold,
    ItemAdded,
    ItemRemoved,
    LineContested,
    LineCredited,
    LineOpened,
    LineRepriced,
    LineSettled,
    LinesWeighed,
    PaymentRequested,
    PaymentSettled,
    QuestionAsked,
    TripBound,
    TripClosed,
    TripHandedOver,
    TripOpened,
)
from cart.core.machine import Machine, config_taken, ended, taken
from cart.core.session import Phase, follow
from cart.core.terms import Terms
from cart.core.value import Value
from cart.core.weighed import Weighing
from cart.core.weights import Weight, WeightUnit


class Line(Value):
    """One priced line: see `ItemAdded`. `mass_mg` is None for a good sold by the piece; `piece_mg`
    is what one piece weighed when it was weighed alone, else None; `higher_unit_minor` is the other
    price that the trip knew, which does not count."""

    line_id: str
    sku: str
    name: str
    quantity: int
    unit_price_minor: int
    price_minor: int
    mass_mg: int | None = None
    evidence: Evidence = Evidence()
    piece_mg: int | None = None
    weighing: Weighing | None = None
    contested: ContestReason | None = None
    higher_unit_minor: int | None = None
    weight: Weight | None = None
    price_unit: WeightUnit = "kg"


class OpenLine(Value):
    """One yellow line: see `LineOpened`."""

    line_id: str
    direction: Direction
    mass_mg: int
    choices: tuple[str, ...] = ()
    asked: bool = False
    evidence: Evidence = Evidence()
    trouble: Hold | None = None
    reason: str = ""


class Basket(Value):
    """Everything durable about the cart: the trip, its lines in the order they came, its money.
    `budget_minor` 0: the shopper has set none. `credits` is what the store gave back of it.

    The staff was asked about an age of `asked_years` and has approved `approved_years`.

    `load_mg` is the gross load the lines account for (None before the first weighing).
    `lines_made` and `trips_opened` number lines and trips, so an id is never used twice."""

    phase: Phase = "idle"
    trip_id: str = ""
    shopper: str | None = None
    member: bool = False
    catalog_version: int = 0
    deals_version: int = 0
    lines: tuple[Line, ...] = ()
    open_lines: tuple[OpenLine, ...] = ()
    own_lines: tuple[OpenLine, ...] = ()
    load_mg: int | None = None
    attempt: int = 0
    requested_minor: int | None = None
    receipt_id: str = ""
    paid_minor: int = 0
    lines_made: int = 0
    trips_opened: int = 0
    terms: Terms = Terms()
    asked_years: int = 0
    approved_years: int = 0
    machine: Machine = Machine()
    budget_minor: int = 0
    credits: tuple[LineCredited, ...] = ()


def apply(basket: Basket, event: Event) -> Basket:
    """Return the basket after `event`. An impossible phase change is an AssertionError."""
    phase = follow(basket.phase, event)
    change = _CHANGES.get(type(event))
    changed = change(basket, event) if change else basket
    return replace(changed, phase=phase)


def fold(events: Iterable[Event], basket: Basket | None = None) -> Basket:
    """Apply many events, oldest first."""
    result = basket or Basket()
    for event in events:
        result = apply(result, event)
    return result


def _trip_opened(basket: Basket, event: TripOpened) -> Basket:
    return Basket(
        trip_id=event.trip_id,
        shopper=event.shopper,
        member=event.member,
        catalog_version=basket.catalog_version,
        deals_version=basket.deals_version,
        load_mg=event.load_mg,
        lines_made=basket.lines_made,
        trips_opened=basket.trips_opened + 1,
        terms=Terms(used=event.used),
        machine=basket.machine,
    )


def _trip_bound(basket: Basket, event: TripBound) -> Basket:
    terms = replace(basket.terms, used=event.used)
    who = {"trip_id": event.trip_id, "shopper": event.shopper, "member": event.member}
    return replace(basket, **who, terms=terms)


def _approval_asked(basket: Basket, event: ApprovalAsked) -> Basket:
    return replace(basket, asked_years=event.age_years)


def _age_approved(basket: Basket, event: AgeApproved) -> Basket:
    return replace(basket, approved_years=max(basket.approved_years, event.age_years))


def _terms_changed(basket: Basket, event: Event) -> Basket:
    return replace(basket, terms=TERMS[type(event)](basket.terms, event))


def _catalog_adopted(basket: Basket, event: CatalogAdopted) -> Basket:
    return replace(basket, catalog_version=event.version, deals_version=event.deals_version)


def _item_added(basket: Basket, event: ItemAdded) -> Basket:
    line = Line(
        event.line_id, event.sku, event.name, event.quantity, event.unit_price_minor,
        event.price_minor, event.mass_mg, event.evidence,
        piece_mg=_piece_mg(event.evidence, event.quantity),
        weighing=event.weighing, higher_unit_minor=event.higher_unit_minor,
        weight=event.weight, price_unit=event.price_unit,
    )  # fmt: skip
    return replace(
        basket,
        lines=(*basket.lines, line),
        load_mg=_load_after(basket, event.load_mg),
        lines_made=basket.lines_made + 1,
    )


def _line_repriced(basket: Basket, event: LineRepriced) -> Basket:
    prices = {
        "unit_price_minor": event.unit_price_minor,
        "price_minor": event.price_minor,
        "higher_unit_minor": event.higher_unit_minor,
        "weighing": event.weighing,
    }
    lines = tuple(
        replace(line, **prices) if line.line_id == event.line_id else line for line in basket.lines
    )
    return replace(basket, lines=lines)


def _lines_weighed(basket: Basket, event: LinesWeighed) -> Basket:
    return replace(
        basket,
        lines=tuple(
            _weighed(line, event) if line.line_id in event.line_ids else line
            for line in basket.lines
        ),
        load_mg=_load_after(basket, event.load_mg),
    )


def _weighed(line: Line, event: LinesWeighed) -> Line:
    evidence = replace(
        line.evidence,
        before_mg=event.before_mg,
        after_mg=event.after_mg,
        alone=len(event.line_ids) == 1,
        readings=event.readings,
    )
    return replace(line, evidence=evidence, piece_mg=_piece_mg(evidence, line.quantity))


def _piece_mg(evidence: Evidence, quantity: int) -> int | None:
    if not evidence.alone or evidence.before_mg is None or evidence.after_mg is None:
        return None
    return (evidence.after_mg - evidence.before_mg) // max(1, quantity)


def _item_removed(basket: Basket, event: ItemRemoved) -> Basket:
    kept = (
        _without(line, event) if line.line_id == event.line_id else line for line in basket.lines
    )
    return replace(
        basket,
        lines=tuple(line for line in kept if line.quantity > 0),
        load_mg=_load_after(basket, event.load_mg),
    )


def _without(line: Line, event: ItemRemoved) -> Line:
    if event.mass_mg is not None:
        weighing = event.weighing
        exact = weighing is not None and weighing.taken_back
        less_mg = exact[-1].mass_mg if exact else (line.mass_mg or 0) - event.mass_mg
        piece_mg = None if line.piece_mg is None else line.piece_mg - less_mg
        return replace(
            line,
            mass_mg=event.mass_mg,
            price_minor=event.price_minor,
            piece_mg=piece_mg,
            weighing=event.weighing,
            weight=None,
        )
    quantity = line.quantity - event.quantity
    assert quantity >= 0, f"{line.line_id} has only {line.quantity} pieces"
    return replace(line, quantity=quantity, price_minor=line.unit_price_minor * quantity)


def _line_opened(basket: Basket, event: LineOpened) -> Basket:
    line = OpenLine(
        line_id=event.line_id,
        direction=event.direction,
        mass_mg=event.mass_mg,
        choices=event.choices,
        evidence=event.evidence,
        trouble=event.trouble,
        reason=event.reason,
    )
    return replace(
        basket,
        open_lines=(*basket.open_lines, line),
        load_mg=_load_after(basket, event.load_mg),
        lines_made=basket.lines_made + 1,
    )


def _question_asked(basket: Basket, event: QuestionAsked) -> Basket:
    return replace(
        basket,
        open_lines=tuple(
            replace(line, asked=True) if line.line_id == event.line_id else line
            for line in basket.open_lines
        ),
    )


def _line_settled(basket: Basket, event: LineSettled) -> Basket:
    known = [*basket.open_lines, *basket.own_lines]
    settled = tuple(line for line in known if line.line_id == event.line_id)
    return replace(
        basket,
        open_lines=_except(basket.open_lines, event.line_id),
        own_lines=_except(basket.own_lines, event.line_id)
        + (settled if event.answer == "own" else ()),
        load_mg=_load_after(basket, event.load_mg),
    )


def _except(lines: tuple[OpenLine, ...], line_id: str) -> tuple[OpenLine, ...]:
    return tuple(line for line in lines if line.line_id != line_id)


def _line_contested(basket: Basket, event: LineContested) -> Basket:
    lines = tuple(
        replace(line, contested=event.reason) if line.line_id == event.line_id else line
        for line in basket.lines
    )
    return replace(basket, lines=lines)


def _line_credited(basket: Basket, event: LineCredited) -> Basket:
    return replace(basket, credits=(*basket.credits, event))


def _budget_set(basket: Basket, event: BudgetSet) -> Basket:
    return replace(basket, budget_minor=event.budget_minor)


def _payment_requested(basket: Basket, event: PaymentRequested) -> Basket:
    return replace(basket, attempt=event.attempt, requested_minor=event.total_minor)


def _payment_settled(basket: Basket, event: PaymentSettled) -> Basket:
    return replace(basket, receipt_id=event.receipt_id, paid_minor=event.total_minor)


def _trip_closed(basket: Basket, _event: TripClosed | TripHandedOver) -> Basket:
    return Basket(
        catalog_version=basket.catalog_version,
        deals_version=basket.deals_version,
        load_mg=basket.load_mg,
        lines_made=basket.lines_made,
        trips_opened=basket.trips_opened,
        machine=basket.machine,
    )


def _command_taken(basket: Basket, event: CommandTaken) -> Basket:
    return replace(basket, machine=taken(basket.machine, event))


def _command_ended(basket: Basket, event: CommandEnded) -> Basket:
    return replace(basket, machine=ended(basket.machine, event))


def _config_taken(basket: Basket, event: ConfigTaken) -> Basket:
    return replace(basket, machine=config_taken(basket.machine, event))


def _load_after(basket: Basket, load_mg: int | None) -> int | None:
    return basket.load_mg if load_mg is None else load_mg


# Facts missing here change only the phase.
_CHANGES: dict[type, Callable[[Basket, Any], Basket]] = {
    **dict.fromkeys(TERMS, _terms_changed),
    TripOpened: _trip_opened,
    TripBound: _trip_bound,
    CatalogAdopted: _catalog_adopted,
    ItemAdded: _item_added,
    LineRepriced: _line_repriced,
    LinesWeighed: _lines_weighed,
    ItemRemoved: _item_removed,
    LineOpened: _line_opened,
    QuestionAsked: _question_asked,
    LineSettled: _line_settled,
    ApprovalAsked: _approval_asked,
    AgeApproved: _age_approved,
    LineContested: _line_contested,
    LineCredited: _line_credited,
    BudgetSet: _budget_set,
    PaymentRequested: _payment_requested,
    PaymentSettled: _payment_settled,
    TripClosed: _trip_closed,
    TripHandedOver: _trip_closed,
    CommandTaken: _command_taken,
    CommandEnded: _command_ended,
    ConfigTaken: _config_taken,
}
