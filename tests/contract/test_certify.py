"""`python -m cart contract check`: our own store and cart pass, and a bad one is found out."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from cart.__main__ import main as cart_main
from cart.commands import certify_cart
from cart.commands.certify import SIDES, left_out
from cart.contract.store import BY_NAME
from rig.broker import Broker, free_port
from store.__main__ import main as store_main
from store.keys import signer_of
from tests.data import ROOT
from tests.store.shop import STORE, TENANT, StoreProcess, import_catalog
from tests.waiting import DEADLINE_S, until

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


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback."""
    with Broker(tmp_path) as running:
        yield running


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


QUICK = ["--quick"]
STORE_SAYS = [
    ["ack"],
    ["catalog_head"],
    ["catalog_chunk", "catalog_delta", "trust", "deals", "recall", "planogram", "given", "basket",
     "pair_grant", "pay_answer", "coupon_answer", "cert", "command", "config"],
]  # fmt: skip
CART_SAYS = [
    ["birth"],
    ["events", "snap"],
    ["cart_state", "pair_offer", "command_state", "config_state", "get"],
]


@pytest.mark.machines
@pytest.mark.parametrize(
    ("side", "channels"),
    [*(("store", each) for each in STORE_SAYS), *(("cart", each) for each in CART_SAYS)],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_a_peer_that_answers_wrongly_fails_by_name(
    side: str, channels: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each channel that a peer spoils a rule that goes over it is broken."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        peer = equipped_store if side == "store" else cartd
        key = stack.enter_context(peer(tmp_path, behind))
        stack.enter_context(spoiled(side, behind, before, channels))
        capsys.readouterr()
        name = CHECK_CART if side == "store" else "cart-1"
        file = str(key / "store.pub" if side == "store" else key)
        more = ["--key", file, "--answer-ms", "2000", *([] if "telemetry" in channels else QUICK)]
        status = check(before, "--side", side, "--cart", name, *more)
    printed = rows(capsys)
    found = {each for rule in broken(printed) for each in printed[rule]["channels"]}
    assert status == 1
    assert found >= set(channels)


@pytest.mark.machines
def test_a_store_that_grants_a_code_to_everybody_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A grant for whoever claims, invented, foreign, used or long gone: each rule names it."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        key = stack.enter_context(equipped_store(tmp_path, behind)) / "store.pub"
        stack.enter_context(spoiled("store", behind, before, [], "--grants-all"))
        capsys.readouterr()
        more = ["--cart", CHECK_CART, "--key", str(key), "--answer-ms", "2000"]
        assert check(before, *more) == 1
    assert broken(rows(capsys)).keys() == {
        "an invented code opens none", "an app asks for its own shopper",
        "a code serves one shopper", "a code opens one trip",
        "a code that another has replaced opens none", "a code is good for its time alone",
    }  # fmt: skip


@pytest.mark.machines
@pytest.mark.parametrize(
    ("side", "trick", "seen"),
    [
        ("store", "--no-will", "online, and its own will was said"),
        ("store", "--any-will", "offline, and the will of an older boot was said"),
        ("cart", "--no-will", "it sends rows to a store whose last will was said"),
    ],
)
def test_a_will_that_counts_wrongly_is_found(
    side: str, trick: str, seen: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The connection of whoever checks is gone without a word: its own will counts, no other."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        peer = equipped_store if side == "store" else cartd
        key = stack.enter_context(peer(tmp_path, behind))
        stack.enter_context(spoiled(side, behind, before, [], trick))
        capsys.readouterr()
        name = CHECK_CART if side == "store" else "cart-1"
        file = str(key / "store.pub" if side == "store" else key)
        more = ["--cart", name, "--key", file, "--answer-ms", "2000", *QUICK]
        assert check(before, "--side", side, *more) == 1
    assert any(seen in said for said in broken(rows(capsys)).values())


@pytest.mark.machines
@pytest.mark.parametrize("trick", ["", "--no-will"])
@pytest.mark.parametrize("side", SIDES)
def test_who_is_cut_off_is_gone_by_its_will(
    side: str, trick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check cuts the connection of what it checks, over MQTT 3.1.1, where a will comes at
    once; one whose will never comes is named."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    relay = free_port()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        if side == "store":
            import_catalog(tmp_path / "store")
            here = (behind.host, relay)
            store = StoreProcess(tmp_path / "store", here, "--mqtt", "3.1.1")
            starting = Thread(target=store.start)  # it is ready once the check has its relay
            starting.start()
            stack.callback(store.kill)
            stack.callback(starting.join, DEADLINE_S)
            more = ["--cart", CHECK_CART]
        else:
            key = stack.enter_context(cartd(tmp_path, behind, relay, 'mqtt = "3.1.1"'))
            more = ["--cart", "cart-1", "--key", str(key)]
        stack.enter_context(spoiled(side, behind, before, [], *([trick] if trick else [])))
        capsys.readouterr()
        more += ["--mqtt", "3.1.1", "--relay", f"127.0.0.1:{relay}"]
        more += ["--relay-to", f"127.0.0.1:{behind.port}", "--answer-ms", "3000", *QUICK]
        check(before, "--side", side, *more)
    row = rows(capsys)["its last will says that it is gone"]
    assert row["kept"] is not bool(trick), row
    assert trick == "" or "no last will" in row["seen"]


@pytest.mark.machines
def test_a_store_whose_codes_do_not_end_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A code that it takes for shown long after: the one rule that waits names it."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        key = stack.enter_context(equipped_store(tmp_path, behind)) / "store.pub"
        stack.enter_context(spoiled("store", behind, before, [], "--shows-on"))
        capsys.readouterr()
        assert check(before, "--cart", CHECK_CART, "--key", str(key), "--answer-ms", "2000") == 1
    assert broken(rows(capsys)).keys() == {"a code is good for its time alone"}


@pytest.mark.machines
@pytest.mark.parametrize(
    ("side", "found"),
    [
        ("store", {"a code on the screen opens a trip", "an order is sent until it is answered"}),
        ("cart", {"a command is remembered", "a right grant opens a trip, and no other",
                  "a grant opens one trip"}),
    ],
)  # fmt: skip
def test_what_never_ends_fails(
    side: str, found: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store whose grants and orders are good for ten years, and a cart that does again what it
    did, signed as they may be."""
    folders = tmp_path / "behind", tmp_path / "before"
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        peer = equipped_store if side == "store" else cartd
        key = stack.enter_context(peer(tmp_path, behind))
        private = str(key / "store.key" if side == "store" else key)
        stack.enter_context(spoiled(side, behind, before, [], "--resign", private))
        capsys.readouterr()
        name = CHECK_CART if side == "store" else "cart-1"
        file = str(key / "store.pub") if side == "store" else private
        more = ["--cart", name, "--key", file, "--answer-ms", "2000", *QUICK]
        assert check(before, "--side", side, *more) == 1
    assert broken(rows(capsys)).keys() >= found


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
