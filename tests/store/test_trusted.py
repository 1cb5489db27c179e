"""The store's signed metadata against six attacks on catalog, models and configuration: none
changes what a cart takes for new."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from cart.__main__ import main as cart_main
from cart.contract.goods import TRUST_BYTES_MAX
from cart.contract.lines import ContractError
from cart.core.catalog import CatalogError
from cart.shell.trust import Trust
from store import tables
from store.__main__ import main as store_main
from store.configs import Configs
from store.database import open_database, transaction
from store.keys import signer_of
from store.role_keys import TrustFileError
from store.trusted import Repository, now_utc

OLD, NEW, EVIL = b'{"version":1}', b'{"version":2}', b'{"version":3}'
NAMES = ("catalog.json", "models/reader.onnx", "configuration/cart.toml")
Files = dict[str, bytes]


class Fixture:
    """A store with two versions published, and a cart that knows both."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Repository(folder / "store")
        for name in NAMES:
            self.store.publish(name, OLD)
        self.old = dict(self.store.files())
        self.cart = self.new_cart()
        bring(self.cart, self.old)
        assert allows(self.cart, OLD)
        for name in NAMES:
            self.store.publish(name, NEW)
        self.new = dict(self.store.files())
        bring(self.cart, self.new)

    def new_cart(self) -> Trust:
        """The cart, as it is after a restart."""
        return Trust(self.folder / "cart", (self.folder / "store" / "root.json").read_bytes())


def bring(cart: Trust, files: Files) -> None:
    """What a broker brings."""
    for name, data in files.items():
        cart.came(name, data)


def allows(cart: Trust, data: bytes) -> bool:
    """Whether a cart takes this for the newest under each name; never for some and not others."""
    digest = hashlib.sha256(data).hexdigest()
    answers = {cart.allows(name, digest, len(data)) for name in NAMES}
    assert len(answers) == 1
    return answers.pop()


def rollback(seen: Fixture) -> Files:
    """Everything as it was, truly signed."""
    return seen.old


def mix_and_match(seen: Fixture) -> Files:
    """The targets of one time with the snapshot of another."""
    return {**seen.new, "targets.json": seen.old["targets.json"]}


def wrong_key(seen: Fixture) -> Files:
    """A whole repository by other keys, with higher versions."""
    other = Repository(seen.folder / "other")
    for data in (OLD, NEW, EVIL, NEW, EVIL):
        for name in NAMES:
            other.publish(name, data)
    return dict(other.files())


def arbitrary(seen: Fixture) -> Files:
    """Changed bytes under the old signatures."""
    digest = hashlib.sha256(NEW).hexdigest().encode()
    evil = hashlib.sha256(EVIL).hexdigest().encode()
    changed = seen.new["targets.json"].replace(digest, evil)
    assert changed != seen.new["targets.json"]
    return {**seen.new, "targets.json": changed}


def freeze(seen: Fixture) -> Files:
    """A timestamp that was signed ten days ago, and is not renewed."""
    past = Repository(seen.folder / "store", lambda: now_utc() - timedelta(days=10))
    past.say_still_so()
    return dict(past.files())


def endless(seen: Fixture) -> Files:
    """A file without an end."""
    return {**seen.new, "timestamp.json": b" " * (TRUST_BYTES_MAX + 1)}


@pytest.mark.parametrize(
    "attack", [rollback, mix_and_match, wrong_key, arbitrary, freeze, endless],
    ids=lambda attack: attack.__name__,
)  # fmt: skip
@pytest.mark.parametrize("restarted", [False, True])
def test_six_attacks_change_nothing(
    tmp_path: Path, attack: Callable[[Fixture], Files], *, restarted: bool
) -> None:
    """Each is refused aloud, by a cart that runs and by one that was started anew, and neither
    takes the old file or the evil one for the newest."""
    seen = Fixture(tmp_path)
    files = attack(seen)
    cart = seen.new_cart() if restarted else seen.cart
    if restarted and attack in (mix_and_match, arbitrary):
        (tmp_path / "cart" / "targets.json").unlink()  # else its own copy serves
    if attack in (mix_and_match, arbitrary) and not restarted:
        for name in NAMES:
            seen.store.publish(name, EVIL)
        files = {**dict(seen.store.files()), "targets.json": files["targets.json"]}
    with pytest.raises(CatalogError, match="trust: "):
        bring(cart, files)
    assert not allows(cart, OLD)
    assert not allows(cart, EVIL)
    assert allows(cart, NEW) is not restarted


