"""A change that no message holds: a tenth of a large catalog at once."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from msgspec import json
from msgspec.structs import replace

from cart.core.observations import CatalogArrived, InputRefused
from tests.machines.test_price_news import MANY
from tests.store.open_shop import open_shop
from tests.store.shop import CATALOG, import_catalog

pytestmark = pytest.mark.machines
CHANGED, WITHIN_S = 5_000, 5.0


def test_five_thousand_prices_of_fifty_thousand_arrive_at_once(tmp_path: Path) -> None:
    """The cart collects the catalog whole, without waiting for a change that can't come, and has
    it within the time of a single price; the small change after it comes as one again."""
    with open_shop(tmp_path, "mosquitto") as shop:
        large = replace(CATALOG, version=2, products=MANY)
        import_catalog(shop.folder, large)
        assert len(shop.cart.hear(CatalogArrived, 60).catalog.products) == len(MANY)
        cheaper = (replace(product, price_minor=99) for product in MANY[:CHANGED])
        third = replace(large, version=3, products=(*cheaper, *MANY[CHANGED:]))
        import_catalog(shop.folder, third)
        began_s = time.monotonic()
        assert shop.cart.hear(CatalogArrived, 60).catalog == third
        took_s = time.monotonic() - began_s
        fourth = replace(third, version=4, products=(MANY[0], *third.products[1:]))
        import_catalog(shop.folder, fourth)
        assert shop.cart.hear(CatalogArrived, 60).catalog == fourth
        sys.stdout.write(json.encode({"from_kept_to_in_use_s": took_s}).decode() + "\n")
        assert not [seen for seen in shop.cart.unheard if isinstance(seen, InputRefused)]
        assert took_s < WITHIN_S
