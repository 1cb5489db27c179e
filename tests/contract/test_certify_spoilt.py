"""`python -m cart contract check` finds out a bad store or cart, by the rule that it breaks."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest

from cart.commands.certify import SIDES
from rig.broker import Broker, free_port
from tests.contract.certified import (
    CHECK_CART,
    QUICK,
    broken,
    cartd,
    check,
    equipped_store,
    rows,
    spoiled,
)
from tests.store.shop import StoreProcess, import_catalog
from tests.waiting import DEADLINE_S

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
        ("store", {"a code on the screen opens a trip"}),
        ("cart", {"a command is remembered", "a right grant opens a trip, and no other",
                  "a grant opens one trip"}),
    ],
)  # fmt: skip
def test_what_never_ends_fails(
    side: str, found: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store whose grants are good for ten years, and a cart that does again what it
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
