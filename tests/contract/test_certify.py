"""`python -m cart contract check`: our own store and cart pass, and a bad one is found out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cart.__main__ import main as cart_main
from cart.commands import certify_cart
from cart.commands.certify import SIDES, left_out
from cart.contract.store import BY_NAME
from rig.broker import Broker
from store.__main__ import main as store_main
from store.keys import signer_of
from tests.contract.certified import (
    CHECK_CART,
    QUICK,
    broken,
    cartd,
    check,
    equipped_store,
    rows,
    untried,
)
from tests.store.shop import STORE, TENANT, StoreProcess, import_catalog


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback."""
    with Broker(tmp_path) as running:
        yield running


@pytest.mark.parametrize("side", SIDES)
def test_every_channel_has_a_rule_or_a_reason(side: str) -> None:
    """A new channel without either fails here; none has both."""
    tried = {name for rule in SIDES[side].RULES for name in rule.channels}
    said = {name for row in left_out(SIDES[side]) for name in row.channels}
    assert tried | said == BY_NAME.keys()
    assert not tried & said
    assert SIDES[side].LEFT_OUT.keys() == said
    names = [rule.name for rule in SIDES[side].RULES]
    assert len(names) == len(set(names))


@pytest.mark.machines
def test_our_store_keeps_every_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On mosquitto all rules are kept, signatures included, over every channel but one; a wrong
    key is found out wherever something is signed."""
    with Broker(tmp_path, "mosquitto") as broker, equipped_store(tmp_path, broker) as data:
        more = ["--cart", CHECK_CART, "--answer-ms", "8000", "--key"]
        quick = ["--quick", *more]
        capsys.readouterr()
        status = check(broker, *more, str(data / "store.pub"))
        printed = rows(capsys)
        assert (status, broken(printed)) == (0, {})
        assert untried(printed) == {"credit"}
        assert printed["a code serves one shopper"]["kept"]
        signed = {rule for rule, row in printed.items() if "signed" in row["seen"]}
        assert len(signed) >= 7
        other = tmp_path / "other"
        other.mkdir()
        signer_of(other)
        assert store_main(["order", "--data", str(data), CHECK_CART, "locate"]) == 0
        assert check(broker, *quick, str(other / "store.pub")) == 1
        assert signed <= broken(rows(capsys)).keys()


@pytest.mark.machines
def test_without_a_key_nothing_is_called_signed(
    broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was not checked is said to be so, and what is not there is no fault."""
    import_catalog(tmp_path / "store")
    with StoreProcess(tmp_path / "store", (broker.host, broker.port)):
        assert check(broker, *QUICK) == 0
    printed = rows(capsys)
    seen = printed["its catalog's head is retained"]["seen"]
    assert "not checked without --key" in seen
    assert not [row for row in printed.values() if row["seen"].endswith(", signed")]
    assert printed["its deals table is retained"]["kept"] is None


def test_no_store_keeps_no_rule(broker: Broker, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody answers, the rules that need an answer are broken, and the status says so."""
    assert check(broker, "--answer-ms", "50") == 1
    kept = {rule for rule, row in rows(capsys).items() if row["kept"]}
    assert kept == {
        "an invented code opens none", "an app asks for its own shopper",
        "a code that another has replaced opens none",
    }  # fmt: skip


@pytest.mark.machines
def test_our_cart_keeps_every_rule(
    broker: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All rules of a cart are kept by cartd itself; what needs a hand or a door is said."""
    with cartd(tmp_path, broker) as key:
        status = check(broker, "--side", "cart", "--cart", "cart-1", "--key", str(key))
    printed = rows(capsys)
    assert (status, broken(printed)) == (0, {})
    # On loopback a cart has no certificate to renew.
    assert untried(printed) == {*certify_cart.LEFT_OUT, "csr", "cert"}


@pytest.mark.parametrize(
    "more",
    [
        ["--broker", "http://x"],
        ["--broker", "mqtt://10.0.0.1"],
        ["--broker", "mqtt://[::1"],
        ["--broker", "mqtt://127.0.0.1:99999"],
        ["--broker", "mqtt://me:secret@127.0.0.1"],
        ["--broker", "mqtts://127.0.0.1"],
        ["--side", "cart"],
        ["--key", "/no"],
        ["--key", "{junk}"],
        ["--side", "cart", "--key", "{junk}"],
        ["--tls-ca", "{junk}", "--tls-certificate", "{junk}", "--tls-key", "{junk}"],
        ["--tenant", "a/+"],
        ["--store", "#"],
        ["--cart", "../x"],
        ["--answer-ms", "0"],
    ],
)
def test_what_cannot_be_checked_is_said(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2 and one line, as JSON too, before anybody is asked."""
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff no key")
    given = [word.format(junk=junk) for word in more]
    where = ["--broker", "mqtt://127.0.0.1:1", "--tenant", TENANT, "--store", STORE]
    try:
        status = cart_main(["contract", "check", "--json", *where, *given])
    except SystemExit as ended:
        status = int(str(ended.code))
    said = capsys.readouterr()
    assert status == 2
    assert list(msgspec.json.decode(said.out)) == ["error"]
    lines = [line for line in said.err.splitlines() if not line.startswith(("usage:", " "))]
    assert len(lines) == 1
