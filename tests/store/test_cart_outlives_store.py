"""Nothing that a store says ends its cart, though it is truly signed: the cart refuses it, says so,
and shops on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from cart.contract.fleet import Command, DesiredConfig
from cart.contract.goods import CatalogHead, Published
from cart.contract.lines import ContractError
from cart.contract.signing import (
    command_text,
    config_text,
    grant_text,
    head_text,
    published_text,
)
from cart.contract.store import (
    BY_NAME,
    FIRST_HASH,
    Ack,
    Birth,
    Packet,
    PairGrant,
    PairOffer,
    StoreState,
    decode,
    packet,
    topic_of,
)
from cart.core.events import CommandTaken
from cart.core.observations import CommandArrived, InputRefused
from cart.core.value import Value
from cart.shell.store_link import HEARD
from cart.shell.store_rows import RENUMBER_MS_MAX
from store.orders import HOUR_MS
from tests.store.shop import CART, STORE, TENANT
from tests.store.simulated import BEGIN_UTC_MS, World
from tests.store.test_outlives_peers import SAMPLES, extremes_of

# Numbers that the kept samples lack.
FULL = {
    "ack": (
        b'{"epoch":1,"upto_seq":0,"newest_epoch":1,"utc_ms":5,"local_offset_ms":1,"credit":50}',
    ),
    "given": (b'{"correlation":"time","utc_ms":5}',),
}
# The text that the store's signature covers, by what it signs.
SIGNED: dict[type[Value], Callable[[Any], bytes]] = {
    CatalogHead: lambda head: head_text(TENANT, STORE, head),
    Published: lambda published: published_text(TENANT, STORE, published),
    PairGrant: lambda grant: grant_text(CART, grant),
    Command: lambda command: command_text(CART, command),
    DesiredConfig: lambda config: config_text(CART, config),
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A cart in the middle of a trip, and its store."""
    made = World(tmp_path)
    made.put("tomatoes")
    yield made
    made.close()


def signed(world: World, kind: type[Value], payload: bytes) -> bytes:
    """The same by the store's own hand, if it is a message at all."""
    try:
        message: Any = decode(kind, payload)
    except ContractError:
        return payload
    if isinstance(message, PairGrant):
        offered = world.air.said("pair_offer", PairOffer)
        message = replace(message, nonce=offered.nonce if offered else message.nonce)
    for what, text in SIGNED.items():
        if isinstance(message, what):
            message = replace(message, signature=world.signer.sign(text(message)))
            return msgspec.json.encode(message)
    return payload


def said(world: World) -> Iterator[Packet]:
    """Each message that a store may send once for each number in it and each extreme."""
    names = {"cart": CART, "claim": CART, "file": "timestamp", "version": "2"}
    for name in (*HEARD, "catalog_delta"):
        samples = [path.read_bytes() for path in SAMPLES.glob(f"{name}.*.json")]
        for sample in (*samples, *FULL.get(name, ())):
            for payload in extremes_of(sample):
                topic = topic_of(name, TENANT, STORE, **names)
                yield Packet(topic, signed(world, BY_NAME[name].message or Value, payload))


def test_no_number_of_a_message_ends_the_cart(world: World) -> None:
    """As large or as small as JSON has them, as the cart greets its store and as it shops; what
    time it is there it can say after each."""
    for message in said(world):
        for online in (False, True) if message.topic.endswith("/ack") else ():
            world.air.take(packet("store_state", StoreState("boot-x", online), TENANT, STORE))
        world.link.turn(0)
        world.air.take(message)
        world.link.turn(0)
        world.loop.think(world.inbox.take(0), lambda: None)
        assert isinstance(world.loop._state.local_time, str)
    world.touch("pay_start")
    world.pass_time(10_000)
    assert world.journal.acked_seq == world.journal.last_seq


def test_an_order_waits_for_the_store_s_time(world: World) -> None:
    """A cart that was told no time yet can't say whether an order is too late: it refuses it, and
    does it when it comes again."""
    world.begin_cart_anew()
    order = Command("c-1", "lock", BEGIN_UTC_MS + world.now_ms + HOUR_MS, "")
    order = replace(order, signature=world.signer.sign(command_text(CART, order)))
    world.link.turn(0)
    world.air.take(packet("command", order, TENANT, STORE, cart=CART))
    world.link.turn(0)
    seen = world.inbox.take(0)
    assert not any(isinstance(each, CommandArrived) for each in seen)
    refused = [each.reason for each in seen if isinstance(each, InputRefused)]
    assert any("before the store told the time" in reason for reason in refused)
    world.see(*seen)
    world.pass_time(5_000)
    world.air.take(packet("command", order, TENANT, STORE, cart=CART))
    world.pass_time(5_000)
    taken = [each for each in world.journal.events() if isinstance(each, CommandTaken)]
    assert [each.cmd_id for each in taken] == ["c-1"]


def answers_births(world: World, *, epochs_above: int, row_hash: str) -> None:
    """As a bad store does, in place of the good one."""
    topic = topic_of("birth", TENANT, STORE, cart=CART)
    heard = [decode(Birth, each.payload) for each in world.air.last if each.topic == topic]
    world.air.last.clear()
    for birth in heard:
        newest = birth.epoch + epochs_above
        ack = Ack(birth.epoch, 0, hash=row_hash, newest_epoch=newest, utc_ms=BEGIN_UTC_MS)
        world.air.take(packet("ack", ack, TENANT, STORE, cart=CART))


@pytest.mark.parametrize(("epochs_above", "row_hash"), [(7, FIRST_HASH), (0, "ab" * 32)])
def test_a_store_that_disowns_every_journal_is_told_to_rarely(
    epochs_above: int, row_hash: str, world: World
) -> None:
    """The cart numbers its journal anew at once, and where that is no help later and later; it says
    so once, and is offline meanwhile. Once the store is mended nothing was lost."""
    births = topic_of("birth", TENANT, STORE, cart="+")
    store = world.service._connection
    store.unsubscribe(births)
    world.kill_cart()
    epochs, refused = [world.journal.epoch], world.loop._state.inputs_refused
    for _ in range(300):
        world.turn()
        answers_births(world, epochs_above=epochs_above, row_hash=row_hash)
        world.turn()
        epochs.append(world.journal.epoch)
        world.pass_time(1_000)
    assert epochs[1] > epochs[0]
    assert len({*epochs}) == 1 + 9  # after 0, 2, 6, 14, 30, 62, 122, 182 and 242 s
    assert world.loop._state.inputs_refused == refused + 1
    assert not world.loop._state.online
    store.subscribe(births)
    world.pass_time(RENUMBER_MS_MAX + 5_000)
    assert world.journal.acked_seq == world.journal.last_seq > 0
    assert world.loop._state.online