def test_foreign_files_keep_no_genuine_one_out(tmp_path: Path) -> None:
    """Twenty names that are no metadata come first: each is refused and says so, and what the store
    then publishes is taken."""
    store = Repository(tmp_path / "store")
    store.publish("catalog.json", OLD)
    cart = Trust(tmp_path / "cart", (store.folder / "root.json").read_bytes())
    for number in range(20):
        with pytest.raises(CatalogError, match="not a file of metadata"):
            cart.came(f"foreign-{number}.json", b"{}")
        assert f"foreign-{number}.json" in cart.refused
    with pytest.raises(CatalogError, match="are taken"):
        cart.came("targets.json", b" " * (TRUST_BYTES_MAX + 1))
    assert "targets.json" in cart.refused
    bring(cart, dict(store.files()))
    assert (set(cart.names), cart.refused) == ({"catalog.json"}, "")


def test_a_new_version_is_taken_whatever_the_order(tmp_path: Path) -> None:
    """Files that come in any order end in the same: the broker gives kept ones as it likes."""
    seen = Fixture(tmp_path)
    cart = Trust(tmp_path / "second", (tmp_path / "store" / "root.json").read_bytes())
    bring(cart, dict(reversed(seen.new.items())))
    assert allows(cart, NEW)
    assert allows(seen.cart, NEW)


def test_the_same_again_is_no_new_version(tmp_path: Path) -> None:
    """Publishing what is published leaves every file as it is."""
    seen = Fixture(tmp_path)
    seen.store.publish("catalog.json", NEW)
    assert dict(seen.store.files()) == seen.new


def test_what_a_cut_left_half_signed_is_signed_again(tmp_path: Path) -> None:
    """Power goes after the list of files and before what makes it count: the same file again mends
    it, and the next cart takes it."""
    store = Repository(tmp_path / "store")
    store.publish("catalog.json", OLD)
    before = dict(store.files())
    store.publish("catalog.json", NEW)
    for name in ("snapshot.json", "timestamp.json"):
        (store.folder / name).write_bytes(before[name])
    store.publish("catalog.json", NEW)
    cart = Trust(tmp_path / "cart", (store.folder / "root.json").read_bytes())
    bring(cart, dict(store.files()))
    assert cart.allows("catalog.json", hashlib.sha256(NEW).hexdigest(), len(NEW))


def test_a_command_and_the_service_sign_one_after_the_other(tmp_path: Path) -> None:
    """Eight at once, each with files of its own: none is lost, and a cart takes what they leave."""
    folder, each = tmp_path / "store", range(8)

    def sign(number: int) -> None:
        for name in "abc":
            Repository(folder).publish(f"models/{name}{number}", NEW)

    with ThreadPoolExecutor(len(each)) as pool:
        list(pool.map(sign, each))
    cart = Trust(tmp_path / "cart", (folder / "root.json").read_bytes())
    bring(cart, dict(Repository(folder).files()))
    digest = hashlib.sha256(NEW).hexdigest()
    names = [f"models/{name}{number}" for name in "abc" for number in each]
    assert [name for name in names if not cart.allows(name, digest, len(NEW))] == []


