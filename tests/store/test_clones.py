"""A cart's identity that was copied is noticed by the store."""

from __future__ import annotations

from store.clones import TAKEOVERS_MAX, WITHIN_MS, Clones
from tests.store.open_shop import Shop
from tests.store.shop import CART, CartLink
from tests.waiting import until


def test_only_many_takeovers_within_a_minute_alarm() -> None:
    """The fourth within a minute does, of one name; the same boot again, as after a broken link,
    is none, nor are four over more than a minute, nor four of several carts."""
    now_ms = 0
    clones = Clones(lambda: now_ms)
    assert not any(clones.born(CART, boot) for boot in ("a", "a", "b", "b", "a", "b"))
    assert not clones.born("cart-2", "c")
    assert clones.born(CART, "a")
    assert not clones.born(CART, "b"), "said once"
    now_ms += WITHIN_MS + 1
    for number in range(3 * TAKEOVERS_MAX):
        assert not clones.born(CART, f"boot-{number}")
        now_ms += WITHIN_MS // TAKEOVERS_MAX + 1


def test_two_carts_under_one_name_are_told(shop: Shop) -> None:
    """They drive each other off a real broker: the store's log names the cart within seconds, and
    goes on serving whoever is there."""
    log = shop.folder.parent / "store.log"
    at = (shop.proxy.host, shop.proxy.port)
    copy = CartLink(shop.folder.parent / "copy", at, shop.folder / "store.pub", seed=8)
    assert "clone" not in log.read_text()
    with copy:
        until(lambda: f"clone alarm: {CART}" in log.read_text(), "the store says so")
    until(shop.cart.is_all_acked, "the cart is served")
