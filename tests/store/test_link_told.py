"""What cart and store tell each other beside the rows, over a real broker."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import json

from cart.contract.goods import CatalogHead
from cart.contract.store import decode
from cart.core.basket import fold
from cart.core.effects import TellBasket, TellHealth
from cart.core.observations import BasketViewed, CatalogArrived
from cart.shell.fetched import say_standing
from cart.shell.store_words import signal_dbm
from tests.store.open_shop import Shop, open_shop
from tests.store.shop import CartLink, item, store_command, trip_events
from tests.waiting import until


def harm(shop: Shop, statement: str) -> None:
    """Do to the store's file what a bad disk does."""
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database, database:
        database.execute(statement)


def test_a_snapshot_heals_the_store(shop: Shop) -> None:
    """Rows that were lost and altered behind the store's back are as the cart wrote them again."""
    facts = [*trip_events("trip-1", 20), item(30)]
    shop.cart.write(facts)
    until(shop.cart.is_all_acked, "everything acknowledged")
    written = [(entry.seq, entry.hash) for entry in shop.cart.journal.entries_after(0, 100)]
    harm(shop, "DELETE FROM events WHERE seq > 18")
    harm(shop, "UPDATE events SET hash = 'x' WHERE seq = 7")
    assert shop.stored() != written
    shop.cart.link.perform(TellBasket(fold(facts)))
    until(lambda: shop.stored() == written, "the store has healed")
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database:
        bodies = [bytes(row[0]) for row in database.execute("SELECT event FROM events")]
    assert bodies == [bytes(entry.event) for entry in shop.cart.journal.entries_after(0, 100)]


def test_a_greeted_store_says_what_it_holds(shop: Shop) -> None:
    """A cart that comes back hears the store's view of its trip, to compare."""
    shop.cart.write(trip_events("trip-1", 2))
    until(shop.cart.is_all_acked, "everything acknowledged")
    shop.proxy.cut()
    shop.proxy.restore()
    seen = shop.cart.hear(BasketViewed)
    assert (seen.trip_id, seen.lines) == ("trip-1", 2)


@pytest.mark.machines
def test_a_price_reaches_the_cart_as_a_change(shop: Shop) -> None:
    """A price that a person sets comes as a small change; so do four, one after the other, and one
    that holds later waits for its hour. Nothing is collected whole."""
    arrived = price(shop, "1.29")
    assert arrived.catalog.products[0].price_minor == 129
    for cents in range(10, 14):
        assert price(shop, f"1.{cents}").catalog.products[0].price_minor == 100 + cents
    later = datetime.now().astimezone() + timedelta(seconds=2)
    assert price(shop, "0.99", "--at", later.isoformat()).catalog.products[0].price_minor == 99
    assert datetime.now().astimezone() >= later
    folder = shop.cart.config.data_folder
    assert (folder / "catalog.changes").read_bytes().count(b"\n") == 6
    snapshot = (folder / "catalog.signed").read_bytes().split(b"\n")[0]
    assert decode(CatalogHead, snapshot).version == 1


def price(shop: Shop, amount: str, *options: str) -> CatalogArrived:
    """Set the price of tomatoes; what the cart hears of it."""
    done = store_command(shop.folder, "price", "tomatoes-400g", amount, *options)
    assert done.returncode == 0, done.stderr
    return shop.cart.hear(CatalogArrived)


@pytest.mark.machines
def test_changes_missed_are_fetched_and_a_restart_goes_on(tmp_path: Path) -> None:
    """A cart that was away for changes has them after it comes back, from the broker's memory or
    from the store's; a cart that is started again has the newest catalog before it is online."""
    with open_shop(tmp_path) as shop:
        shop.proxy.cut()
        for cents in range(50, 55):
            done = store_command(shop.folder, "price", "tomatoes-400g", f"1.{cents}")
            assert done.returncode == 0, done.stderr
        shop.broker.kill()  # and the broker has forgotten everything
        shop.broker.start()
        shop.proxy.restore()
        until(lambda: newest(shop.cart) == 6, "the newest catalog is here")
        here = (shop.proxy.host, shop.proxy.port)
        public_key = shop.folder / "store.pub"
    with CartLink(tmp_path / "cart", here, public_key) as again:
        restored = again.hear(CatalogArrived).catalog
    assert (restored.version, restored.products[0].price_minor) == (6, 154)


def newest(cart: CartLink) -> int:
    """The newest catalog that the cart has heard of."""
    cart.unheard += cart.inbox.take(0)
    seen = [each.catalog.version for each in cart.unheard if isinstance(each, CatalogArrived)]
    return max(seen, default=0)


def test_a_person_sees_how_a_cart_is(shop: Shop) -> None:
    """What the cart tells of its health stands beside it in the list of carts: its battery, which
    of the store's signed files it has, and why it has no newer ones."""
    files = shop.cart.config.files
    assert files
    files.folder.mkdir()
    say_standing(files.folder, 3, "not taken: expired")
    shop.cart.link.perform(TellHealth(battery_percent=37, inputs_refused=2))

    def shown() -> list[object]:
        (row,) = store_command(shop.folder, "carts", "--json").stdout.splitlines()
        wanted = ("battery_percent", "files_version", "files_trouble")
        return [json.decode(row)[name] for name in wanted]

    until(lambda: shown() == [37, 3, "not taken: expired"], "the store knows how it is")


def test_the_radio_s_level_is_read_as_linux_tells_it(tmp_path: Path) -> None:
    """A machine without a radio says nothing."""
    wireless = tmp_path / "wireless"
    assert signal_dbm(wireless) is None
    wireless.write_text("Inter-| sta-|\n face | tus |\n wlan0: 0000   54.  -56.  -256        0\n")
    assert signal_dbm(wireless) == -56
