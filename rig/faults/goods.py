"""A large catalog on its way to the carts while they, the broker or the store are killed."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import msgspec

from cart.core.catalog import Catalog, Product, TaxRate
from rig.faults.shop import Cart
from rig.faults.trial import SETTLE_S_MAX, Trial

PRODUCTS_FULL, PRODUCTS_QUICK = 50_000, 5_000
IMPORT_S_MAX = 120


def publish(folder: Path, version: int, products: int) -> None:
    """Import a catalog of this size into the store in `folder`."""
    catalog = Catalog(
        version=version,
        currency="EUR",
        products=tuple(
            Product(sku=f"sku-{number:05}", name=f"Product {number}", price_minor=100 + version)
            for number in range(products)
        ),
        tax_rates=(TaxRate(category="standard", rate_ppm=190_000),),
    )
    file = folder / "catalog.json"
    file.write_bytes(msgspec.json.encode(catalog))
    command = [sys.executable, "-m", "store", "import", "--data", str(folder), str(file)]
    subprocess.run(command, check=True, timeout=IMPORT_S_MAX, stdout=subprocess.DEVNULL)


def arriving(trial: Trial) -> None:
    """Each version must arrive whole at every cart, whoever was killed on the way."""
    shop = trial.shop
    for number in trial.each_round():
        version = 2 + number
        publish(shop.folder, version, PRODUCTS_FULL if trial.is_full else PRODUCTS_QUICK)
        trial.pause(0.5)
        began_s = time.monotonic()
        VICTIMS[number % len(VICTIMS)](trial)
        trial.write(2)
        for cart in shop.carts:
            if not cart.wait(partial(has, cart, version), SETTLE_S_MAX):
                trial.lost += 1
        trial.settle(began_s)


def has(cart: Cart, version: int) -> bool:
    """Whether a cart has taken this version into use."""
    return cart.told.get("catalog") == version


def kill_cart(trial: Trial, cart: Cart) -> None:
    """SIGKILL a cart, and start it again."""
    cart.kill()
    trial.killed(cart.name, "while a catalog arrives")
    cart.begin()
    cart.await_ready()


def kill_broker(trial: Trial) -> None:
    """SIGKILL the broker, which keeps nothing, and start it again."""
    trial.shop.broker.kill()
    trial.killed("broker", "while a catalog arrives")
    trial.shop.broker.start()


def _kill_first_cart(trial: Trial) -> None:
    kill_cart(trial, trial.shop.carts[0])


def _kill_store(trial: Trial) -> None:
    trial.shop.store.kill()
    trial.killed("store", "while a catalog is published")
    trial.shop.store.begin()
    trial.shop.store.await_ready()


VICTIMS = (_kill_first_cart, kill_broker, _kill_store)
