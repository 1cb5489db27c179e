"""The check as tests run it, and whom it checks: our store, our cart, or a spoilt one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cart.__main__ import main as cart_main
from cart.contract.store import BY_NAME
from rig.broker import Broker
from store.__main__ import main as store_main
from store.keys import signer_of
from tests.data import ROOT
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
CHECK_CART = "check-cart"
TABLES = {
    "deals": '[{"type":"percent_off","deal_id":"half","title":"Half","skus":["tomatoes-400g"],'
    '"percent":50}]',
    "recall": '[{"sku":"bananas","reason":"glass"}]',
    "planogram": '[{"aisle":"1","name":"Fruit","skus":["bananas"]}]',
}
QUICK = ["--quick"]


def check(broker: Broker, *more: str) -> int:
    """Run the command on this broker."""
    where = ["--broker", f"mqtt://127.0.0.1:{broker.port}", "--tenant", TENANT, "--store", STORE]
    return cart_main(["contract", "check", "--json", *where, *more])


def rows(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """The printed rows, by rule."""
    lines = capsys.readouterr().out.splitlines()
    listed = [msgspec.json.decode(line) for line in lines if '"rule"' in line]
    return {row["rule"]: row for row in listed}


def broken(printed: dict[str, dict[str, Any]]) -> dict[str, str]:
    """What was seen of the rules that are not kept."""
    return {rule: row["seen"] for rule, row in printed.items() if row["kept"] is False}


def untried(printed: dict[str, dict[str, Any]]) -> set[str]:
    """The channels that no rule could exercise."""
    tried = {
        name for row in printed.values() if row["kept"] is not None for name in row["channels"]
    }
    return BY_NAME.keys() - tried


@contextmanager
def equipped_store(folder: Path, broker: Broker) -> Iterator[Path]:
    """A store that has published everything, with an authority that let the check's cart in, which
    is ordered and set; its folder of data."""
    data = folder / "store"
    import_catalog(data)

    def store(name: str, *words: str) -> None:
        assert store_main([name, "--data", str(data), *words]) == 0

    store("broker", "--tenant", TENANT, "--store", STORE, "--host", "h", "--out", str(folder / "b"))
    store("claim", CHECK_CART, "--out", str(folder / "claim.pem"))
    store("price", "tomatoes-400g", "1.39")
    for kind, text in TABLES.items():
        (folder / f"{kind}.json").write_text(text)
        store("publish", kind, str(folder / f"{kind}.json"))
    store("order", CHECK_CART, "locate")
    store("config", CHECK_CART, "--set", "thanks_s=20")
    with StoreProcess(data, (broker.host, broker.port)):
        yield data


@contextmanager
def cartd(folder: Path, broker: Broker, port: int = 0, more: str = "") -> Iterator[Path]:
    """A cart on this broker; the private key whose public half it knows."""
    signer_of(folder)
    (folder / "cart.toml").write_text(CART_FILE.format(port=port or broker.port) + more)
    with (folder / "cartd.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cart", "run", "--config", str(folder / "cart.toml")],
            stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        assert until(process.stdout.readline, "cartd is ready")
        yield folder / "store.key"
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def spoiled(
    side: str, behind: Broker, before: Broker, channels: list[str], *more: str
) -> Iterator[None]:
    """Between the peer behind and whoever checks it, these channels of the peer's are spoilt."""
    ports = ["--behind", str(behind.port), "--before", str(before.port)]
    chosen = [word for channel in channels for word in ("--channel", channel)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.spoiler", "--side", side, *ports, *chosen, *more],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert until(process.stdout.readline, "the spoiler is ready")
        yield
    finally:
        process.kill()
        process.communicate()
