"""What the store publishes beside its catalog, laid over it: deals, recalls and aisles of now.

Cart and store lay them over alike, so both come to the same cent. It must never add a product.
"""

from __future__ import annotations

from msgspec.structs import replace

from cart.core.catalog import Aisle, Catalog, Recall
from cart.core.pricing.kinds import AnyDeal
from cart.core.value import Value


class Overlay(Value):
    """Each table takes the place of the catalog's; None leaves the catalog's. `deals_version` names
    the deals, 0 those of the catalog."""

    deals: tuple[AnyDeal, ...] | None = None
    deals_version: int = 0
    recalls: tuple[Recall, ...] | None = None
    aisles: tuple[Aisle, ...] | None = None


def overlaid(catalog: Catalog, overlay: Overlay) -> Catalog:
    """The catalog as it holds now. Goods that it lacks are left out of recalls and aisles."""
    known = frozenset(product.sku for product in catalog.products)
    deals = catalog.deals if overlay.deals is None else overlay.deals
    recalls = catalog.recalls if overlay.recalls is None else overlay.recalls
    aisles = catalog.aisles if overlay.aisles is None else overlay.aisles
    return replace(
        catalog,
        deals=deals,
        recalls=tuple(recall for recall in recalls if recall.sku in known),
        aisles=tuple(
            replace(aisle, skus=tuple(sku for sku in aisle.skus if sku in known))
            for aisle in aisles
        ),
    )
