"""A price that rises in mid-trip, and a cart that is killed before the good is in it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from cart.core.catalog import Product
from rig.broker import Broker
from tests.shell.peers import LinePeer
from tests.shell.test_daemon import cartd, scan
from tests.store.shop import (
    CATALOG,
    StoreProcess,
    cart_toml,
    import_catalog,
    store_command,
)
from tests.store.test_catalog_changes import change_of
from tests.store.test_catalog_intake import Publisher, take
from tests.waiting import until

GUM = Product("gum", "Gum", 100, gtins=("09520000000042",), tax_category="none")
MINT = Product("mint", "Mints", 200, gtins=("09520000000059",), tax_category="none")


@pytest.mark.machines
def test_a_kill_between_the_price_and_the_scan_costs_the_shopper_nothing(tmp_path: Path) -> None:
    """The gum rises from 1.00 to 1.50 during the trip; kill -9; scanned then it costs 1.00, and the
    screen says why."""
    folder, config = tmp_path / "store", tmp_path / "cart.toml"
    import_catalog(folder, replace(CATALOG, products=(GUM, MINT), tax_rates=()))
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(tmp_path, "iotcore"))
        stack.enter_context(StoreProcess(folder, (broker.host, broker.port)))
        config.write_text(cart_toml(folder, (broker.host, broker.port)))
        peers = (tmp_path / "screen.sock", tmp_path / "eyes.sock")
        with cartd(config), LinePeer(peers[0]) as screen, LinePeer(peers[1]) as eyes:
            journal = tmp_path / "data" / "journal.sqlite"
            until(lambda: b"catalog_adopted" in _bytes(journal), "the catalog")
            screen.say(intent_id="i-1", action="start")
            screen.hear_until("route", "shop")
            scan(eyes, "9520000000059")
            screen.hear_until("total_minor", 200)
            assert store_command(folder, "price", "gum", "1.50").returncode == 0
            until(lambda: b"prices_kept" in _bytes(journal), "the rise is journaled")
        with cartd(config), LinePeer(peers[0]) as screen, LinePeer(peers[1]) as eyes:
            screen.hear_until("total_minor", 200)
            scan(eyes, "9520000000042")
            after = screen.hear_until("total_minor", 300)
        assert after["lines"][-1]["higher_unit_minor"] == 150


def test_a_catalog_that_came_but_was_not_adopted_is_told_after_the_one_that_was(
    tmp_path: Path,
) -> None:
    """Killed between the disk and the journal: the intake still has the catalog of the trip."""
    publisher = Publisher(tmp_path / "store")
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    for minor in (111, 222, 333):
        assert intake.change(change_of(publisher, minor), 0) is not None
    for version, minor in ((2, 111), (3, 222), (4, 333), (9, 333)):
        back = publisher.intake().restore(version)
        assert back is not None
        assert (back.version, back.products[0].price_minor) == (min(version, 4), minor)


def _bytes(journal: Path) -> bytes:
    """A journal's file, and what is not in it yet."""
    return b"".join(path.read_bytes() for path in journal.parent.glob(f"{journal.name}*"))