def test_a_model_is_checked_before_it_is_taken_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signed by the store's command, known to the cart: the command lets the newest model through,
    and no older or altered one."""
    model, data = tmp_path / "reader.onnx", tmp_path / "store"
    config = tmp_path / "cart.toml"
    config.write_text(
        f'cart_id = "c"\ntenant = "t"\nstore = "s"\ndata_folder = "{tmp_path}/data"\n'
        f'screen_socket = "s.sock"\neyes_socket = "e.sock"\n'
        f'trust_root = "{data}/trust/root.json"\n'
    )
    check = ["trusted", "--config", str(config), "models/reader.onnx", str(model)]
    for content in (OLD, NEW):
        model.write_bytes(content)
        signed = ["sign", "--data", str(data), "models/reader.onnx", str(model)]
        assert store_main(signed) == 0
    assert cart_main(check) == 1
    assert "go online" in capsys.readouterr().err
    cart = Trust(tmp_path / "data" / "trust", (data / "trust" / "root.json").read_bytes())
    bring(cart, dict(Repository(data / "trust").files()))
    assert cart_main(check) == 0
    for content in (OLD, EVIL):
        model.write_bytes(content)
        assert cart_main(check) == 1
        assert "not the newest" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        store_main(["sign", "--data", str(data), "../root.json", str(model)])


def test_a_list_that_carts_would_not_take_is_not_begun(tmp_path: Path) -> None:
    """As many carts as fit get settings of their own; the one too many is refused before it is
    signed, and everything that was named is taken as before."""
    store = Repository(tmp_path / "store")
    store.publish_all({f"settings/cart-{number:04}": b"{}" for number in range(1_200)})
    store.check_room(["settings/cart-1200"])
    many = [f"settings/cart-{number:04}" for number in range(1_600)]
    with pytest.raises(ContractError, match=r"1600 files .* nothing is changed"):
        store.check_room(many)
    cart = Trust(tmp_path / "cart", (store.folder / "root.json").read_bytes())
    bring(cart, dict(store.files()))
    assert len(cart.names) == 1_200


def test_a_cart_too_many_gets_no_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says why, and keeps nothing that the service would then sign."""
    signer = signer_of(tmp_path)
    with closing(open_database(tmp_path)) as database, transaction(database):
        for cart in ("cart-1", "cart-2"):
            here = dict.fromkeys(("epoch", "catalog_version"), 1) | {"online": True}
            words = dict.fromkeys(("boot_id", "app_version"), "1")
            database.execute(insert(tables.carts).values(cart=cart, **here, **words))
    Configs(tmp_path, signer).want("cart-1", {"thanks_s": 20})
    full = {f"models/{number:04}": b"" for number in range(1_800)}
    Repository(tmp_path / "trust").publish_all(full)
    asked = ["--data", str(tmp_path), "--set", "thanks_s=10"]
    assert store_main(["config", "cart-2", *asked]) == 1
    assert "nothing is changed" in capsys.readouterr().err
    assert Configs(tmp_path, signer).of("cart-2") is None
    assert store_main(["config", "cart-1", *asked]) == 0


def test_a_store_brought_back_from_a_backup_is_heard(tmp_path: Path) -> None:
    """Its metadata has forgotten versions that a cart knows; the next publishing is above them."""
    days = [0]
    store = Repository(tmp_path / "store", lambda: now_utc() + timedelta(days=days[0]))
    backup = {path: path.read_bytes() for path in store.folder.iterdir()}
    cart = Trust(tmp_path / "cart", (store.folder / "root.json").read_bytes())
    for data in (OLD, NEW, OLD, NEW):
        store.publish("catalog.json", data)
        bring(cart, dict(store.files()))
    for path, data in backup.items():
        path.write_bytes(data)
    days[0] = 1
    store.publish("catalog.json", EVIL)
    bring(cart, dict(store.files()))
    assert cart.allows("catalog.json", hashlib.sha256(EVIL).hexdigest(), len(EVIL))


def test_a_root_that_is_lost_is_not_begun_anew(tmp_path: Path) -> None:
    """Other keys would shut every cart out: the store that starts without it says what to bring
    back, and keeps what it had signed; cut off at its very beginning it begins again."""
    folder = tmp_path / "store"
    Repository(folder).publish("catalog.json", OLD)
    root = folder / "root.json"
    whole, before = root.read_bytes(), {each: each.read_bytes() for each in folder.iterdir()}
    root.unlink()
    with pytest.raises(TrustFileError, match=r"root.json: No such file .* bring it back"):
        Repository(folder).newest({"catalog.json": NEW})
    assert {**{each: each.read_bytes() for each in folder.iterdir()}, root: whole} == before
    root.write_bytes(whole)
    cart = Trust(tmp_path / "cart", whole)
    bring(cart, dict(Repository(folder).newest({"catalog.json": NEW})))
    assert cart.allows("catalog.json", hashlib.sha256(NEW).hexdigest(), len(NEW))
    for path in (*folder.glob("*root.json"), folder / "timestamp.json"):
        path.unlink()
    Repository(folder).publish("catalog.json", NEW)
    assert root.read_bytes() != whole
