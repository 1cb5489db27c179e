"""The catalog changes by small signed steps: each leads to exactly the next catalog, or to none."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import insert

from cart.contract.deltas import arranged, canonical, change_between, changed
from cart.contract.goods import CatalogDelta, CatalogHead, Change
from cart.contract.lines import ContractError
from cart.contract.signing import published_text
from cart.contract.store import decode
from cart.core.catalog import Catalog, CatalogError, Product, Recall
from cart.shell.store_catalog import DELTAS_MAX
from store import catalogs, tables
from store.database import open_database, transaction
from tests.store.shop import CATALOG, STORE, TENANT
from tests.store.test_catalog_intake import LARGE, Publisher, take

PRICES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 99))


def catalog_of(version: int, prices: dict[str, int], recalled: str = "") -> Catalog:
    """Products in the order given."""
    return Catalog(
        version=version,
        currency="USD",
        products=tuple(Product(sku, sku, minor) for sku, minor in prices.items()),
        recalls=(Recall(recalled, "glass"),) if recalled else (),
    )


@given(before=PRICES, after=PRICES, recalled=st.sampled_from(["", "a"]))
def test_a_change_leads_to_the_next_catalog(
    before: dict[str, int], after: dict[str, int], recalled: str
) -> None:
    """Byte for byte, whatever came, went, changed or moved."""
    old, new = (
        catalog_of(1, before),
        arranged(catalog_of(2, after, recalled), catalog_of(1, before)),
    )
    change = json.decode(json.encode(change_between(old, new)), type=Change)
    assert canonical(changed(old, change, 2)) == canonical(new)
    assert {product.sku for product in change.products} == {
        sku for sku in after if before.get(sku) != after[sku]
    }
    assert (change.rest is None) == (recalled == "")


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """A store with its catalog in several chunks."""
    return Publisher(tmp_path / "store")


def change_of(publisher: Publisher, price_minor: int, at_utc_ms: int = 0) -> CatalogDelta:
    """Let the store change the first price; the change as it is published."""
    with closing(open_database(publisher.folder / "store")) as database, transaction(database):
        before = catalogs.newest(database)
        assert before is not None
        products = (replace(before.products[0], price_minor=price_minor), *before.products[1:])
        after = replace(before, version=before.version + 1, products=products)
        catalogs.add(database, after, catalogs.Hours(at_utc_ms))
        (waiting,) = catalogs.deltas(database, before.version)
        return catalogs.signed_delta(waiting, publisher.signer, TENANT, STORE)


def test_changes_follow_each_other_and_survive_a_restart(publisher: Publisher) -> None:
    """Each is used at its hour, in order; one out of turn is left; a restart has the newest."""
    intake = publisher.intake()
    assert intake.next_version is None
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    first, second = change_of(publisher, 111), change_of(publisher, 222, at_utc_ms=5_000)
    assert intake.change(second, 9_000) is None
    used = intake.change(first, 0)
    assert used is not None
    assert (used.version, used.products[0].price_minor) == (2, 111)
    assert intake.change(second, 4_999) is None
    assert intake.next_version is None
    used = intake.time_passed(5_000)
    assert used is not None
    assert (used.version, used.products[0].price_minor) == (3, 222)
    assert publisher.intake().restore() == used


def test_a_change_leads_nowhere_else(publisher: Publisher) -> None:
    """Forged, for another catalog, or not what its head says: refused, and nothing has changed."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    true = change_of(publisher, 111)
    with pytest.raises(ContractError, match="not signed"):
        intake.change(replace(true, effective_utc_ms=1), 0)
    intake = publisher.intake()
    assert intake.restore() == LARGE
    body = json.decode(true.body, type=Change)
    wrong = replace(true, body=Raw(json.encode(replace(body, gone=("sku-7",)))))
    signature = publisher.signer.sign(published_text(TENANT, STORE, wrong))
    with pytest.raises(CatalogError, match="does not lead"):
        intake.change(replace(wrong, signature=signature), 0)
    assert intake.version == 1
    assert intake.change(true, 0) is not None


