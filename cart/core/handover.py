"""A trip that moves to another cart: what it brings along, and what the old cart does with it.

The new cart states the lines anew, with the price they had; as their goods are put in, the scale
finds what is on the receipt already, and charges nothing again. It must never keep a line of which
the scale saw nothing when it comes to paying.
"""

from __future__ import annotations

from itertools import combinations

from msgspec.structs import replace

from cart.core.basket import Basket, Line
from cart.core.catalog import CatalogIndex, Product
from cart.core.effects import MakePairCode
from cart.core.events import (
    BenefitsChosen,
    BudgetSet,
    CodeEvidence,
    CouponTaken,
    Event,
    FeeChosen,
    ItemAdded,
    ItemRemoved,
    TimeNoted,
    TripHandedOver,
)
from cart.core.fusion import scores
from cart.core.fusion.evidence import LOAD_FLOOR_MG, Pending, Step
from cart.core.fusion.verdict import Explanation, Part
from cart.core.state import Draft

AT_ONCE_MAX = 3  # so many things may be carried over in one hand
WEIGHED_SPREAD_MG = 10_000
LEAVES = ("shopping", "checkout", "paying")


def bring(draft: Draft, carried: Basket) -> None:
    """State on the new cart what the trip brings; an open question is asked anew if it is one."""
    if carried.terms.opened_at:
        draft.fact(TimeNoted(draft.now_ms, carried.terms.opened_at))
    for line in carried.lines:
        draft.fact(_line(draft, line))
    for event in _terms(draft.now_ms, carried):
        draft.fact(event)


def release(draft: Draft, trip_id: str) -> str:
    """The trip goes on elsewhere: forget it here, and begin anew. What is wrong, or ""."""
    basket = draft.basket
    if basket.trip_id != trip_id or basket.phase == "idle":
        return ""  # it has ended before
    if basket.phase not in LEAVES:
        return "this trip is paid here"
    draft.fact(TripHandedOver(draft.now_ms, trip_id))
    draft.note(pair_nonce="", offered_ms=None, question=None, weighed=None, told=())
    draft.do(MakePairCode())
    return ""


def arrived(evidence: Pending, index: CatalogIndex | None, basket: Basket) -> Explanation | None:
    """What was carried over and lands now, by its mass; a code for something else speaks first."""
    (step,) = evidence.steps
    waiting = [] if index is None else awaited(basket, index)
    read = {claim.sku: claim for claim in evidence.claims}
    best: Explanation | None = None
    for size in range(1, min(AT_ONCE_MAX, len(waiting)) + 1):
        for chosen in combinations(waiting, size):
            if read.keys() - {line.sku for line, _ in chosen}:
                continue
            parts = tuple(
                Part(line.sku, line.quantity, read.get(line.sku), line.line_id)
                for line, _ in chosen
            )
            mass = _mass(step, [product_mass for _, product_mass in chosen])
            if mass >= scores.MASS_FITS and (best is None or mass > best.mass_millinats):
                best = Explanation("weighed_late", mass, mass, parts)
    return best


def awaited(basket: Basket, index: CatalogIndex) -> list[tuple[Line, tuple[int, int]]]:
    """The lines whose goods were not put in here yet, each with its mass and spread."""
    lines = [
        line
        for line in basket.lines
        if line.evidence.decided_by == "carried" and line.evidence.after_mg is None
    ]
    found = ((line, _mass_of(line, index.by_sku.get(line.sku))) for line in lines)
    return [(line, mass) for line, mass in found if mass is not None and mass[0] >= LOAD_FLOOR_MG]


def drop_what_stayed(draft: Draft) -> None:
    """Before paying: what never came into this cart is not charged."""
    index = draft.state.catalog
    if index is None or "scale" in draft.state.lost:
        return
    for line, _ in awaited(draft.basket, index):
        draft.fact(ItemRemoved(draft.now_ms, line.line_id, line.quantity, evidence=line.evidence))
        draft.tell("stayed_behind", name=line.name)


def _line(draft: Draft, line: Line) -> ItemAdded:
    proof = replace(
        line.evidence, before_mg=None, after_mg=None, readings=None, decided_by="carried"
    )
    return ItemAdded(
        draft.now_ms,
        draft.next_line_id(),
        line.sku,
        line.name,
        line.quantity,
        line.unit_price_minor,
        line.price_minor,
        line.mass_mg,
        proof,
        weighing=line.weighing,
        higher_unit_minor=line.higher_unit_minor,
        weight=line.weight,
        price_unit=line.price_unit,
    )


def _terms(now_ms: int, carried: Basket) -> list[Event]:
    events: list[Event] = []
    for held in carried.terms.coupons:
        code = CodeEvidence(held.text, held.symbology, "carried", now_ms)
        # What is good once the store reserves for this trip anew.
        once = not held.coupon_id.startswith("8110-")
        events.append(CouponTaken(now_ms, held.coupon_id, code, waits=once))
    for fee in carried.terms.fees:
        paid = (fee.quantity, fee.amount_minor, fee.rate_ppm, fee.snap)
        events.append(FeeChosen(now_ms, fee.fee_id, fee.title, *paid))
    if carried.terms.benefits:
        events.append(BenefitsChosen(now_ms, wanted=True))
    if carried.budget_minor:
        events.append(BudgetSet(now_ms, carried.budget_minor))
    return events


def _mass_of(line: Line, product: Product | None) -> tuple[int, int] | None:
    if line.weighing is not None:
        return line.weighing.net_mg + line.weighing.tare_mg, WEIGHED_SPREAD_MG
    if line.mass_mg is not None:
        return line.mass_mg, WEIGHED_SPREAD_MG
    if product is None or product.mass_mg is None:
        return None
    return product.mass_mg * line.quantity, product.mass_spread_mg * line.quantity


def _mass(step: Step, masses: list[tuple[int, int]]) -> int:
    """How well the load fits the goods together."""
    variance = step.uncertainty_mg**2 + sum(spread_mg**2 for _, spread_mg in masses)
    return scores.mass_score(step.change_mg - sum(mass_mg for mass_mg, _ in masses), variance)
