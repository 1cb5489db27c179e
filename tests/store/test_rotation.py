"""New keys for the roles of the signed metadata: carts follow, and a cut leaves old keys or new."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from cart.contract.goods import ROOTS_MAX, trust_file, trust_word
from cart.core.catalog import CatalogError
from cart.shell.trust import Trust
from store.__main__ import main as store_main
from store.role_keys import TrustFileError
from store.rotation import rotate
from store.trusted import ROLES, Files, Repository, now_utc


class Chain:
    """A store, and carts that were given its first root: one that runs, and one started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Repository(folder / "trust")
        self.files = self.store.newest({"catalog.json": b"1"})
        self.root = (folder / "trust" / "root.json").read_bytes()
        self.cart = self.new_cart("cart")
        bring(self.cart, self.files)

    def new_cart(self, name: str = "cart") -> Trust:
        """A cart that is started, with whatever it had in its folder and the first root."""
        return Trust(self.folder / name, self.root)

    def publish(self, data: bytes) -> None:
        """The running service names another file, and every cart takes it for the newest: the one
        that runs, and one that was away all the time."""
        files = self.store.newest({"catalog.json": data})
        for cart in (self.cart, self.new_cart(f"away-{data.decode()}")):
            bring(cart, files)
            assert cart.allows("catalog.json", hashlib.sha256(data).hexdigest(), len(data))
            assert cart.refused == ""
        started_offline = self.new_cart()
        started_offline.bring_back()
        assert started_offline.named("catalog.json") == self.cart.named("catalog.json")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A store and its carts."""
    return Chain(tmp_path)


def bring(cart: Trust, files: Files) -> None:
    """Bring it all; what comes before the root that explains it is refused for the moment."""
    for name, data in files:
        with suppress(CatalogError):
            cart.came(name, data)


@pytest.mark.parametrize("roles", [["root"], ["timestamp"], list(ROLES)])
def test_carts_follow_new_keys(chain: Chain, roles: list[str]) -> None:
    """Twice, and nothing that a running cart hears meanwhile is refused."""
    for number in (2, 3):
        assert rotate(chain.store, roles) == number
        for name, data in chain.store.newest({}):
            chain.cart.came(name, data)
        chain.publish(str(number).encode())


def test_a_key_that_is_lost_is_replaced(
    chain: Chain, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also with the root's key carried in from elsewhere; without that key nothing is changed."""
    trust, away = tmp_path / "trust", tmp_path / "away.pem"
    (trust / "root.pem").rename(away)
    for role in ROLES[1:]:
        (trust / f"{role}.pem").unlink()
    with pytest.raises(TrustFileError, match=r"targets.pem.*rotate targets"):
        chain.store.newest({"catalog.json": b"2"})
    assert chain.store.files() == chain.files
    command = ["rotate", *ROLES[1:], "--data", str(tmp_path)]
    assert store_main(command) == 1
    assert "--root-key" in capsys.readouterr().err
    assert store_main([*command, "--root-key", str(trust / "timestamp.json")]) == 1
    assert chain.store.files() == chain.files
    assert store_main([*command, "--root-key", str(away)]) == 0
    chain.publish(b"2")
    assert not (trust / "root.pem").exists()


def test_the_old_key_is_worth_nothing(chain: Chain, tmp_path: Path) -> None:
    """Whoever had copied the folder before signs something newer: carts that followed refuse it."""
    copied = tmp_path / "copied"
    copied.mkdir()
    for path in chain.store.folder.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    rotate(chain.store, ROLES)
    chain.publish(b"2")
    later = Repository(copied, lambda: now_utc() + timedelta(hours=1))
    later.publish("catalog.json", b"evil")
    bring(chain.cart, later.files())
    assert "was signed by 0/1 keys" in chain.cart.refused
    assert not chain.cart.allows("catalog.json", hashlib.sha256(b"evil").hexdigest(), 4)
    with pytest.raises(TrustFileError, match="not the key of the role root"):
        rotate(chain.store, ["targets"], copied / "root.pem")


@pytest.mark.parametrize(
    "at", ["snapshot.next.pem", "snapshot.json", "root.json", "2.root.json", "snapshot.pem"]
)
def test_a_cut_leaves_the_old_keys_or_the_new(chain: Chain, tmp_path: Path, at: str) -> None:
    """The disk gives out at each step: what is published next is taken by every cart, and the next
    replacing of keys comes to its end."""
    block = chain.store.folder / f"{at}.new"
    if at == "snapshot.pem":  # it is only put in its place
        block, key = chain.store.folder / at, (chain.store.folder / at).read_bytes()
        block.unlink()
    block.mkdir()
    with pytest.raises(OSError, match=at):
        rotate(chain.store, ["snapshot", "root"])
    block.rmdir()
    if at == "snapshot.pem":
        block.write_bytes(key)
    chain.publish(b"2")
    for _ in range(2):
        rotate(chain.store, ["snapshot", "root"])
    chain.publish(b"3")
    assert not list(tmp_path.glob("trust/*.next.pem"))


def test_a_topic_names_every_file() -> None:
    """Without a dot, and back again."""
    names = [f"{role}.json" for role in ROLES[1:]]
    names += [f"{number}.root.json" for number in range(2, 2 + ROOTS_MAX)]
    assert [trust_file(trust_word(name)) for name in names] == names
    assert not [name for name in names if "." in trust_word(name)]


@pytest.mark.machines
def test_keys_are_replaced_as_often_as_carts_follow(chain: Chain) -> None:
    """The last one is taken; the one after that is refused, and nothing is changed."""
    for _ in range(ROOTS_MAX):
        rotate(chain.store, ["root"])
    chain.publish(b"2")
    files = chain.store.files()
    with pytest.raises(TrustFileError, match="follow 32"):
        rotate(chain.store, ["root"])
    assert chain.store.files() == files
