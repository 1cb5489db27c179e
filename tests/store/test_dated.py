"""What is dated for later waits for its hour, is in nobody's way after it, and is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from cart.contract.goods import CatalogHead
from cart.contract.store import decode
from cart.core.catalog import Catalog, CatalogError
from cart.core.observations import CatalogArrived
from cart.shell.store_catalog import CatalogIntake, StoreKey
from store import catalogs, goods_commands, published
from store.__main__ import main
from store.asked import utc_ms
from store.catalogs import Hours
from store.database import open_database, reading, transaction
from store.keys import Signer, signer_of
from tests.store.open_shop import Shop
from tests.store.shop import CATALOG, STORE, TENANT, import_catalog, store_command

HOUR, LATER = 5_000, 6_000
MINUTE_MS = 60_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Connection]:
    """A store's, with its first catalog and one that waits for its hour."""
    import_catalog(tmp_path)
    with closing(open_database(tmp_path)) as opened:
        catalogs.publish(opened, next_at(111), Hours(HOUR, 0))
        yield opened


def next_at(price_minor: int) -> catalogs.Make:
    """The next catalog, with another first price."""

    def made(before: Catalog | None) -> Catalog:
        assert before is not None
        products = (replace(before.products[0], price_minor=price_minor), *before.products[1:])
        return replace(before, version=before.version + 1, products=products)

    return made


def price_minor(database: Connection, now_ms: int) -> int:
    """The first price that holds at an hour."""
    with reading(database):
        data = catalogs.data_of(database, catalogs.newest_sha256(database, now_ms))
    return msgspec.json.decode(data, type=Catalog).products[0].price_minor


def test_once_its_hour_has_come_what_holds_at_once_follows(database: Connection) -> None:
    """A price without an hour is refused while another one waits, and after that no more."""
    with pytest.raises(CatalogError, match="withdraw"):
        catalogs.publish(database, next_at(99), Hours(0, HOUR - 1))
    catalogs.publish(database, next_at(99), Hours(0, HOUR))
    assert price_minor(database, HOUR) == 99


def test_a_waiting_catalog_is_taken_back(database: Connection) -> None:
    """What holds stays, a price can hold at once, and the one taken back never does; twice there is
    nothing to take back."""
    assert catalogs.withdraw(database, HOUR - 1).version == 3
    assert price_minor(database, LATER) == CATALOG.products[0].price_minor
    catalogs.publish(database, next_at(99), Hours(0, HOUR - 1))
    assert price_minor(database, HOUR - 1) == price_minor(database, LATER) == 99
    with pytest.raises(CatalogError, match="no catalog waits"):
        catalogs.withdraw(database, HOUR - 1)


def test_a_cart_does_not_take_what_was_taken_back(database: Connection, tmp_path: Path) -> None:
    """It waited for the hour; the catalog that says otherwise comes before it."""
    signer: Signer = signer_of(tmp_path)
    intake = CatalogIntake(TENANT, STORE, StoreKey(signer.public_pem), tmp_path)
    take_whole(intake, database, signer, 0)
    with reading(database):
        (waiting,) = catalogs.deltas(database, 1)
    assert intake.change(catalogs.signed_delta(waiting, signer, TENANT, STORE), 0) is None
    catalogs.withdraw(database, 0)
    take_whole(intake, database, signer, 0)
    assert intake.version == 3
    assert intake.time_passed(LATER) is None


@pytest.mark.machines
def test_a_price_that_waits_is_taken_back_over_the_link(shop: Shop) -> None:
    """The cart waits for an hour; then it has what holds, and the next price that holds at once."""
    at = datetime.fromtimestamp((utc_ms() + 60 * MINUTE_MS) / 1000).astimezone().isoformat()
    assert store_command(shop.folder, "price", "bananas", "9.00", "--at", at).returncode == 0
    assert store_command(shop.folder, "withdraw", "catalog").returncode == 0
    assert shop.cart.hear(CatalogArrived).catalog.version == 3
    assert store_command(shop.folder, "price", "bananas", "1.50").returncode == 0
    priced = shop.cart.hear(CatalogArrived).catalog
    assert (priced.version, priced.products[1].price_minor) == (4, 150)


def take_whole(intake: CatalogIntake, database: Connection, signer: Signer, now_ms: int) -> None:
    """Let a cart collect the catalog that holds."""
    with reading(database):
        sha256 = catalogs.newest_sha256(database, now_ms)
        *chunks, head = catalogs.packets(database, signer, TENANT, STORE, sha256)
    assert intake.offer(decode(CatalogHead, head.payload))
    for number, chunk in enumerate(chunks):
        intake.chunk(sha256, str(number), chunk.payload)


def test_the_first_catalog_holds_at_once(tmp_path: Path) -> None:
    """A store without one has nothing to go back to."""
    with closing(open_database(tmp_path)) as opened, pytest.raises(CatalogError, match="first"):
        catalogs.publish(opened, lambda _: CATALOG, Hours(HOUR, 0))


def test_the_commands_know_what_time_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dated price whose hour has passed, one that waits, and its withdrawal."""
    import_catalog(tmp_path)
    data = ["--data", str(tmp_path)]
    with closing(open_database(tmp_path)) as opened:
        past_ms = utc_ms() - MINUTE_MS
        catalogs.publish(opened, next_at(111), Hours(past_ms, past_ms))
    assert main(["price", *data, "bananas", "1.00"]) == 0
    at = datetime.fromtimestamp((utc_ms() + 60 * MINUTE_MS) / 1000).astimezone().isoformat()
    assert main(["price", *data, "bananas", "2.00", "--at", at]) == 0
    assert main(["price", *data, "bananas", "1.50"]) == 1
    assert f"waits for {at[:13]}" in capsys.readouterr().err
    assert main(["withdraw", *data, "catalog"]) == 0
    assert main(["price", *data, "bananas", "1.50"]) == 0
    assert main(["withdraw", *data, "catalog"]) == 1
    assert main(["price", *data, "bananas", "1.500"]) == 1
    assert "at most 2 digits after the point" in capsys.readouterr().err


def test_a_waiting_table_is_taken_back(
    database: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No cart has heard of it: it goes; the one that holds stays, and other kinds."""
    now_ms = utc_ms()
    with transaction(database):
        for kind in published.KINDS:
            published.add(database, kind, [], now_ms)
            published.add(database, kind, [], now_ms, now_ms + 60 * MINUTE_MS)
    for kind in published.KINDS:
        assert main(["withdraw", "--data", str(tmp_path), kind]) == 0
        assert '"withdrawn":1' in capsys.readouterr().out
        assert main(["withdraw", "--data", str(tmp_path), kind]) == 1


@pytest.mark.parametrize("at", ["9999-12-31", "0001-01-01T00:00+23:00", "9999-12-31T23:59-23:00"])
def test_an_hour_is_at_most_a_year_ahead(at: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen would stand in the way of every price until then."""
    with pytest.raises(SystemExit):
        main(["price", "--data", "nowhere", "bananas", "1.00", "--at", at])
    said = capsys.readouterr().err
    assert "at most 366 days ahead" in said or "write it as" in said


def test_a_year_ahead_is_fine() -> None:
    """The hour is told in the store's local time."""
    at_ms = utc_ms() + 365 * goods_commands.DAY_MS
    told = datetime.fromtimestamp(at_ms / 1000).astimezone().isoformat(timespec="milliseconds")
    assert goods_commands.hour(told) == at_ms
