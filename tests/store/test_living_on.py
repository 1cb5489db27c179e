"""The service outlives a full disk and odd files: what can't be written comes again, what can't be
read is passed by and said."""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from tuf.api.metadata import Targets, Timestamp

from cart import mqtt
from cart.contract.fleet import ClipNote, Command, DesiredConfig, ReportedConfig
from cart.contract.goods import trust_file
from cart.contract.lines import ContractError
from cart.contract.store import Ack, decode, packet, parse, topic_of
from cart.shell.trust import Trust
from store.clips import HOUR_MS, ClipDesk
from store.configs import Configs
from store.database import open_database
from store.keys import signer_of
from store.news import Fleet
from store.orders import Orders
from store.role_keys import new_signer
from store.service import RETRY_MS_MAX, Service
from store.trusted import Repository, now_utc
from tests.store.shop import CART, STORE, TENANT, batch, item, rows
from tests.store.simulated import Air, Wire

Message = TypeVar("Message", Ack, Command, DesiredConfig)

DAYS = timedelta(days=6)


class Desks:
    """A service that never waits, its desks, and what it says."""

    def __init__(self, folder: Path, service_of: Callable[[Desks, Fleet], Service]) -> None:
        self.folder = folder
        self.now_ms = 1_800_000_000_000
        self.air = Air()
        signer = signer_of(folder)
        self.orders = Orders(folder, signer, self.clock)
        self.configs = Configs(folder, signer)
        self.clips = ClipDesk(folder, signer, self.clock)
        fleet = Fleet(
            None, self.orders, Repository(folder / "trust"), self.configs, clips=self.clips
        )
        self.service = service_of(self, fleet)

    def clock(self) -> int:
        """Both clocks."""
        return self.now_ms

    def turn(self) -> None:
        """The next turn, a while later."""
        self.now_ms += RETRY_MS_MAX
        self.service.turn(0, lambda: None)

    def said(self, channel: str, kind: type[Message]) -> list[Message]:
        """What was said on a channel."""
        return [
            decode(kind, each.payload)
            for each in self.air.last
            if parse(each.topic).channel.name == channel
        ]

    def bring(self, cart: Trust) -> None:
        """Bring a cart the metadata that is kept. Raises CatalogError where it is refused."""
        for each in self.air.retained.values():
            address = parse(each.topic)
            if address.channel.name == "trust":
                cart.came(trust_file(address.names["file"]), each.payload)


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Desks]:
    """A store's, on an air of its own."""
    with closing(open_database(tmp_path)) as database:

        def service_of(desks: Desks, fleet: Fleet) -> Service:
            ends = {"connects": type("End", (Wire,), {"air": desks.air})}
            simulated: type[Service] = type("SimulatedService", (Service,), ends)
            endpoint, signer = mqtt.Endpoint("127.0.0.1", 1), signer_of(tmp_path)
            clocks = (desks.clock, desks.clock)
            return simulated(endpoint, TENANT, STORE, database, signer, *clocks, fleet)

        made = Desks(tmp_path, service_of)
        yield made
        for wire in list(made.air.wires):
            wire.cut()
            wire.close()


def test_what_no_disk_takes_comes_again(desks: Desks, caplog: pytest.LogCaptureFixture) -> None:
    """An order that comes to its time, and settings, can't be written: said, and done later."""
    order = desks.orders.add(CART, "locate", valid_ms=1)
    desks.configs.want(CART, {"thanks_s": 20})
    blocks = [
        desks.folder / "orders" / f"{order.command.cmd_id}.json.new",
        desks.folder / "trust" / "targets.json.new",
    ]
    for block in blocks:
        block.mkdir()
    for block in reversed(blocks):
        desks.turn()
        assert str(block) in caplog.text
        caplog.clear()
        block.rmdir()
    desks.turn()
    assert [each.version for each in desks.said("config", DesiredConfig)] == [1]
    assert [each.status for each in desks.orders.all()] == ["timed_out"]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]


