"""Who may speak as a cart: where an authority lets carts in, nobody else."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest

from cart import mqtt
from cart.contract.store import Birth, CartState, Packet, PairClaim, PairOffer, packet, topic_of
from cart.core.value import Value
from cart.shell.clock import monotonic_ms
from rig.broker import Broker
from store.authority import Authority, AuthorityError
from store.provisioning import Provisioning
from tests.store.open_shop import Shop
from tests.store.shop import CART, STORE, TENANT, batch, item, rows, trip_events
from tests.waiting import until

TABLES = ("SELECT * FROM carts", "SELECT * FROM events", "SELECT * FROM offers")
SAID: dict[str, Value] = {
    "birth": Birth("boot-x", 1, 0, 0, "0", 0),
    "events": batch(rows(trip_events("trip-x", 1))),
    "pair_offer": PairOffer("nonce-000x"),
}


@pytest.fixture
def provisioning(tmp_path: Path) -> Provisioning:
    """A store's desk for carts."""
    return Provisioning(Authority(tmp_path / "store" / "authority"), lambda: 0)


def test_only_carts_that_were_let_in_are_heard(provisioning: Provisioning, tmp_path: Path) -> None:
    """Births, rows and codes of somebody with a certificate who was not let in as a cart are
    refused aloud, whatever the name; once let in, the running service listens."""
    provisioning.register(CART)
    with ExitStack() as stack:
        shop = Shop(tmp_path, stack.enter_context(Broker(tmp_path)), stack)
        shop.cart.write(trip_events("trip-1", 1))
        until(shop.cart.is_all_acked, "the cart that was let in is served")
        known = _tables(shop)
        for name in ("cart-77", "app-ann"):
            someone = shop.someone(name)
            shop.say(
                someone, *(packet(each, SAID[each], TENANT, STORE, cart=name) for each in SAID)
            )
        log = tmp_path / "store.log"
        until(lambda: log.read_text().count("refused: ") == 2 * len(SAID), "all are refused")
        assert log.read_text().count("no cart of this store") == len(SAID)
        assert "app-ann" not in log.read_text()
        assert _tables(shop) == known
        claim_said = packet("birth", SAID["birth"], TENANT, STORE, cart="claim-1")
        shop.say(shop.someone("claim-1"), claim_said)
        until(lambda: "no channel of version 1 by claim-1\n" in log.read_text(), "who it was")
        state = CartState("x", online=True)
        _check_nothing_is_kept(shop, packet("cart_state", state, TENANT, STORE, cart="claim-1"))
        provisioning.register("cart-77")
        shop.say(shop.someone("cart-77"), packet("pair_offer", SAID["pair_offer"], TENANT, STORE,
                                                 cart="cart-77"))  # fmt: skip
        until(lambda: _tables(shop) != known, "the code of the new cart is known")
        claim = packet("pair_claim", PairClaim("cart-77", "nonce-000x", "ann"), TENANT, STORE,
                       app="app-ann")  # fmt: skip
        authority = Authority(tmp_path / "store" / "authority")
        authority.equip("app-ann", tmp_path)
        authority.revoke("app-ann")
        shop.say(shop.someone("app-ann"), claim)
        until(lambda: "the app's certificate was taken back" in log.read_text(), "it is out")
        # A list that can't be read lets nobody in, and ends nothing.
        crl = tmp_path / "store" / "authority" / "crl.pem"
        crl.rename(crl.with_name("away"))
        shop.cart.write([item(9)])
        until(lambda: "who may speak can't be read" in log.read_text(), "it is told")
        crl.with_name("away").rename(crl)
        until(shop.cart.is_all_acked, "the cart is served again")


def _check_nothing_is_kept(shop: Shop, state: Packet) -> None:
    """What a claim lets the broker keep is taken away: whoever listens hears that, and whoever
    comes later hears only what the store itself has kept there."""
    own = topic_of("store_state", TENANT, STORE)
    here = mqtt.Endpoint(shop.broker.host, shop.broker.port)
    with ExitStack() as stack:
        early, late = (
            stack.enter_context(
                closing(mqtt.Connection(here, name, [state.topic, own], monotonic_ms, Random(1)))
            )
            for name in ("early", "late")
        )
        until(lambda: early.poll(50) and early.up, "somebody listens")
        shop.say(shop.someone("claim-1"), state)
        gone = mqtt.Incoming(state.topic, b"")
        until(lambda: gone in early.poll(50), "it is taken away")
        topics: set[str] = set()

        def is_store_heard() -> bool:
            came = [each for each in late.poll(50) if isinstance(each, mqtt.Incoming)]
            topics.update(each.topic for each in came)
            return own in topics

        until(is_store_heard, "the store is heard")
        assert topics == {own}


def _tables(shop: Shop) -> list[object]:
    with closing(sqlite3.connect(shop.folder / "store.sqlite")) as database:
        return [database.execute(query).fetchall() for query in TABLES]


def test_a_cart_that_was_taken_back_is_none(provisioning: Provisioning, tmp_path: Path) -> None:
    """At once, though its broker may not know yet; let in again, it is one again."""
    authority = Authority(tmp_path / "store" / "authority")
    provisioning.new_claim("cart-2")
    authority.equip("cart-2", tmp_path)
    assert provisioning.is_cart("cart-2")
    authority.revoke("cart-2")
    assert not provisioning.is_cart("cart-2")
    authority.equip("cart-2", tmp_path)
    assert provisioning.is_cart("cart-2")
    assert not provisioning.is_cart("cart-3")


def test_carts_of_an_older_store_stay_carts(provisioning: Provisioning, tmp_path: Path) -> None:
    """Whom it gave a claim, before there was a list."""
    provisioning.new_claim("cart-2")
    (listed,) = (tmp_path / "store" / "authority" / "carts").iterdir()
    listed.unlink()
    again = Provisioning(Authority(tmp_path / "store" / "authority"), lambda: 0)
    assert again.is_cart("cart-2")


@pytest.mark.parametrize("name", ["app-ann", "claim-1", "store-7", "a/b"])
def test_no_cart_is_called_like_somebody_else(provisioning: Provisioning, name: str) -> None:
    """Nobody is let in as a cart under a name that opens something else."""
    with pytest.raises(AuthorityError, match="none of claim-, app-, store-"):
        provisioning.new_claim(name)
