"""A thousand small changes of a large catalog while carts, the broker and the link are killed.

A cart may only ever use catalogs that the store made: whatever it takes into use is compared by its
bytes' hash with the store's own of that version, and in the end what is on its disk byte for byte.
It must never help a cart: each change is published once.
"""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from itertools import pairwise

from msgspec.structs import replace

from cart.contract.deltas import canonical
from cart.core.catalog import Catalog
from cart.shell.store_catalog import CatalogIntake, StoreKey
from rig.faults import goods
from rig.faults.cart import STORE, TENANT
from rig.faults.shop import Cart
from rig.faults.trial import SETTLE_S_MAX, Trial
from store import catalogs
from store.database import open_database, transaction

KILL_EVERY = 5
PAUSE_S_MAX = 0.2


def changing(trial: Trial) -> None:
    """One price after the other; now and then somebody dies, and then all must have the newest.
    A version that is not whole or not the store's counts as lost, one that goes back as moved."""
    carts = trial.shop.carts
    made = _begin(trial)
    told_before = [len(cart.catalogs) for cart in carts]
    for number in trial.each_round():
        version, sha256 = _change(trial, number)
        made[version] = sha256
        trial.pause(PAUSE_S_MAX)
        if number % KILL_EVERY == KILL_EVERY - 1:
            began_s = time.monotonic()
            VICTIMS[number // KILL_EVERY % len(VICTIMS)](trial)
            trial.write(2)
            for cart in carts:
                trial.lost += not cart.wait(partial(goods.has, cart, version), SETTLE_S_MAX)
            trial.settle(began_s)
    for cart, before in zip(carts, told_before, strict=True):
        not_made, went_back = judged(cart.catalogs[before:], made)
        trial.lost += not_made + (not _stands_on_disk(trial, cart))
        trial.reordered += went_back


def judged(used: list[tuple[int, str]], made: dict[int, str]) -> tuple[int, int]:
    """Of the catalogs that a cart used, one after the other: how many the store never made, and how
    often one followed a newer one. The same again, after a restart, is right."""
    not_made = sum(made.get(version) != sha256 for version, sha256 in used)
    went_back = sum(after[0] < before[0] for before, after in pairwise(used))
    return not_made, went_back


def _begin(trial: Trial) -> dict[int, str]:
    """A large catalog at every cart: its version, and its hash."""
    folder = trial.shop.folder
    with closing(open_database(folder)) as database, transaction(database):
        newest = catalogs.newest(database)
    version = 1 if newest is None else newest.version + 1
    goods.publish(folder, version, goods.PRODUCTS_FULL if trial.is_full else goods.PRODUCTS_QUICK)
    for cart in trial.shop.carts:
        trial.settled &= cart.wait(partial(goods.has, cart, version), SETTLE_S_MAX)
    with closing(open_database(folder)) as database:
        return {version: catalogs.newest_sha256(database)}


def _change(trial: Trial, number: int) -> tuple[int, str]:
    """Publish the next catalog, with one other price; its version and its hash."""

    def changed(before: Catalog | None) -> Catalog:
        assert before is not None, "the row began with one"
        place = trial.random.randrange(len(before.products))
        product = replace(before.products[place], price_minor=1_000 + number)
        products = (*before.products[:place], product, *before.products[place + 1 :])
        return replace(before, version=before.version + 1, products=products)

    with closing(open_database(trial.shop.folder)) as database:
        after = catalogs.publish(database, changed)
        return after.version, catalogs.newest_sha256(database)


def _stands_on_disk(trial: Trial, cart: Cart) -> bool:
    """Whether the files of a cart give the store's newest catalog, byte for byte."""
    key = StoreKey((trial.shop.folder / "store.pub").read_bytes())
    catalog = CatalogIntake(TENANT, STORE, key, cart.folder).restore()
    with closing(open_database(trial.shop.folder)) as database:
        return catalog is not None and canonical(catalog) == catalogs.newest_data(database)


def _cut_link(trial: Trial) -> None:
    wire = trial.shop.carts_wire
    wire.cut()
    trial.pause(1.0)
    wire.restore()


def _kill_cart(trial: Trial) -> None:
    goods.kill_cart(trial, trial.random.choice(trial.shop.carts))


VICTIMS = (_kill_cart, goods.kill_broker, _cut_link)
