"""Prices that have risen during a trip: until it ends each counts as low as it was on it.

They are facts, so a cart that starts again in mid-trip charges no more than before. It must never
keep a price for the next trip.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from cart.core.catalog import CatalogIndex, Product
from cart.core.events import Event, PricesKept, TripOpened
from cart.core.state import Draft, State

KEPT_AT_ONCE = 1_000  # so that each fact fits into a message to the store


def at_end_of(journal: Iterable[Event]) -> dict[str, int]:
    """The prices that the trip at a journal's end keeps."""
    kept: dict[str, int] = {}
    for event in journal:
        if isinstance(event, TripOpened):
            kept = {}
        elif isinstance(event, PricesKept):
            kept |= event.prices_minor
    return kept


def at_best_price(state: State, product: Product) -> tuple[Product, int | None]:
    """A product at the lowest price it had on this trip, and the higher one that it has now."""
    kept_minor = state.kept_prices.get(product.sku, product.price_minor)
    if kept_minor >= product.price_minor:
        return product, None
    return replace(product, price_minor=kept_minor), product.price_minor


def keep(draft: Draft, before: CatalogIndex, after: CatalogIndex) -> None:
    """State what rises between two catalogs of a trip, as far as it is not kept already."""
    kept, risen = draft.state.kept_prices, _risen(draft.state, before, after)
    new = ((sku, minor) for sku, minor in risen.items() if kept.get(sku) != minor)
    while some := dict(islice(new, KEPT_AT_ONCE)):
        draft.fact(PricesKept(draft.now_ms, some))
    draft.note(kept_prices=kept | risen)


def _risen(state: State, before: CatalogIndex, after: CatalogIndex) -> dict[str, int]:
    """The prices that go up now, each as low as it was on this trip."""
    risen = {}
    for sku, product in after.by_sku.items():
        was = before.by_sku.get(sku)
        if was is None or (was.price_unit, was.sold_by) != (product.price_unit, product.sold_by):
            continue
        if was.price_minor < product.price_minor:
            risen[sku] = min(was.price_minor, state.kept_prices.get(sku, was.price_minor))
    return risen
