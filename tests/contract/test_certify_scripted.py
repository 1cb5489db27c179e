"""The rules of `python -m cart contract check`, tried on peers of a few lines: one that goes on for
ever is found out in time, and what a good one may do is not taken for a fault."""

from __future__ import annotations

import argparse
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest
from msgspec import Raw

from cart import mqtt
from cart.commands import certify
from cart.commands.certify_bench import QUESTIONS_MAX
from cart.commands.certify_peer import Peer, RuleBroken
from cart.contract.goods import Get
from cart.contract.store import (
    CODE_LIFETIME_MS,
    FIRST_HASH,
    Birth,
    Entry,
    EventBatch,
    Packet,
    PairGrant,
    PairOffer,
    StoreState,
    chain_hash,
    decode,
    packet,
    parse,
    topic_of,
)
from cart.core.value import Value
from cart.shell.clock import monotonic_ms
from cart.shell.newest import wall_utc_ms
from rig.broker import Broker, free_port
from store.keys import signer_of
from tests.contract.bare_wire import dialled
from tests.store.shop import CART, STORE, TENANT
from tests.waiting import serving, until

MESSAGES_MAX = 2_000  # after so many a peer that goes on for ever stops: no test does
ROW = b'{"type":"trip_ended"}'
BIRTH = Birth("boot", 1, 2, 0, "1", 0)

Said = Iterable[tuple[str, Value]]
Plays = Callable[[str, bytes], Said]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker on loopback."""
    with Broker(tmp_path) as running:
        yield running


@contextmanager
def checking(side: str, broker: Broker, folder: Path, *more: str) -> Iterator[Peer]:
    """The check's own side of the wire, connected."""
    signer_of(folder)
    key = folder / ("store.key" if side == "cart" else "store.pub")
    parser = argparse.ArgumentParser()
    certify.add_arguments(parser)
    where = ["--broker", f"mqtt://127.0.0.1:{broker.port}", "--tenant", TENANT, "--store", STORE]
    what = ["--side", side, "--cart", CART, "--key", str(key), "--answer-ms", "500"]
    options = parser.parse_args([*where, *what, *more])
    certify._find_broker(options)
    rules = certify.SIDES[side]
    name, keys = rules.name(options), rules.keys(options)
    with closing(Peer(options, name, rules.HEARS, keys, rules.WILL)) as peer:
        peer.connect()
        yield peer


@contextmanager
def playing(
    port: int, hears: Iterable[str], plays: Plays, will: Packet | None = None
) -> Iterator[None]:
    """A peer that answers what it hears by `plays`, and asks it for "" at each turn."""
    here = mqtt.Endpoint("127.0.0.1", port)
    topics = [topic_of(name, TENANT, STORE, cart=CART) for name in hears]
    link = mqtt.Connection(here, "played", topics, monotonic_ms, Random(1), will)
    over: list[bool] = []

    def turn() -> None:
        came = [each for each in link.poll(2) if isinstance(each, mqtt.Incoming) and each.payload]
        heard = [(parse(each.topic).channel.name, each.payload) for each in came]
        for each in (("", b""), *heard):
            for name, message in plays(*each):
                link.publish(packet(name, message, TENANT, STORE, cart=CART))

    def live(_: object) -> None:
        while not over:
            turn()

    with closing(link):
        until(lambda: link.poll(2) and link.up, "it is connected")
        with serving(live, lambda: over.append(True)):
            yield


def tried(peer: Peer, side: str, name: str) -> str:
    """What a rule has seen. Raises RuleBroken."""
    return next(rule.try_it(peer) for rule in certify.SIDES[side].RULES if rule.name == name)


def test_a_cart_that_asks_for_ever_is_found_out(broker: Broker, tmp_path: Path) -> None:
    """It asks what time it is, again and again, and never for what it lacks."""
    numbers = count()

    def asks(channel: str, _: bytes) -> Said:
        if channel in {"catalog_head", "given"} and (number := next(numbers)) < MESSAGES_MAX:
            yield "get", Get(str(number), "time")

    with (
        playing(broker.port, ["catalog_head", "given"], asks),
        checking("cart", broker, tmp_path) as peer,
        pytest.raises(RuleBroken, match=f"no chunk, after {QUESTIONS_MAX} questions"),
    ):
        tried(peer, "cart", "what did not come is asked for")


def test_a_cart_that_repeats_itself_for_ever_is_found_out(broker: Broker, tmp_path: Path) -> None:
    """It answers each acknowledgement with the row that is acknowledged, and no other."""
    batches = count()
    known = EventBatch(1, (Entry(1, Raw(ROW), chain_hash(FIRST_HASH, ROW)),))

    def repeats(channel: str, _: bytes) -> Said:
        if channel == "store_state":
            yield "birth", BIRTH
        elif channel == "ack" and next(batches) < MESSAGES_MAX:
            yield "events", known

    with (
        playing(broker.port, ["store_state", "ack"], repeats),
        checking("cart", broker, tmp_path) as peer,
        pytest.raises(RuleBroken, match="known rows alone, no row 2"),
    ):
        tried(peer, "cart", "its rows are one chain")


def test_the_check_s_grants_are_good_for_as_long_as_a_grant_may_be(
    broker: Broker, tmp_path: Path
) -> None:
    """A cart may refuse one that is good for longer, and keeps the contract."""
    grants: list[PairGrant] = []

    def notes(channel: str, payload: bytes) -> Said:
        if channel == "store_state" and decode(StoreState, payload).online:
            yield from (("birth", BIRTH), ("pair_offer", PairOffer("a-nonce-of-ours")))
        elif channel == "pair_grant":
            grants.append(decode(PairGrant, payload))

    with (
        playing(broker.port, ["store_state", "pair_grant"], notes),
        checking("cart", broker, tmp_path) as peer,
        pytest.raises(RuleBroken, match="rows of a trip"),
    ):
        tried(peer, "cart", "a right grant opens a trip, and no other")
    assert len(grants) == 4
    assert all(each.expires_utc_ms <= wall_utc_ms() + CODE_LIFETIME_MS for each in grants)


def test_a_store_that_says_it_is_online_until_it_is_cut_off_has_its_last_will(
    broker: Broker, tmp_path: Path
) -> None:
    """Over MQTT 3.1.1 a store says so now and then: that is not its last will, which follows."""
    will = packet("store_state", StoreState("boot", online=False), TENANT, STORE)

    def insists(_: str, __: bytes) -> Said:
        yield "store_state", StoreState("boot", online=True)

    relay = free_port()
    with (
        checking("store", broker, tmp_path, "--relay", f"127.0.0.1:{relay}") as peer,
        playing(relay, [], insists, will),
    ):
        assert "boot is offline" in tried(peer, "store", "its last will says that it is gone")


def test_who_falls_may_have_fallen_before() -> None:
    """The broker cut the connection a moment ago, and nobody has noticed: falling is no mistake."""
    with dialled() as (link, wire):
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
        link.fall()
