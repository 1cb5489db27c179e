"""A newer catalog in the middle of a trip: of two prices the lower one counts for the shopper.

What is on the receipt follows a price down and never up; what is put in later costs no more than it
did when the trip began. It must never change a sum that is being paid.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core import kept, restrictions, trip
from cart.core.basket import Line
from cart.core.catalog import CatalogIndex
from cart.core.events import CatalogAdopted, CheckoutCancelled, LineRepriced
from cart.core.observations import AislesCame, CatalogArrived, DealsCame, RecallsCame
from cart.core.overlay import Overlay, overlaid
from cart.core.state import Draft, receipt_for
from cart.core.weights import price_of_weight_minor


def catalog_arrived(draft: Draft, observation: CatalogArrived) -> None:
    """A snapshot came; an older one than the journal knows is left."""
    if observation.catalog.version >= draft.basket.catalog_version:
        draft.note(newer_catalog=observation)


def deals_came(draft: Draft, observation: DealsCame) -> None:
    """Other deals: they wait like a catalog, for they change sums."""
    draft.note(newer_deals=observation)


def recalls_came(draft: Draft, observation: RecallsCame) -> None:
    """What must not be sold holds at once, whatever is going on, and changes no sum. Who has it in
    the cart is told, and led back from paying."""
    _lay_over(draft, replace(draft.state.overlay, recalls=observation.recalls))


def aisles_came(draft: Draft, observation: AislesCame) -> None:
    """Goods stand elsewhere now: this changes no sum."""
    _lay_over(draft, replace(draft.state.overlay, aisles=observation.aisles))


def adopt(draft: Draft) -> None:
    """Adopt the newest snapshot and deals, but never from the sum on the screen to the end of the
    trip it is paid for: deals and tax may differ."""
    state = draft.state
    if state.basket.phase == "idle" and state.kept_prices:
        draft.note(kept_prices={})
    sum_stands = state.base is not None and state.basket.phase in ("checkout", "paying", "paid")
    newer, deals = state.newer_catalog, state.newer_deals
    if sum_stands or (newer is None and (deals is None or state.base is None)):
        return
    if newer is not None:
        draft.note(newer_catalog=None, base=newer.catalog, catalog_sha256=newer.sha256)
    if deals is not None:
        version = 0 if deals.deals is None else deals.version
        overlay = replace(state.overlay, deals=deals.deals, deals_version=version)
        draft.note(newer_deals=None, overlay=overlay)
    _rebuild(draft)
    _state_adoption(draft)
    if state.catalog is not None and newer is not None and draft.basket.phase == "shopping":
        after = draft.state.catalog
        assert after is not None, "it was just built"
        _follow_down(draft, state.catalog, after)
        kept.keep(draft, state.catalog, after)
    draft.note(receipt=receipt_for(draft.state), nudging=None)
    trip.tell_eyes(draft)


def _state_adoption(draft: Draft) -> None:
    base, deals_version = draft.state.base, draft.state.overlay.deals_version
    assert base is not None, "a catalog is adopted"
    known = (draft.basket.catalog_version, draft.basket.deals_version)
    if (base.version, deals_version) != known:
        sha256 = draft.state.catalog_sha256
        draft.fact(CatalogAdopted(draft.now_ms, base.version, sha256, deals_version))


def _lay_over(draft: Draft, overlay: Overlay) -> None:
    draft.note(overlay=overlay)
    if draft.state.base is not None:
        _rebuild(draft)
        draft.note(nudging=None)
        trip.tell_eyes(draft)


def _rebuild(draft: Draft) -> None:
    """Lay the tables over the catalog anew; tell what must not be sold any more."""
    state = draft.state
    assert state.base is not None, "there is something to lay them over"
    before = {stop.line_id for stop in restrictions.recalled(state)}
    index = CatalogIndex(overlaid(state.base, state.overlay))
    sold = tuple(claim for claim in state.pending.claims if claim.sku in index.by_sku)
    draft.note(catalog=index, pending=replace(state.pending, claims=sold))
    found = [stop for stop in restrictions.recalled(draft.state) if stop.line_id not in before]
    for stop in found:
        draft.tell("recalled", name=stop.name, reason=stop.refused.reason)
    if found and draft.basket.phase == "checkout":
        draft.fact(CheckoutCancelled(draft.now_ms, "restricted"))


def _follow_down(draft: Draft, before: CatalogIndex, after: CatalogIndex) -> None:
    """State the lower price of what is on the receipt, and tell it."""
    for line in draft.basket.lines:
        product, was = after.by_sku.get(line.sku), before.by_sku.get(line.sku)
        if product is None or was is None or product.price_minor >= line.unit_price_minor:
            continue
        if product.price_unit != line.price_unit or product.sold_by != was.sold_by:
            continue  # prices for a kilogram, a pound and a piece say nothing of each other
        # What a label priced keeps the label's price.
        if line.unit_price_minor not in (was.price_minor, draft.state.kept_prices.get(line.sku)):
            continue
        draft.fact(_repriced(draft.now_ms, line, product.price_minor, after.catalog.version))
        draft.tell(
            "price_lowered",
            name=line.name,
            was_minor=str(line.unit_price_minor),
            now_minor=str(product.price_minor),
        )


def _repriced(now_ms: int, line: Line, unit_minor: int, version: int) -> LineRepriced:
    price_minor, weighing = unit_minor * line.quantity, line.weighing
    if line.mass_mg is not None:
        price_minor = price_of_weight_minor(
            line.weight or line.mass_mg, unit_minor, line.price_unit
        )
    if weighing is not None:
        weighing = replace(weighing, unit_price_minor=unit_minor, price_minor=price_minor)
    return LineRepriced(
        t_ms=now_ms,
        line_id=line.line_id,
        unit_price_minor=unit_minor,
        price_minor=price_minor,
        higher_unit_minor=max(line.unit_price_minor, line.higher_unit_minor or 0),
        catalog_version=version,
        weighing=weighing,
    )
