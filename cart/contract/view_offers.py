"""What the screen shows of offers: those of the aisle, and the one that is almost there.

A part of `cart.contract.view`; it lays out and never decides.
"""

from __future__ import annotations

from cart.contract.screen import DealView, NudgeView, PiecesView
from cart.core import coach
from cart.core.catalog import CatalogIndex
from cart.core.deals import deals_of_aisle, figures_of
from cart.core.pricing.offers import Deal
from cart.core.state import State


def deals_of(state: State) -> tuple[DealView, ...]:
    """The deals of this aisle; where it has none, those of the whole store."""
    index = state.catalog
    if index is None:
        return ()
    deals = deals_of_aisle(index, state.aisle) or index.catalog.deals
    return tuple(_deal(deal, index) for deal in deals)


def _deal(deal: Deal, index: CatalogIndex) -> DealView:
    figures = figures_of(deal, index)
    places = index.aisles_by_sku.get(deal.skus[0], ()) if deal.skus else ()
    return DealView(
        deal_id=deal.deal_id,
        title=deal.title,
        image=figures.image,
        price_minor=figures.price_minor,
        was_minor=figures.was_minor,
        aisle=places[0] if places else None,
    )


def nudge_of(state: State) -> NudgeView | None:
    """What a few pieces more would unlock, once the cart has thought about it."""
    nudge, index = coach.nudge(state), state.catalog
    if nudge is None or index is None:
        return None
    first, *others = [(index.by_sku[part.sku], part.quantity) for part in nudge.pieces]
    product, quantity = first
    titles = (deal.title for deal in index.catalog.deals if deal.deal_id == nudge.deal_id)
    told = (next(titles, ""), product.name, quantity, nudge.saves_minor)
    beside = tuple(PiecesView(other.name, count) for other, count in others)
    return NudgeView(*told, product.image, beside)


def aisle_name_of(state: State) -> str:
    """The name of the aisle whose deals are shown; "" when they are the whole store's."""
    index = state.catalog
    if index is None or not deals_of_aisle(index, state.aisle):
        return ""
    return next((item.name for item in index.catalog.aisles if item.aisle == state.aisle), "")
