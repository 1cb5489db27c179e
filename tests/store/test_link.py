"""Cart and store over a real broker: nothing lost, nothing doubled, no stranger let in."""

from __future__ import annotations

import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from cart import mqtt
from cart.contract.goods import CatalogHead
from cart.contract.signing import grant_text
from cart.contract.store import Packet, PairClaim, PairGrant, packet, topic_of
from cart.core.effects import OfferPairing, RequestPayment
from cart.core.observations import (
    CatalogArrived,
    InputRefused,
    LinkChanged,
    Paired,
    PaymentAnswered,
    StoreTime,
)
from cart.shell.clock import monotonic_ms
from store.database import open_database
from store.keys import signer_of
from store.service import Service
from tests.store.open_shop import Shop
from tests.store.shop import (
    CART,
    CATALOG,
    STORE,
    TENANT,
    CartLink,
    import_catalog,
    item,
    store_command,
    trip_events,
)
from tests.waiting import until

NONCE = "nonce-0001"


def test_events_survive_kills_and_cuts(shop: Shop) -> None:
    """200 events through killed store and broker and a cut network: stored once, in order."""
    survive_kills_and_cuts(shop)


def survive_kills_and_cuts(shop: Shop) -> None:
    """The faults of the test above; tests/machines runs them on mosquitto."""
    cart = shop.cart
    cart.write(trip_events("trip-1", 48))
    until(lambda: cart.journal.acked_seq, "the first acknowledgement")
    shop.store.kill()
    cart.write([item(number) for number in range(50, 100)])
    shop.store.start()
    until(cart.is_all_acked, "everything acknowledged after the store's kill")
    shop.proxy.cut()
    cart.write([item(number) for number in range(100, 150)])
    shop.proxy.restore()
    cart.write([item(number) for number in range(150, 175)])
    shop.broker.kill()
    cart.write([item(number) for number in range(175, 200)])
    shop.broker.start()
    until(cart.is_all_acked, "everything acknowledged at last", within_s=20)
    written = [(entry.seq, entry.hash) for entry in cart.journal.entries_after(0, 1_000)]
    assert len(written) == 200
    assert shop.stored() == written


def test_acknowledged_is_committed(shop: Shop) -> None:
    """At the moment a row is acknowledged, a second reader finds it in the store's file."""
    for number in range(20):
        shop.cart.write([item(number)])
        until(shop.cart.is_all_acked, "the acknowledgement")
        assert len(shop.stored()) == number + 1
    shop.store.kill()
    assert len(shop.stored()) == 20


def test_round_trip_is_quick(shop: Shop) -> None:
    """From journal to acknowledgement takes milliseconds: no Nagle, no polling in between."""
    took_ms = []
    for number in range(60):
        began = time.perf_counter()
        shop.cart.write([item(number)])
        until(shop.cart.is_all_acked, "the acknowledgement")
        took_ms.append((time.perf_counter() - began) * 1_000)
    # Nagle alone would cost 40 ms in each direction.
    assert statistics.median(took_ms) < 30, took_ms


def test_online_means_that_the_store_answers(shop: Shop) -> None:
    """Online follows the store's service, not only the broker; its clock comes with it."""
    assert shop.cart.hear(StoreTime).uncertainty_ms < 1_000
    shop.store.kill()
    assert shop.cart.hear(LinkChanged).online is False
    shop.store.start()
    assert shop.cart.hear(LinkChanged).online is True


@pytest.mark.machines
def test_half_open_network_is_noticed(shop: Shop) -> None:
    """When bytes go nowhere without a word, the cart says offline, and recovers."""
    shop.proxy.stall()
    shop.cart.write([item(1)])
    assert shop.cart.hear(LinkChanged).online is False
    shop.proxy.restore()
    until(shop.cart.is_all_acked, "acknowledged after the stall")


def test_pairing_is_single_use(shop: Shop) -> None:
    """A code opens one trip for one shopper; asked again, a second shopper gets nothing."""
    cart, app = shop.cart, shop.someone("app-ann")
    claim = packet("pair_claim", PairClaim(CART, NONCE, "ann"), TENANT, STORE, app="app-ann")
    late = packet("pair_claim", PairClaim(CART, NONCE, "bob"), TENANT, STORE, app="app-bob")
    assert store_command(shop.folder, "member", "ann").returncode == 0
    cart.link.perform(OfferPairing(NONCE))
    until(lambda: _count(shop, "offers"), "the offer is known")
    shop.say(app, claim)
    paired = cart.hear(Paired)
    assert (paired.nonce, paired.shopper, paired.member) == (NONCE, "ann", True)
    shop.say(app, late, claim)
    assert "not for the code on the screen" in cart.hear(InputRefused).reason
    assert _count(shop, "grants") == 1


