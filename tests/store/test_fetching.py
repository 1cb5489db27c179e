"""Models and configuration by HTTPS: the newest signed ones stand on the cart, or those before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from cart.__main__ import main as cart_main
from cart.core.effects import TellHealth
from cart.mqtt import tls_context
from cart.shell.config import FilesConfig
from cart.shell.fetched import Standing
from cart.shell.fetching import FETCH_MS_MAX, fetch
from cart.shell.store_words import telemetry_of
from store.__main__ import main as store_main
from store.rotation import rotate
from store.trusted import ROLES
from tests.store.test_clips import Door
from tests.store.test_trusted import (
    EVIL,
    NEW,
    OLD,
    Files,
    Fixture,
    arbitrary,
    endless,
    freeze,
    mix_and_match,
    rollback,
    wrong_key,
)
from tests.waiting import serving

FETCHED = ("models/reader.onnx", "configuration/cart.toml")


class Fetching(Door):
    """A store with two versions signed, whose door gives the newer one, and a cart that has it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seen = Fixture(folder)
        self.trust = self.data / "trust"
        self.trust.symlink_to(folder / "store")
        self.sign(NEW)
        self.files = FilesConfig(self.url, folder / "files")
        self.root = (self.trust / "root.json").read_bytes()

    def sign(self, data: bytes, names: tuple[str, ...] = FETCHED) -> None:
        """What `store sign` does."""
        for name in names:
            self.seen.store.give(name, data)

    def fetched(self, name: str = "cart-1", **options: Callable[[], int]) -> Standing:
        """What the command makes of it."""
        return fetch(self.files, self.endpoint(name), self.root, **options)

    def stand(self) -> list[bytes]:
        """What is in place."""
        return [(self.files.folder / name).read_bytes() for name in FETCHED]

    def say(self, files: Files) -> None:
        """Let the door give these in place of the store's."""
        for name, data in files.items():
            (self.trust / name).write_bytes(data)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Fetching]:
    """A door that is open."""
    opened = Fetching(tmp_path)
    with (
        opened.server,
        serving(lambda _: opened.server.serve_forever(0.05), opened.server.shutdown),
    ):
        assert opened.fetched().trouble == ""
        assert opened.stand() == [NEW, NEW]
        yield opened


def test_the_newest_is_put_in_place_and_told(store: Fetching) -> None:
    """What changed comes, what did not stays; the telemetry names the list and the hashes. New keys
    for every role are followed."""
    before = store.fetched()
    store.sign(EVIL, FETCHED[:1])
    standing = store.fetched()
    assert store.stand() == [EVIL, NEW]
    hashes = [hashlib.sha256(data).hexdigest() for data in (EVIL, NEW)]
    assert standing.files == dict(zip(FETCHED, hashes, strict=True))
    assert standing.version == before.version + 1
    told = telemetry_of(TellHealth(None, 0), 5, store.files.folder)
    assert told.files == standing.files
    assert (told.files_version, told.files_trouble) == (standing.version, "")
    assert store.fetched() == standing
    rotate(store.seen.store, ROLES)
    store.sign(EVIL)
    assert store.fetched().trouble == ""
    assert store.stand() == [EVIL, EVIL]


@pytest.mark.machines
@pytest.mark.parametrize(
    "attack", [rollback, mix_and_match, wrong_key, arbitrary, freeze, endless],
    ids=lambda attack: attack.__name__,
)  # fmt: skip
def test_six_attacks_put_nothing_in_place(
    store: Fetching, attack: Callable[[Fixture], Files]
) -> None:
    """By a server that lies under the store's own certificate: what stands stays, and the trouble
    is told; when the store speaks again, its files pass."""
    before = store.fetched()
    files = attack(store.seen)
    if attack in (mix_and_match, arbitrary):
        store.sign(EVIL)
        files = {**dict(store.seen.store.files()), "targets.json": files["targets.json"]}
    true = dict(store.seen.store.files())
    store.say(files)
    after = store.fetched()
    assert store.stand() == [NEW, NEW]
    assert after.trouble.startswith("not taken: ")
    assert (after.version, after.files) == (before.version, before.files)
    assert telemetry_of(TellHealth(None, 0), 5, store.files.folder).files_trouble == after.trouble
    store.say(true)
    for _ in range(2):  # past the number of any that a cart has seen
        store.seen.store.say_still_so()
    store.sign(EVIL)
    assert store.fetched().trouble == ""
    assert store.stand() == [EVIL, EVIL]