def test_nothing_is_acknowledged_that_the_last_write_of_a_commit_did_not_keep(
    desks: Desks, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk is full only when the commit writes: the cart hears nothing, and sends again."""
    desks.turn()
    sent = packet("events", batch(rows([item(1)])), TENANT, STORE, cart=CART)
    desks.air.take(sent)
    _, hard_bytes = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard_bytes))
    try:
        desks.turn()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "nothing stored" in caplog.text
    assert desks.said("ack", Ack) == []
    desks.air.take(sent)
    desks.turn()
    assert [each.upto_seq for each in desks.said("ack", Ack)] == [1]


def test_what_a_cart_says_is_not_kept_by_no_disk(
    desks: Desks, caplog: pytest.LogCaptureFixture
) -> None:
    """Its word about its settings can't be written: nothing is stored, and it comes again."""
    desks.turn()
    desks.configs.want(CART, {"thanks_s": 20})
    block = desks.folder / "configs" / f"{CART}.json.new"
    block.mkdir()
    said = packet("config_state", ReportedConfig(1, {"thanks_s": 20}), TENANT, STORE, cart=CART)
    for is_kept in (False, True):
        desks.air.take(said)
        desks.turn()
        known = desks.configs.of(CART)
        assert known is not None
        assert (known.reported is not None) is is_kept
        assert ("nothing stored" in caplog.text) is not is_kept
        caplog.clear()
        if not is_kept:
            block.rmdir()


def cut_short(path: Path) -> None:
    """Half of it is left."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def alter(path: Path) -> None:
    """It can be read, and is not what was signed; of a key: another one."""
    changed = path.read_bytes().replace(b'"expires":"2', b'"expires":"3')
    path.write_bytes(new_signer().private_bytes if path.suffix == ".pem" else changed)


DAMAGES: tuple[tuple[str, Callable[[Path], None]], ...] = (
    ("root.json", Path.unlink), ("root.json", cut_short),
    ("targets.json", Path.unlink), ("targets.json", alter),
    ("snapshot.json", alter), ("timestamp.json", cut_short), ("timestamp.json", Path.unlink),
    ("targets.pem", Path.unlink), ("snapshot.pem", alter), ("timestamp.pem", cut_short),
)  # fmt: skip


def test_damaged_metadata_stops_nothing_else(
    desks: Desks, caplog: pytest.LogCaptureFixture
) -> None:
    """Settings go on, a cart refuses nothing of what is said meanwhile, and the file is named with
    what to do; once it is back, all of it is signed. What says nothing of its own is signed anew,
    without any person."""
    desks.turn()
    cart = Trust(desks.folder / "cart", (desks.folder / "trust" / "root.json").read_bytes())
    for number, (name, damage) in enumerate(DAMAGES):
        path, named = desks.folder / "trust" / name, f"settings/cart-{number}"
        whole = path.read_bytes()
        damage(path)
        desks.configs.want(f"cart-{number}", {"thanks_s": 20})
        for _ in range(2):
            desks.turn()
        desks.bring(cart)
        assert topic_of("config", TENANT, STORE, cart=f"cart-{number}") in desks.air.retained
        (said,) = [each.getMessage() for each in caplog.records if str(path) in each.getMessage()]
        if name in {"snapshot.json", "timestamp.json"}:
            assert "begun anew" in said
        else:
            assert "bring" in said
            assert cart.named(named) is None
            path.write_bytes(whole)
            desks.turn()
            desks.bring(cart)
        assert cart.named(named) is not None
        caplog.clear()


def test_a_store_from_a_backup_signs_above_what_carts_know(tmp_path: Path, desks: Desks) -> None:
    """Its metadata is older than what a cart has seen: the service signs all anew as it starts, and
    the cart believes it without anybody's doing."""
    past = Repository(tmp_path / "trust", lambda: now_utc() - timedelta(days=3))
    past.publish("models/old", b"old")
    backup = {each: each.read_bytes() for each in past.folder.iterdir()}
    cart = Trust(tmp_path / "cart", (past.folder / "root.json").read_bytes())
    Repository(tmp_path / "trust", lambda: now_utc() - timedelta(days=1)).publish("models/new", b"")
    for name, data in Repository(tmp_path / "trust").files():
        cart.came(name, data)
    for path, data in backup.items():
        path.write_bytes(data)
    desks.turn()
    desks.bring(cart)
    assert cart.names == {"models/old"}


def test_a_clock_that_is_behind_signs_nothing_anew(tmp_path: Path) -> None:
    """It would end before it began. Once the clock is right all is signed, and once a day again:
    what carts have never ends while the service runs."""
    ahead = [timedelta()]
    store = Repository(tmp_path, lambda: now_utc() + ahead[0])
    before = store.newest({"models/a": b"a"})
    again = Repository(tmp_path, lambda: now_utc() + ahead[0])
    ahead[0] = -timedelta(days=30 * 365)
    assert again.newest({}) == before
    for days in (1, 400, 401):
        ahead[0] = timedelta(days=days)
        assert again.newest({}) != before
        before = again.newest({})
        least = now_utc() + ahead[0] + DAYS
        assert again.read("targets", Targets).signed.expires >= least
        assert again.read("timestamp", Timestamp).signed.expires >= least
        assert again.newest({}) == before


@pytest.mark.parametrize(
    "name",
    [
        "clips/open/aa.json", "clips/dispute/film.webp",
        "clips/dispute/cart-1-x-y.webp", "orders/x.json", "orders/ended/x.json", "configs/c1.json",
    ],
)  # fmt: skip
def test_an_odd_file_is_passed_by(
    desks: Desks, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """It is said once, and all others are read and sent."""
    (desks.folder / name).write_bytes(b"{")
    desks.orders.add(CART, "locate", valid_ms=2 * HOUR_MS)
    desks.configs.want(CART, {"thanks_s": 20})
    desks.clips.open(CART, "dispute", "https://h:1")
    desks.now_ms += HOUR_MS
    for _ in range(3):
        desks.turn()
        desks.orders.all()
    assert not desks.clips.noted(CART, ClipNote("c1", "dispute", "0" * 64, 1))
    assert len(desks.said("config", DesiredConfig)) == 1
    assert len(desks.said("command", Command)) == 1
    if name.startswith("clips"):
        desks.clips.sweep()
    said = [each for each in caplog.records if "passed by" in each.getMessage()]
    assert len(said) == 1
    assert Path(name).name in said[0].getMessage()
    assert (desks.folder / name).exists()


def test_settings_that_cant_be_read_are_not_begun_anew(desks: Desks) -> None:
    """Version 1 again would be an old one to the cart: the file is named instead."""
    (desks.folder / "configs" / f"{CART}.json").write_bytes(msgspec.json.encode({"cart": CART}))
    with pytest.raises(ContractError, match=f"{CART}.json"):
        desks.configs.want(CART, {"thanks_s": 20})