def test_a_refusal_names_no_shopper(shop: Shop) -> None:
    """The log says which channel and which cart, never whose pseudonym stood in the topic."""
    app = shop.someone("app-ann")
    other = PairClaim(CART, NONCE, "shopper-two")
    shop.say(app, packet("pair_claim", other, TENANT, STORE, app="app-shopper-one"))
    shop.say(app, Packet(f"sc/1/{TENANT}/{STORE}/app/app-shopper four/up/pair", b"{}"))
    shop.say(app, Packet(topic_of("events", TENANT, STORE, cart="cart-x"), b"{"))
    log = shop.folder.parent / "store.log"
    until(lambda: "refused: events cart-x: " in log.read_text(), "the last refusal")
    assert "refused: pair_claim: " in log.read_text()
    assert "shopper-" not in log.read_text()
    assert "shopper four" not in log.read_text()


def test_forged_grant_is_refused(shop: Shop) -> None:
    """A grant that the store did not sign, or signed long ago, opens nothing."""
    cart, thief = shop.cart, shop.someone("thief")
    cart.link.perform(OfferPairing(NONCE))
    forged = PairGrant(NONCE, "trip-9", "eve", True, 2**50, "A" * 86 + "==")
    shop.say(thief, packet("pair_grant", forged, TENANT, STORE, cart=CART))
    assert "not signed by this store" in cart.hear(InputRefused).reason
    late = replace(forged, expires_utc_ms=1)
    signed = replace(late, signature=signer_of(shop.folder).sign(grant_text(CART, late)))
    shop.say(thief, packet("pair_grant", signed, TENANT, STORE, cart=CART))
    assert "too late" in cart.hear(InputRefused).reason
    assert not [each for each in cart.unheard if isinstance(each, Paired)]


def test_forged_catalog_is_refused(shop: Shop) -> None:
    """A head with a bad signature changes nothing: the old catalog stays, also on the disk."""
    kept = (shop.cart.config.data_folder / "catalog.signed").read_bytes()
    forged = CatalogHead(2, "a" * 64, 10, 1, "A" * 86 + "==")
    shop.say(shop.someone("thief"), packet("catalog_head", forged, TENANT, STORE))
    refused = shop.cart.hear(InputRefused)
    assert (refused.boundary, "not signed" in refused.reason) == ("catalog", True)
    assert (shop.cart.config.data_folder / "catalog.signed").read_bytes() == kept


@pytest.mark.machines
def test_new_catalog_reaches_the_cart(shop: Shop) -> None:
    """What is imported beside the running service is published, 12 MB in chunks, adopted whole."""
    many = tuple(
        replace(CATALOG.products[0], sku=f"sku-{number}", name="n" * 190)
        for number in range(30_000)
    )
    import_catalog(shop.folder, replace(CATALOG, version=2, products=many))
    arrived = shop.cart.hear(CatalogArrived)
    assert (arrived.catalog.version, len(arrived.catalog.products)) == (2, 30_000)


def test_malformed_payloads_are_refused(shop: Shop) -> None:
    """A truncated, foreign, oversized or deep payload is said aloud, and the link goes on."""
    noise = shop.someone("noise")
    topic = topic_of("ack", TENANT, STORE, cart=CART)
    for payload in (b'{"epoch":1,"upto_s', b"\xff\xfe", b"9" * 200_001, b"[" * 9_999):
        shop.say(noise, Packet(topic, payload))
        assert shop.cart.hear(InputRefused).boundary == "contract"
    shop.cart.write([item(1)])
    until(shop.cart.is_all_acked, "the link goes on")


def test_store_survives_malformed_payloads(shop: Shop) -> None:
    """Rubbish on every channel to the store changes nothing and stops nothing."""
    noise = shop.someone("noise")
    root = f"sc/1/{TENANT}/{STORE}/"
    for topic in (
        "cart/x/up/ev",
        "cart/x/up/birth",
        "cart/x/up/pay",
        "app/x/up/pair",
        "cart/x/state",
    ):
        for payload in (b"{", b"", b"\x00\xff", b'{"epoch":1,"entries":[]}', b"[" * 9_999):
            shop.say(noise, Packet(root + topic, payload))
    shop.cart.write([item(1)])
    until(shop.cart.is_all_acked, "the store goes on")
    assert len(shop.stored()) == 1