def test_a_file_that_is_not_what_was_signed_stops_all(store: Fetching) -> None:
    """Older, longer, endless or missing: neither it nor the true one beside it is put in place."""
    store.sign(EVIL)
    path = store.trust / "targets" / FETCHED[1]
    for lie in (OLD, EVIL + b" ", b" " * 1_000_000, None):
        path.unlink() if lie is None else path.write_bytes(lie)
        assert store.fetched().trouble.startswith("not taken: ")
        assert store.stand() == [NEW, NEW]


def test_a_store_that_drips_and_one_that_is_gone_are_given_up(store: Fetching) -> None:
    """Time that runs out, papers that were taken back, nobody there: said, and nothing changes."""
    times = iter([0, *[FETCH_MS_MAX + 1] * 100])
    store.sign(EVIL)
    assert "given up" in store.fetched(clock=lambda: next(times)).trouble
    assert store.fetched("cart-3").trouble
    gone = FilesConfig("https://127.0.0.1:1", store.files.folder)
    assert fetch(gone, store.endpoint(), store.root).trouble
    assert store.stand() == [NEW, NEW]


def test_the_door_gives_nothing_else(store: Fetching) -> None:
    """Private keys, clips, folders and ways around are not there to be fetched."""
    asked = {
        "/trust/timestamp.json": 200,
        f"/trust/targets/{FETCHED[0]}": 200,
        "/trust/timestamp.pem": 404,
        "/trust/lock": 404,
        "/trust/targets/models/..": 404,
        "/trust/targets/models/../../timestamp.pem": 404,
        "/trust/targets/models/%2e%2e/%2e%2e/timestamp.pem": 404,
        "/trust/targets/models": 404,
        "/clips/": 404,
        "/": 404,
    }
    for path, status in asked.items():
        context = tls_context(store.endpoint())
        ends = ("127.0.0.1", store.server.port)
        with closing(HTTPSConnection(*ends, timeout=10, context=context)) as connection:
            connection.request("GET", path)
            assert (connection.getresponse().status, path) == (status, path)


def test_the_commands_of_both_sides(
    store: Fetching, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`store sign` there, `cart fetch` here: what stands is one line of JSON; without what it needs
    the cart's command says so."""
    model, config = tmp_path / "reader.onnx", tmp_path / "cart.toml"
    model.write_bytes(EVIL)
    assert store_main(["sign", "--data", str(store.data), FETCHED[0], str(model)]) == 0
    papers = store.papers
    text = (
        f'cart_id = "cart-1"\ntenant = "t"\nstore = "s"\ndata_folder = "data"\n'
        f'screen_socket = "s.sock"\neyes_socket = "e.sock"\nstore_public_key = "store.pub"\n'
        f'trust_root = "{store.trust}/root.json"\n[broker]\nca = "{papers}/ca.pem"\n'
        f'certificate = "{papers}/cart-1.pem"\nkey = "{papers}/cart-1.key"\n'
    )
    config.write_text(text)
    fetch_now = ["fetch", "--config", str(config)]
    assert cart_main(fetch_now) == 1
    assert "[files]" in capsys.readouterr().err
    config.write_text(f'{text}[files]\nurl = "{store.url}"\nfolder = "files"\n')
    assert cart_main(fetch_now) == 0
    assert list(json.loads(capsys.readouterr().out)["files"]) == sorted(FETCHED)
    assert store.stand() == [EVIL, NEW]
