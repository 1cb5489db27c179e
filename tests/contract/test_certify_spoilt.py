"""`python -m cart contract check` finds out a bad store or cart, by the rule that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import Any

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

Brokers = tuple[Broker, Broker]
Rows = dict[str, dict[str, Any]]


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    """One behind whoever spoils, with the peer at it, and one before, with who checks."""
    with ExitStack() as stack:
        folders = tmp_path / "behind", tmp_path / "before"
        for folder in folders:
            folder.mkdir()
        behind, before = (stack.enter_context(Broker(folder, "mosquitto")) for folder in folders)
        yield behind, before


class Spoilt:
    """Checks our store or cart, whose messages something spoils on their way."""

    def __init__(self, brokers: Brokers, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._brokers = brokers
        self._folder = folder
        self._capsys = capsys

    def failed(
        self, side: str, channels: list[str], *spoils: str, more: list[str], resigns: bool = False
    ) -> Rows:
        """The rows of a check that fails as it should. `resigns`: what is spoilt is signed anew."""
        peer = equipped_store if side == "store" else cartd
        with ExitStack() as stack:
            behind, before = self._brokers
            key = stack.enter_context(peer(self._folder, behind))
            private, public = (
                (key / "store.key", key / "store.pub") if side == "store" else (key, key)
            )
            spoils += ("--resign", str(private)) if resigns else ()
            stack.enter_context(spoiled(side, behind, before, channels, *spoils))
            self._capsys.readouterr()
            name = CHECK_CART if side == "store" else "cart-1"
            given = ["--side", side, "--cart", name, "--key", str(public), "--answer-ms", "2000"]
            assert check(before, *given, *more) == 1
        return rows(self._capsys)


@pytest.fixture
def spoilt(brokers: Brokers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Spoilt:
    """Of this test's folder."""
    return Spoilt(brokers, tmp_path, capsys)


@pytest.mark.machines
@pytest.mark.parametrize(
    ("side", "channels"),
    [*(("store", each) for each in STORE_SAYS), *(("cart", each) for each in CART_SAYS)],
    ids=lambda each: each if isinstance(each, str) else each[0],
)
def test_a_peer_that_answers_wrongly_fails_by_name(
    side: str, channels: list[str], spoilt: Spoilt
) -> None:
    """Of each channel that a peer spoils a rule that goes over it is broken."""
    printed = spoilt.failed(side, channels, more=[] if "telemetry" in channels else QUICK)
    found = {each for rule in broken(printed) for each in printed[rule]["channels"]}
    assert found >= set(channels)


@pytest.mark.machines
@pytest.mark.parametrize(
    ("trick", "found"),
    [
        ("--grants-all", {
            "an invented code opens none", "an app asks for its own shopper",
            "a code serves one shopper", "a code opens one trip",
            "a code that another has replaced opens none", "a code is good for its time alone",
        }),
        ("--shows-on", {"a code is good for its time alone"}),
    ],
)  # fmt: skip
def test_a_store_that_grants_codes_it_should_not_fails(
    trick: str, found: set[str], spoilt: Spoilt
) -> None:
    """A grant for whoever claims, invented, foreign, used or long gone, and a code that it takes
    for shown long after: each rule names it, and no other does."""
    assert broken(spoilt.failed("store", [], trick, more=[])).keys() == found


@pytest.mark.machines
@pytest.mark.parametrize(
    ("tricks", "found"),
    [
        (["--twist", "newer-epoch", "--twist", "other-trips", "--twist", "other-answers"], {
            "a birth is answered": "and the cart's newest is",
            "a code on the screen opens a trip": "asked again it grants trip-",
            "only its own sum is settled": "the same attempt is answered otherwise",
        }),
        (["--twist", "other-hash", "--pays-early"], {
            "a birth is answered": "the hash of row 0 is abab",
            "an epoch far above is no journal's": "is far too high, and has the hash abab",
            "a sum waits for its rows": "it answers before it has row 5",
        }),
    ],
    ids=["other", "early"],
)  # fmt: skip
def test_a_store_that_no_cart_could_use_fails(
    tricks: list[str], found: dict[str, str], spoilt: Spoilt
) -> None:
    """A cart would number its journal anew at each answer, or open one trip and pay another: the
    rule that names it says what it saw."""
    printed = broken(spoilt.failed("store", [], *tricks, more=QUICK))
    seen = {rule for rule, said in found.items() if said in printed.get(rule, "")}
    assert seen == found.keys(), printed


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
    side: str, trick: str, seen: str, spoilt: Spoilt
) -> None:
    """The connection of whoever checks is gone without a word: its own will counts, no other."""
    printed = spoilt.failed(side, [], trick, more=QUICK)
    assert any(seen in said for said in broken(printed).values())


@pytest.mark.machines
@pytest.mark.parametrize(
    ("side", "found"),
    [
        ("store", {"a code on the screen opens a trip", "an order is sent until it is answered"}),
        ("cart", {"a command is remembered", "a right grant opens a trip, and no other",
                  "a grant opens one trip"}),
    ],
)  # fmt: skip
def test_what_never_ends_fails(side: str, found: set[str], spoilt: Spoilt) -> None:
    """A store whose grants and orders are good for ten years, and a cart that does again what it
    did, signed as they may be."""
    assert broken(spoilt.failed(side, [], more=QUICK, resigns=True)).keys() >= found


@pytest.mark.machines
@pytest.mark.parametrize("trick", ["", "--no-will"])
@pytest.mark.parametrize("side", SIDES)
def test_who_is_cut_off_is_gone_by_its_will(
    side: str, trick: str, brokers: Brokers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check cuts the connection of what it checks, over MQTT 3.1.1, where a will comes at
    once; one whose will never comes is named."""
    relay = free_port()
    with ExitStack() as stack:
        behind, before = brokers
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