def test_paying_by_the_store_s_own_sum(shop: Shop) -> None:
    """The right sum is settled once, with one receipt however often asked; a wrong one is not."""
    cart = shop.cart
    cart.write(trip_events("trip-1", 2, shop.cart.link.catalog_sha256))
    cart.link.perform(RequestPayment("trip-1", 1, 300))
    answer = cart.hear(PaymentAnswered)
    assert (answer.outcome, answer.total_minor) == ("mismatch", 319)
    answers = []
    for _ in range(2):
        cart.link.perform(RequestPayment("trip-1", 1, 319))
        answers.append(cart.hear(PaymentAnswered))
    assert [each.outcome for each in answers] == ["settled", "settled"]
    assert answers[0].receipt_id == answers[1].receipt_id != ""
    assert _count(shop, "payments") == 1
    shown = store_command(shop.folder, "receipt", "trip-1", "--json")
    receipt = msgspec.json.decode(shown.stdout)
    assert receipt["receipt"]["total_minor"] == 319
    assert receipt["receipt_id"] == answers[0].receipt_id


def test_payment_waits_for_the_rows(shop: Shop) -> None:
    """A request that overtakes its rows is answered once they are stored, and not before."""
    cart, trips = shop.cart, trip_events("trip-1", 2, shop.cart.link.catalog_sha256)
    shop.store.kill()
    assert not cart.hear(LinkChanged).online
    cart.write(trips)
    cart.link.perform(RequestPayment("trip-1", 1, 319))
    shop.store.start()
    assert cart.hear(LinkChanged).online
    cart.link.perform(RequestPayment("trip-1", 1, 319))
    assert cart.hear(PaymentAnswered).outcome == "settled"


def test_full_disk_loses_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """While the store's disk is full nothing is acknowledged; with room again, everything is."""
    shop.store.kill()
    with full_store(shop):
        shop.cart.write([item(number) for number in range(400)])
        until(lambda: "make room on a disk" in caplog.text, "the full disk is told")
        assert shop.cart.journal.acked_seq <= len(shop.stored()) < 400
    shop.store.start()
    until(shop.cart.is_all_acked, "everything acknowledged")
    assert len(shop.stored()) == 400


@contextmanager
def full_store(shop: Shop) -> Iterator[None]:
    """The store's service in a thread, over a database that can't grow."""
    services: list[Service] = []

    def serve() -> None:
        database = open_database(shop.folder)
        pages = database.exec_driver_sql("PRAGMA page_count").scalar_one()
        database.exec_driver_sql(f"PRAGMA max_page_count = {pages + 8}")
        database.rollback()
        here = mqtt.Endpoint(shop.broker.host, shop.broker.port)
        key = signer_of(shop.folder)
        service = Service(here, TENANT, STORE, database, key, monotonic_ms, lambda: 1)
        services.append(service)
        service.run(on_ready=lambda: None)
        database.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        services[0].stop()
        thread.join()


def test_a_lost_journal_begins_a_new_epoch(shop: Shop, tmp_path: Path) -> None:
    """A cart whose disk was lost comes back online under the next epoch, shorter or longer than
    before; what the store had stays, and what the cart writes now follows."""
    shop.cart.write([item(number) for number in range(5)])
    until(shop.cart.is_all_acked, "the acknowledgement")
    shop.cart.link.stop()
    at = (shop.proxy.host, shop.proxy.port)
    for epoch, count in ((2, 2), (3, 7)):
        with CartLink(tmp_path / f"disk-{epoch}", at, shop.folder / "store.pub") as again:
            again.journal.append([item(100 * epoch + number) for number in range(count)])
            told = again.hear(LinkChanged)
            assert (told.online, told.epoch) == (True, epoch)
            until(again.is_all_acked, "its rows")
            assert again.journal.epoch == epoch
    assert [seq for seq, _ in shop.stored()] == [1, 2, 3, 4, 5, 1, 2, 1, 2, 3, 4, 5, 6, 7]


def test_cart_starts_without_a_network(shop: Shop, tmp_path: Path) -> None:
    """A restarted cart has its catalog and its cursor at once; the store follows when it can."""
    for number in (1, 2):  # the second row takes the cursor to the disk
        shop.cart.write([item(number)])
        until(shop.cart.is_all_acked, "the acknowledgement")
    shop.cart.link.stop()
    shop.proxy.cut()
    at = (shop.proxy.host, shop.proxy.port)
    with CartLink(tmp_path / "cart", at, shop.folder / "store.pub") as again:
        assert again.hear(CatalogArrived).catalog == CATALOG
        assert again.journal.acked_seq == 1
        again.write([item(3)])
        shop.proxy.restore()
        until(again.is_all_acked, "the third row")
    assert [seq for seq, _ in shop.stored()] == [1, 2, 3]


def _count(shop: Shop, table: str) -> int:
    query = f"SELECT count(*) FROM {table}"  # noqa: S608 - a table named in this file
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database:
        return int(database.execute(query).fetchone()[0])
