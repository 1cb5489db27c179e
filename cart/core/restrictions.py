"""What may not be sold, or not now, or not before somebody of the staff has looked.

Recalled and expired goods never come onto the receipt; ages and hours block paying, not shopping.
It must never accuse: the shopper learns the reason and what to do.
"""

from __future__ import annotations

import hashlib
from datetime import date

from cart.core import codes
from cart.core.basket import Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.events import AgeApproved, ApprovalAsked
from cart.core.fusion.evidence import Claim
from cart.core.observations import ScanSeen
from cart.core.prudence import Refused, refused
from cart.core.state import Draft, State
from cart.core.value import Value

NEVER_SOLD = ("recalled", "expired")
BADGE_DIGITS = 12
AIM_LENGTH = 3
BARE_LENGTH_MAX = AIM_LENGTH + 14  # a bare number holds neither lot nor day


class Stop(Value):
    """A line that can't be paid, and why. `age_years` and `hours` are the product's."""

    line_id: str
    name: str
    refused: Refused
    age_years: int = 0
    hours: tuple[str, str] | None = None


def today(state: State) -> date | None:
    """The store's day; None as long as nobody knows it."""
    return date.fromisoformat(state.local_time[:10]) if state.local_time else None


def never_sold(state: State, product: Product, claim: Claim | None) -> Refused | None:
    """Why this piece must not be sold at all, by what its code or another one on it says."""
    others = [kept for kept in state.pending.claims if kept.sku == product.sku]
    for read in (claim, *others):
        found = _refused(state, product, read)
        if found is not None and found.why in NEVER_SOLD:
            return found
    return None


def tell_never_sold(draft: Draft, product: Product, why: Refused) -> None:
    """Say at once why it stays out, and what to do."""
    draft.tell(why.why, name=product.name, reason=why.reason)


def tell_restricted(draft: Draft, product: Product) -> None:
    """It is in the cart: say early what will stop the payment."""
    found = _refused(draft.state, product, None)
    if found is not None and found.why == "hours" and product.hours is not None:
        draft.tell("not_sold_now", name=product.name, first=product.hours[0], last=product.hours[1])
    elif found is not None and found.why == "age":
        draft.tell("age_checked_later", name=product.name)


def stops(state: State) -> tuple[Stop, ...]:
    """Every line that can't be paid now, in the order of the basket."""
    index = state.catalog
    found: list[Stop] = []
    for line in state.basket.lines if index is not None else ():
        product = None if index is None else index.by_sku.get(line.sku)
        if product is None or index is None:
            continue
        why = _refused(state, product, _claim_of(line, index, today(state)))
        if why is not None:
            years, hours = product.minimum_age_years, product.hours
            found.append(Stop(line.line_id, line.name, why, years, hours))
    return tuple(found)


def recalled(state: State) -> list[Stop]:
    """The lines that must not be sold at all, because they were called back."""
    return [stop for stop in stops(state) if stop.refused.why == "recalled"]


def hold_back(draft: Draft) -> bool:
    """Whether something stops the payment: say what, and ask for the staff where that helps."""
    found = stops(draft.state)
    others = [stop for stop in found if stop.refused.why != "age"]
    for stop in others[:1]:
        first, last = stop.hours or ("", "")
        code = "not_sold_now" if stop.refused.why == "hours" else stop.refused.why
        reason = stop.refused.reason
        draft.tell(code, name=stop.name, reason=reason, first=first, last=last)
    years = max([stop.age_years for stop in found if stop.refused.why == "age"], default=0)
    if years > draft.basket.asked_years:
        draft.fact(ApprovalAsked(draft.now_ms, years))
    return bool(found)


def waits_for_staff(state: State) -> bool:
    """Whether the staff was asked to look, and has not yet."""
    return state.basket.asked_years > state.basket.approved_years and any(
        stop.refused.why == "age" for stop in stops(state)
    )


def badge_seen(draft: Draft, scan: ScanSeen) -> bool:
    """Whether the code is a badge of the staff: it approves the ages in the basket."""
    index = draft.state.catalog
    if index is None or not index.catalog.staff_badges or not scan.proven:
        return False
    # Scanners put an AIM identifier, such as "]Q0", in front; the eyes do not.
    text = scan.text[AIM_LENGTH:] if scan.text.startswith("]") else scan.text
    badge = hashlib.sha256(text.encode()).hexdigest()
    if badge not in index.catalog.staff_badges:
        return False
    ages = [stop.age_years for stop in stops(draft.state) if stop.refused.why == "age"]
    if ages:
        draft.fact(AgeApproved(draft.now_ms, max(ages), badge[:BADGE_DIGITS]))
        draft.tell("age_approved")
    return True


def _refused(state: State, product: Product, claim: Claim | None) -> Refused | None:
    assert state.catalog is not None, "a product without a catalog"
    return refused(
        state.catalog,
        product,
        age_years=state.basket.approved_years,
        now=state.local_time,
        lot="" if claim is None else claim.lot,
        expires="" if claim is None else claim.expires,
    )


def _claim_of(line: Line, index: CatalogIndex, day: date | None) -> Claim | None:
    """The code of a line again, with its lot and its last day: the recall may be newer than the
    scan, and so may be the store's word which day it is."""
    code = line.evidence.code
    if code is None or len(code.text) <= BARE_LENGTH_MAX:
        return None
    said = codes.meaning(code.text, code.symbology, index, day)
    if not isinstance(said, codes.ProductCode):
        return None
    read = (code.sensed_ms, line.sku, code.text, code.symbology, code.source)
    return Claim(*read, lot=said.lot or "", expires=said.last_day or "")
