"""How one catalog becomes the next: the same arithmetic for the store that says it and the cart.

Products keep their places, new ones come last, so both sides end with the same bytes. It must never
leave a part of the old catalog beside the new: the result is one of the two, by its hash.
"""

from __future__ import annotations

from msgspec import json
from msgspec.structs import replace

from cart.contract.goods import Change
from cart.core.catalog import Catalog


def canonical(catalog: Catalog) -> bytes:
    """A catalog as it is hashed, cut and signed."""
    return json.encode(catalog, order="deterministic")


def arranged(catalog: Catalog, before: Catalog | None) -> Catalog:
    """The catalog with its products in the places that a change from `before` leaves them in."""
    if before is None:
        return catalog
    places = {product.sku: place for place, product in enumerate(before.products)}
    last = len(places)
    products = sorted(catalog.products, key=lambda product: places.get(product.sku, last))
    return replace(catalog, products=tuple(products))


def change_between(before: Catalog, after: Catalog) -> Change:
    """What makes `after`, which is arranged, of `before`; its head is still to be signed."""
    known = {product.sku: product for product in before.products}
    products = tuple(item for item in after.products if known.get(item.sku) != item)
    kept = {product.sku for product in after.products}
    rest = replace(after, products=())
    same = replace(before, products=(), version=after.version) == rest
    return Change(
        products=products,
        gone=tuple(sku for sku in known if sku not in kept),
        rest=None if same else rest,
    )


def changed(catalog: Catalog, change: Change, version: int) -> Catalog:
    """The next catalog."""
    new = {product.sku: product for product in change.products}
    gone = frozenset(change.gone)
    kept = [new.pop(item.sku, item) for item in catalog.products if item.sku not in gone]
    rest = change.rest or catalog
    return replace(rest, version=version, products=(*kept, *new.values()))
