"""A guest's trip moves from one thinking cart to another, over a real broker, and is paid there."""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from msgspec import json

from rig.broker import Broker
from store import disputes
from store.database import open_database
from tests.store.minded import MindedCart
from tests.store.shop import StoreProcess, import_catalog, store_command
from tests.unit.mind_world import CATALOG, RICE, TOMATOES
from tests.waiting import until

OLD, NEW = "cart-1", "cart-2"


def moved(folder: Path) -> bool:
    """Whether a person of the store could say so: the new cart's code must have come."""
    return store_command(folder, "move", OLD, NEW).returncode == 0


def has(cart: MindedCart, sku: str) -> bool:
    """Whether a good is on the receipt."""
    return sku in [line.sku for line in cart.basket.lines]


@pytest.mark.machines
def test_a_guest_moves_with_basket_and_prices_and_pays_once(tmp_path: Path) -> None:
    """Two carts with minds, one store: the lines stand on the new cart before their goods, the
    scale finds them by mass and charges none again, the old cart forgets the trip, and only the new
    one is paid, with the sum of what was put in at first."""
    folder = tmp_path / "store"
    import_catalog(folder, CATALOG)
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(tmp_path, "iotcore"))
        ends = (broker.host, broker.port)
        stack.enter_context(StoreProcess(folder, ends))
        old, new = (
            stack.enter_context(MindedCart(tmp_path / name, ends, folder / "store.pub", name, seed))
            for name, seed in ((OLD, 1), (NEW, 2))
        )
        until(lambda: old.basket.catalog_version and new.basket.catalog_version, "the catalog")
        for sku in (TOMATOES, RICE):
            old.scan(sku)
            old.weigh(sku)
            until(partial(has, old, sku), f"{sku} is on it")
        until(old.is_all_acked, "the store has every row")
        guest = old.basket
        assert guest.shopper is None
        until(lambda: moved(folder), "the new cart shows its code")
        until(lambda: new.basket.lines, "the trip arrives")
        assert [(line.sku, line.price_minor) for line in new.basket.lines] == [
            (line.sku, line.price_minor) for line in guest.lines
        ]
        until(lambda: old.basket.phase == "idle", "the old cart forgets it")
        for sku in (TOMATOES, RICE):
            new.weigh(sku)
            until(lambda: new.basket.load_mg == new.load_mg, f"{sku} is found by its mass")
        assert [line.sku for line in new.basket.lines] == [TOMATOES, RICE]
        new.touch("pay_start")
        until(lambda: new.basket.phase == "checkout", "the checkout")
        new.touch("pay_confirm")
        until(lambda: new.basket.phase == "paid", "the store settles it")
        assert new.basket.paid_minor == sum(line.price_minor for line in guest.lines)
        with closing(open_database(folder, read_only=True)) as database, database.begin():
            assert disputes.rows(database) == []
        trips = store_command(folder, "trips", "--json").stdout.splitlines()
        paid = [json.decode(row) for row in trips if json.decode(row)["receipt_id"]]
        assert [(row["cart"], row["shopper"]) for row in paid] == [(NEW, None)]