def test_pieces_survive_a_restart(publisher: Publisher) -> None:
    """Of a catalog that was half here when the cart died only the rest is asked for; a piece that
    the disk has changed is asked for again."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, 3)
    damaged = publisher.folder / "catalog.pieces" / publisher.head.pieces[1]
    damaged.write_bytes(b"rubbish")
    again = publisher.intake()
    assert again.offer(publisher.head)
    wanted = {int(chunk[1]) for chunk in iter(again.next_chunk, None)}
    assert wanted == {1, *range(3, len(publisher.chunks))}


def test_a_cart_that_is_far_behind_takes_it_whole(publisher: Publisher) -> None:
    """A few changes are awaited one by one, many are not."""
    intake = publisher.intake()
    assert not intake.is_close(publisher.head)
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    assert DELTAS_MAX < 100
    assert intake.is_close(publisher.head)


def test_a_change_that_fits_no_message_says_so(publisher: Publisher) -> None:
    """The cart then waits for no change and collects the catalog; the one after it is small again.
    Nobody but the store can say it."""
    intake = publisher.intake()
    intake.offer(publisher.head)
    take(intake, publisher, len(publisher.chunks))
    with closing(open_database(publisher.folder / "store")) as database, transaction(database):
        dearer = tuple(replace(product, price_minor=999) for product in LARGE.products)
        large = replace(LARGE, version=2, products=dearer)
        catalogs.add(database, large)
        (waiting,) = catalogs.deltas(database, 1)
        long = catalogs.signed_delta(waiting, publisher.signer, TENANT, STORE)
        assert len(long.body) < 1_000
        sha256 = catalogs.newest_sha256(database)
        *chunks, head = catalogs.packets(database, publisher.signer, TENANT, STORE, sha256)
    head_now = decode(CatalogHead, head.payload)
    assert intake.is_close(head_now)
    with pytest.raises(ContractError, match="not signed"):
        intake.change(replace(long, effective_utc_ms=1), 0)
    assert intake.is_close(head_now)
    assert intake.change(long, 0) is None
    assert not intake.is_close(head_now)
    assert intake.offer(head_now)
    used = [intake.chunk(sha256, str(n), chunk.payload) for n, chunk in enumerate(chunks)][-1]
    assert used == large
    small = change_of(publisher, 111)
    after = intake.change(small, 0)
    assert after is not None
    assert (after.version, after.products[0].price_minor) == (3, 111)


def test_a_catalog_that_waits_keeps_its_place(tmp_path: Path) -> None:
    """One that shall hold before the newest one does is refused, and says what to do."""
    with closing(open_database(tmp_path)) as database, transaction(database):
        catalogs.add(database, CATALOG)
        first = catalogs.newest_sha256(database)
        catalogs.add(database, replace(CATALOG, version=2), catalogs.Hours(5_000))
        assert catalogs.newest_sha256(database, 4_999) == first
        assert catalogs.newest_sha256(database, 5_000) != first
        with pytest.raises(CatalogError, match="--at"):
            catalogs.add(database, replace(CATALOG, version=3), catalogs.Hours(4_000))


@pytest.mark.parametrize("version", [10**15 + 1, 2**63 - 1, 2**63, 2**70])
def test_there_is_always_a_next_version(tmp_path: Path, version: int) -> None:
    """A version that would leave none, or few, above it is refused with what to write, the first
    one and any other; a date in digits is a version."""
    with closing(open_database(tmp_path)) as database:
        huge, dated = replace(CATALOG, version=version), replace(CATALOG, version=20261123153000)
        for good in (dated, replace(dated, version=dated.version + 10**15)):
            with pytest.raises(CatalogError, match="version"), transaction(database):
                catalogs.add(database, huge)
            with transaction(database):
                catalogs.add(database, good)
            huge = replace(huge, version=version + good.version)


def test_a_catalog_is_numbered_above_what_carts_have(publisher: Publisher) -> None:
    """The database was brought back from a backup, and carts greet with later catalogs: the next is
    above theirs, but no cart makes it leap without end; a person's own number stays."""
    with closing(open_database(publisher.folder / "store")) as database:

        def born(cart: str, version: int) -> None:
            row = {"cart": cart, "epoch": 1, "boot_id": "b", "online": True, "app_version": "1"}
            with transaction(database):
                database.execute(insert(tables.carts).values(**row, catalog_version=version))

        def next_one(before: Catalog | None) -> Catalog:
            assert before is not None
            return replace(before, version=before.version + 1)

        assert catalogs.publish(database, next_one).version == 2
        born("cart-1", 9)
        born("cart-2", 2**60)
        assert catalogs.publish(database, next_one).version == 10
        assert catalogs.publish(database, next_one).version == 11
        assert catalogs.publish(database, lambda _: replace(LARGE, version=20)).version == 20
