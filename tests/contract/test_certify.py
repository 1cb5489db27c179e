"""`python -m cart contract check`: our own store and cart pass, and a bad one is found out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cart.__main__ import main as cart_main
from cart.commands import certify_cart, certify_store
from rig.broker import Broker
from store.keys import signer_of
from tests.store.shop import STORE, TENANT, StoreProcess, import_catalog
from tests.waiting import until

CART_FILE = """
cart_id = "cart-1"
tenant = "acme"
store = "store-1"
data_folder = "data"
screen_socket = "s"
eyes_socket = "e"
store_public_key = "store.pub"
[broker]
host = "127.0.0.1"
port = {port}
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback."""
    with Broker(tmp_path) as running:
        yield running


def check(broker: Broker, *more: str) -> int:
    """Run the command on this broker."""
    where = ["--broker", f"mqtt://127.0.0.1:{broker.port}", "--tenant", TENANT, "--store", STORE]
    return cart_main(["contract", "check", "--json", *where, *more])


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    """The printed rows, by rule."""
    lines = capsys.readouterr().out.splitlines()
    listed = [msgspec.json.decode(line) for line in lines if '"rule"' in line]
    return {row["rule"]: row for row in listed}


@pytest.mark.machines
def test_our_store_keeps_every_rule(
    broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for each rule of a store, all kept, signatures included; a wrong key is found out."""
    folder = tmp_path / "store"
    import_catalog(folder)
    with StoreProcess(folder, (broker.host, broker.port)):
        assert check(broker, "--key", str(folder / "store.pub")) == 0, rows(capsys)
        assert set(rows(capsys)) == {rule for rule, _ in certify_store.RULES}
        other = tmp_path / "other"
        other.mkdir()
        signer_of(other)
        again = ["--cart", "check-again", "--key", str(other / "store.pub")]
        assert check(broker, *again) == 1
    broken = {rule for rule, row in rows(capsys).items() if not row["kept"]}
    assert "its catalog's head is retained and signed" in broken
    assert "a code on the screen opens a trip" in broken


def test_no_store_keeps_no_rule(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody answers, the rules that need an answer are broken, and the status says so."""
    assert check(broker, "--answer-ms", "200") == 1
    kept = {rule for rule, row in rows(capsys).items() if row["kept"]}
    assert kept == {"an invented code opens none"}


@pytest.mark.machines
def test_our_cart_keeps_every_rule(
    broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for each rule of a cart, all kept by cartd itself."""
    signer_of(tmp_path)
    (tmp_path / "cart.toml").write_text(CART_FILE.format(port=broker.port))
    with (tmp_path / "cartd.log").open("w") as log:
        cartd = subprocess.Popen(
            [sys.executable, "-m", "cart", "run", "--config", str(tmp_path / "cart.toml")],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert cartd.stdout is not None
        assert until(cartd.stdout.readline, "cartd is ready")
        status = check(
            broker, "--side", "cart", "--cart", "cart-1", "--key", str(tmp_path / "store.key")
        )
        printed = rows(capsys)
        assert [row for row in printed.values() if not row["kept"]] == []
        assert status == 0
        assert set(printed) == {rule for rule, _ in certify_cart.RULES}
    finally:
        cartd.terminate()
        cartd.communicate()


@pytest.mark.parametrize(
    "more",
    [
        ["--broker", "http://x"],
        ["--broker", "mqtt://10.0.0.1"],
        ["--broker", "mqtts://127.0.0.1:1"],
        ["--side", "cart"],
    ],
)
def test_what_cannot_be_checked_is_said(
    broker: Broker, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A URL of another kind, plain text afar, TLS without its files, or a cart's check without a
    key: status 2."""
    assert check(broker, *more) == 2
    assert capsys.readouterr().err
