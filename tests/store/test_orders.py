"""Orders and settings that a person gives: only what is known is taken, what has ended is left."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import insert

from cart.contract.fleet import CommandState, ReportedConfig
from cart.contract.store import Birth
from cart.core.settings import SETTINGS
from store.__main__ import main
from store.authority import Authority
from store.configs import Configs
from store.database import open_database, transaction
from store.keys import signer_of
from store.orders import BY_HAND, HOUR_MS, Orders
from store.tables import carts
from tests.store.shop import CART

NOW_MS = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store where one cart was."""
    born = Birth("b1", 1, 0, 0, "0", 0)
    row = {"cart": CART, "epoch": born.epoch, "boot_id": born.boot_id, "online": True}
    with closing(open_database(tmp_path)) as database, transaction(database):
        database.execute(insert(carts).values(**row, app_version="0", catalog_version=0))
    signer_of(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (["order", CART, "explode"], BY_HAND),
        (["order", CART, "release"], BY_HAND),
        (["order", "cart-9", "lock"], (CART,)),
        (["config", CART, "--set", "volume=3"], tuple(SETTINGS)),
        (["config", CART, "--set", "thanks_s=4"], ("from 5 to 600",)),
        (["config", CART, "--set", "thanks_s=true"], ("from 5 to 600",)),
        (["config", CART, "--set", "guest_trips=1"], ("true or false",)),
        (["config", "cart-9", "--set", "thanks_s=20"], (CART,)),
        (["clip", "cart-9", "loss", "--reason", "loss", "--url", "https://h:1"], (CART,)),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(
    folder: Path, given: list[str], known: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, and nothing is ordered, of another action, setting, value or cart."""
    with pytest.raises(SystemExit) as ended:
        main([given[0], "--data", str(folder), *given[1:]])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert all(word in said for word in known), said
    assert not list(folder.glob("orders/*.json"))
    assert not list(folder.glob("configs/*.json"))


def test_a_cart_with_a_claim_is_known(folder: Path) -> None:
    """Before its first visit it may be set, though it never was here."""
    Authority(folder / "authority")
    assert main(["claim", "--data", str(folder), "cart-2", "--out", str(folder / "c.pem")]) == 0
    assert main(["config", "--data", str(folder), "cart-2", "--set", "thanks_s=20"]) == 0
    assert main(["order", "--data", str(folder), "cart-2", "lock"]) == 0


def test_settings_are_shown_to_a_person_and_to_a_program(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wanted stands beside what the cart says and refused; as one object with --json, an
    error too."""
    asked = ["config", "--data", str(folder), CART]
    assert main([*asked, "--json"]) == 1
    assert "was never set" in msgspec.json.decode(capsys.readouterr().out)["error"]
    assert main([*asked, "--set", "thanks_s=20"]) == 0
    Configs(folder, signer_of(folder)).heard(CART, ReportedConfig(1, {}, {"thanks_s": "too long"}))
    capsys.readouterr()
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("thanks_s", "20", "too long"))
    assert main([*asked, "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out)
    assert (told["desired"], told["refused"]) == ({"thanks_s": 20}, {"thanks_s": "too long"})


@pytest.mark.parametrize("name", ["broker", "store-1", "claim-1", ".", ".."])
def test_a_claim_gives_no_name_with_a_meaning(folder: Path, name: str) -> None:
    """The broker's, the service's and a claim's names are none of a cart's."""
    out = folder / "claim.pem"
    Authority(folder / "authority")
    try:
        assert main(["claim", "--data", str(folder), name, "--out", str(out)]) == 1
    except SystemExit as ended:
        assert ended.code == 2  # noqa: PT017 - either way of refusing is right
    assert not out.exists()


def test_what_has_ended_is_read_no_more(tmp_path: Path) -> None:
    """A look for what to send reads open orders alone, however many have ended; all are shown."""
    orders = Orders(tmp_path, signer_of(tmp_path), lambda: NOW_MS)
    ended = [orders.add(CART, "locate").command.cmd_id for _ in range(3)]
    for cmd_id in ended:
        assert orders.heard(CART, CommandState(cmd_id, "succeeded"))
    open_one = orders.add(CART, "lock").command.cmd_id
    kept = {path: path.read_bytes() for path in (tmp_path / "orders" / "ended").iterdir()}
    for path in kept:
        path.write_bytes(b"whoever reads this fails")
    assert [order.command.cmd_id for order in orders.to_send()] == [open_one]
    for path, data in kept.items():
        path.write_bytes(data)
    assert {order.command.cmd_id for order in orders.all()} == {*ended, open_one}
    assert not orders.heard(CART, CommandState(ended[0], "failed"))


def test_who_greets_is_sent_what_is_open_at_once(tmp_path: Path) -> None:
    """What was sent before it came was perhaps not heard; another cart's order is not due."""
    orders = Orders(tmp_path, signer_of(tmp_path), lambda: NOW_MS)
    mine = orders.add(CART, "lock").command.cmd_id
    orders.add("cart-2", "lock")
    assert len(list(orders.to_send())) == 2
    assert not list(orders.to_send())
    orders.greeted(CART)
    assert [order.command.cmd_id for order in orders.to_send()] == [mine]


def test_a_clock_that_is_set_back_keeps_no_order_waiting(tmp_path: Path) -> None:
    """It is sent on as if the clock were right."""
    now_ms = [NOW_MS]
    orders = Orders(tmp_path, signer_of(tmp_path), lambda: now_ms[0])
    orders.add(CART, "lock")
    assert len(list(orders.to_send())) == 1
    now_ms[0] -= HOUR_MS
    assert len(list(orders.to_send())) == 1


def test_what_an_older_store_left_is_put_away(tmp_path: Path) -> None:
    """Ended orders among the open ones go at the first look, and what ran out is timed out."""
    now_ms = [NOW_MS]
    orders = Orders(tmp_path, signer_of(tmp_path), lambda: now_ms[0])
    order = orders.add(CART, "locate")
    late = orders.add(CART, "lock")
    path = tmp_path / "orders" / f"{order.command.cmd_id}.json"
    old = replace(order, status="succeeded", detail="long ago")
    path.write_bytes(msgspec.json.encode(old))
    now_ms[0] += 2 * HOUR_MS
    assert list(orders.to_send()) == []
    assert not list((tmp_path / "orders").glob("*.json"))
    shown = {each.command.cmd_id: each.status for each in orders.all()}
    assert shown == {order.command.cmd_id: "succeeded", late.command.cmd_id: "timed_out"}


def test_denials_need_the_log_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No folder of a store: whoever has the broker's log reads it."""
    log = tmp_path / "mosquitto.log"
    log.write_text("1: Denied PUBLISH from cart-9 (d0, q1, r0, m1, 'sc/1/x', ... (1 bytes))\n")
    assert main(["denials", str(log), "--tenant", "acme", "--store", "store-1"]) == 0
    assert "cart-9" in capsys.readouterr().out
