"""The store's files of settings: a person's command and the running service share them."""

from __future__ import annotations

from pathlib import Path

from cart.contract.fleet import ReportedConfig
from store.configs import Configs
from store.keys import signer_of


def test_every_change_is_seen_however_fast(tmp_path: Path) -> None:
    """The service sees each version that commands write, also many within one tick of the disk."""
    signer = signer_of(tmp_path)
    service, person = Configs(tmp_path, signer), Configs(tmp_path, signer)
    for version in range(1, 41):
        person.want("cart-2", {"volume": version % 3})
        person.want("cart-1", {"volume": version % 2})
        seen = [(each.cart, each.desired.version) for each in service.all()]
        assert seen == [("cart-1", version), ("cart-2", version)]


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    """Looking at many carts costs no more than a glance at their files."""
    signer = signer_of(tmp_path)
    service = Configs(tmp_path, signer)
    service.want("cart-1", {"volume": 1})
    (known,) = service.all()
    (again,) = service.all()
    assert again is known


def test_settings_are_numbered_above_what_the_cart_has(tmp_path: Path) -> None:
    """The folder was brought back from a backup, and the cart tells of later settings: the next are
    above them, but the cart makes them leap without end no more than a catalog."""
    configs = Configs(tmp_path, signer_of(tmp_path))
    configs.want("cart-1", {"thanks_s": 10})
    configs.heard("cart-1", ReportedConfig(7, {"thanks_s": 25}))
    assert configs.want("cart-1", {"thanks_s": 40}).desired.version == 8
    configs.heard("cart-1", ReportedConfig(2**53, {}))
    assert configs.want("cart-1", {"thanks_s": 40}).desired.version == 9
