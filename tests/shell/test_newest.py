"""Whether a running cart notices that newer things are held back from it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from cart.contract.goods import TRUSTED_PUBLISHED, TRUSTED_SETTINGS, Deals
from cart.contract.signing import published_text
from cart.contract.store import packet
from cart.core.catalog import CatalogError
from cart.core.observations import DealsCame
from cart.shell.newest import PATIENCE_MS, Newest
from cart.shell.store_catalog import StoreKey
from cart.shell.store_published import PublishedIntake
from cart.shell.trust import Trust
from store.keys import signer_of
from store.trusted import LIVES, Repository, now_utc

NAMES = ("acme", "store-1")
WEEK_MS = LIVES["timestamp"] // timedelta(milliseconds=1)


class Cart:
    """A running cart's trust in a store; both its clocks are ours to set."""

    def __init__(self, folder: Path) -> None:
        self.store = Repository(folder / "store")
        self.trust = Trust(folder / "cart", (folder / "store" / "root.json").read_bytes())
        self.now_ms = 0
        self.wall_ms = round(now_utc().timestamp() * 1_000)
        self.newest = Newest(self.trust, "cart-1", lambda: self.now_ms, lambda: self.wall_ms)

    def bring(self) -> None:
        """What the store publishes arrives."""
        for name, data in self.store.files():
            self.trust.came(name, data)

    def name(self, name: str, text: bytes) -> None:
        """The store names this as the newest."""
        self.store.publish(name, text)
        self.bring()


@pytest.fixture
def cart(tmp_path: Path) -> Cart:
    """A cart that has heard its store."""
    made = Cart(tmp_path)
    made.bring()
    return made


@pytest.mark.parametrize("whose", ["the machine's", "the store's"])
def test_a_freeze_is_noticed_by_a_running_cart(cart: Cart, whose: str) -> None:
    """Once what was signed has ended and nothing newer came, by whichever clock is later: said
    once, told with its health until the store is heard again."""
    cart.newest.look(0)
    assert cart.newest.trouble == ""
    late_ms = cart.wall_ms + WEEK_MS + 1_000
    store_ms = late_ms if whose == "the store's" else 0
    cart.wall_ms = late_ms if whose == "the machine's" else cart.wall_ms
    with pytest.raises(CatalogError, match="no newer came"):
        cart.newest.look(store_ms)
    cart.newest.look(store_ms)
    assert "no newer came" in cart.newest.trouble
    fresh = Repository(cart.store.folder, lambda: now_utc() + timedelta(days=6))
    fresh.say_still_so()
    cart.bring()
    cart.newest.look(store_ms)
    assert cart.newest.trouble == ""


def test_a_cart_that_never_heard_good_metadata_says_why(tmp_path: Path) -> None:
    """Frozen since before it was started: the reason stays in its health."""
    cart = Cart(tmp_path)
    past = Repository(cart.store.folder, lambda: now_utc() - timedelta(days=10))
    past.say_still_so()
    with pytest.raises(CatalogError, match="expired"):
        cart.bring()
    with pytest.raises(CatalogError, match="expired"):
        cart.newest.look(0)
    assert "expired" in cart.newest.trouble


def test_a_cart_that_never_hears_metadata_says_so(tmp_path: Path) -> None:
    """All of it is held back from its first start on: it is patient while it has a connection, and
    does not count the time without one; it is over when metadata comes."""
    cart = Cart(tmp_path)
    cart.newest.look(0)
    cart.now_ms += 10 * PATIENCE_MS
    cart.newest.look(0, is_up=False)
    cart.now_ms += PATIENCE_MS
    cart.newest.look(0)
    assert cart.newest.trouble == ""
    cart.now_ms += 1
    with pytest.raises(CatalogError, match="no metadata came"):
        cart.newest.look(0)
    cart.bring()
    cart.newest.look(0)
    assert cart.newest.trouble == ""


def test_old_settings_do_not_come_back(cart: Cart) -> None:
    """They are truly signed, but the metadata names others; another cart's are not ours."""
    cart.name(f"{TRUSTED_SETTINGS}cart-1", b"new")
    cart.name(f"{TRUSTED_SETTINGS}cart-2", b"other")
    assert cart.newest.sets(b"new")
    assert not cart.newest.sets(b"old")
    assert not cart.newest.sets(b"other")


def test_what_is_held_back_is_noticed(cart: Cart) -> None:
    """A recall is used at once, named or not; that a newer one exists and does not come shows after
    a while, and is over when it comes."""
    name = f"{TRUSTED_PUBLISHED}recall"
    assert cart.newest.publishes("recall", b"one")
    cart.name(name, b"one")
    cart.newest.look(0)
    cart.name(name, b"two")
    cart.newest.look(0)
    cart.now_ms += PATIENCE_MS + 1
    with pytest.raises(CatalogError, match="published/recall"):
        cart.newest.look(0)
    assert cart.newest.publishes("recall", b"two")
    cart.newest.look(0)
    assert cart.newest.trouble == ""


def test_deals_wait_until_they_are_named(cart: Cart, tmp_path: Path) -> None:
    """An old list of deals, sent to a cart that knows none, is not used; the newest is, as soon as
    the metadata is here."""
    signer = signer_of(tmp_path)
    key = StoreKey((tmp_path / "store.pub").read_bytes())
    intake = PublishedIntake(*NAMES, key, tmp_path, cart.newest)
    old, new = (Deals(version, msgspec.Raw(b"[]"), "") for version in (1, 2))
    cart.name(f"{TRUSTED_PUBLISHED}deals", published_text(*NAMES, new))
    for deals, is_used in ((old, False), (new, True)):
        text = published_text(*NAMES, deals)
        signed = msgspec.structs.replace(deals, signature=signer.sign(text))
        told = intake.came("deals", packet("deals", signed, *NAMES).payload, 0)
        assert isinstance(told, DealsCame) is is_used
