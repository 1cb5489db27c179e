"""Nothing that a peer says ends the store or blocks it for good: it refuses that one thing, says so
by name, and serves the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, TypeVar, get_args

import msgspec
import pytest
from msgspec.structs import replace

from cart import mqtt
from cart.contract.store import (
    FIRST_HASH,
    Ack,
    Birth,
    Entry,
    EventBatch,
    Packet,
    PairGrant,
    PayAnswer,
    PayRequest,
    chain_hash,
    decode,
    packet,
    topic_of,
)
from cart.core.events import (
    CatalogAdopted,
    CheckoutStarted,
    Event,
    FeeChosen,
    PaymentRequested,
    TimeNoted,
    TripBound,
    TripOpened,
)
from cart.core.value import Value
from store import catalogs, disputes, moving, show, trips
from store.__main__ import main as store_main
from store.authority import Authority
from store.database import open_database, transaction
from store.keys import signer_of
from store.news import Fleet
from store.orders import Orders
from store.provisioning import Provisioning
from store.service import RETRY_MS_MAX, UP_CHANNELS, Service
from tests.data import ROOT
from tests.store.odd_facts import OddFacts
from tests.store.shop import CART, CATALOG, STORE, TENANT, item
from tests.store.simulated import Air, Wire, World

Said = TypeVar("Said", Ack, PayAnswer)
SAMPLES = ROOT / "tests/contract/samples"
BORN = Birth("boot-1", 1, 0, 0, "0", 0)
# What overflows a column, a product of two numbers, or the decimal text of a number.
EXTREMES = (-1, 2**62, 92_233_720_368_548, 2**63 - 1, 2**63, 2**70, 10**300)


class Store:
    """A service that never waits, on an air of its own, with an authority that let one cart in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_ms, self.air = folder, 1_800_000_000_000, Air()
        self.database, signer = open_database(folder), signer_of(folder)
        self.provisioning = Provisioning(Authority(folder / "authority"), self.clock)
        self.provisioning.register(CART)
        simulated: type[Service] = type(
            "Simulated", (Service,), {"connects": type("End", (Wire,), {"air": self.air})}
        )
        fleet = Fleet(self.provisioning, Orders(folder, signer, self.clock))
        self.service = simulated(
            mqtt.Endpoint("127.0.0.1", 1), TENANT, STORE, self.database, signer,
            self.clock, self.clock, fleet,
        )  # fmt: skip
        self.turn()

    def clock(self) -> int:
        """Both clocks."""
        return self.now_ms

    def turn(self) -> None:
        """The next turn, a while later."""
        self.now_ms += RETRY_MS_MAX
        self.service.turn(0, lambda: None)

    def hear(self, channel: str, *payloads: bytes, cart: str = CART) -> None:
        """A cart says these; the service takes them at its next turn."""
        topic = topic_of(channel, TENANT, STORE, cart=cart)
        for payload in payloads:
            self.air.take(Packet(topic, payload))

    def tell(self, trip_id: str, *facts: Value | bytes, cart: str = CART, epoch: int = 1) -> int:
        """A cart's journal is one trip with these facts, and asks to be paid; its last row."""
        opened = (CatalogAdopted(0, CATALOG.version, ""), TripOpened(1, trip_id))
        entries: list[Entry] = []
        for fact in (*opened, *facts):
            event = fact if isinstance(fact, bytes) else msgspec.json.encode(fact)
            before = entries[-1].hash if entries else FIRST_HASH
            row_hash = chain_hash(before, event)
            entries.append(Entry(len(entries) + 1, msgspec.Raw(event), row_hash))
        asked = PayRequest(trip_id, 1, -1, epoch, len(entries))
        self.hear("events", msgspec.json.encode(EventBatch(epoch, tuple(entries))), cart=cart)
        self.hear("pay_request", msgspec.json.encode(asked), cart=cart)
        return len(entries)

    def said(self, channel: str, kind: type[Said]) -> list[Said]:
        """What it said to the cart lately."""
        topic = topic_of(channel, TENANT, STORE, cart=CART)
        return [decode(kind, each.payload) for each in self.air.last if each.topic == topic]

    def greeted(self, born: Birth = BORN) -> Ack:
        """How it answers a cart's greeting: it lives."""
        self.turn()
        self.air.last.clear()
        self.hear("birth", msgspec.json.encode(born))
        self.turn()
        (ack,) = self.said("ack", Ack)
        return ack


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store, to be closed."""
    made = Store(tmp_path)
    with transaction(made.database):
        catalogs.add(made.database, CATALOG)
    with closing(made.database):
        yield made
        for wire in list(made.air.wires):
            wire.cut()
            wire.close()


def extremes_of(sample: bytes) -> Iterator[bytes]:
    """The message once for each number in it and each extreme."""
    tree = msgspec.json.decode(sample)
    for put in _places(tree):
        for extreme in EXTREMES:
            before = put(extreme)
            yield msgspec.json.encode(tree)
            put(before)


def _places(node: Any) -> Iterator[Callable[[int], int]]:  # noqa: ANN401 - any JSON
    """How to replace each number below a node, which gives the one before."""
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            if type(node[key]) is int:

                def put(value: int, key: Any = key) -> int:  # noqa: ANN401 - of either
                    before, node[key] = node[key], value
                    return int(before)

                yield put
            yield from _places(node[key])


def test_no_number_of_a_message_ends_the_store(store: Store) -> None:
    """Each number of each message that a cart may send, as large or as small as JSON has them."""
    for channel in UP_CHANNELS:
        for path in SAMPLES.glob(f"{channel}.*.json"):
            store.hear(channel, *extremes_of(path.read_bytes()))
    assert store.greeted().epoch == BORN.epoch


def test_a_chunk_that_no_catalog_has_is_refused(store: Store) -> None:
    """Of numbers a head has a thousand, so an offset never overflows."""
    asked = {"correlation": "a", "what": "chunk", "sha256": "0" * 64}
    for number in (999, 1_000, 92_233_720_368_548):
        store.hear("get", msgspec.json.encode({**asked, "number": number}))
    store.turn()
    given = topic_of("given", TENANT, STORE, cart=CART)
    assert [each.topic for each in store.air.last].count(given) == 1


BAG = FeeChosen(3, "bag", "Bag", 1, 10)
IMPOSSIBLE: dict[str, Value] = {
    "rate_ppm -1099511627776": FeeChosen(3, "bag", "Bag", 2, 1, -(2**40)),
    "amount_minor 4611686018427387904": FeeChosen(3, "bag", "Bag", 1, 2**62),
    "tax on 1 x -500000": FeeChosen(3, "bag", "Bag", 1, -500_000, 70_000),
    "fee bag: quantity 4611686018427387904": FeeChosen(3, "bag", "Bag", 2**62, 10),
    "more than 10000 pieces": FeeChosen(3, "tin", "Tin", 10_000, 10),
    "opened_at: '2026-02-30T25:61'": TimeNoted(3, "2026-02-30T25:61"),
    "line L1: mass_mg -1": replace(item(1), mass_mg=-1),
    "line: one of 2": item(0),
    "version 9223372036854775807 is not": CatalogAdopted(3, 1, "", 2**63 - 1),
}


def test_what_no_receipt_can_be_added_up_of_is_named(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fact that can't be is acknowledged and kept. The trip says what is wrong with it: as its
    cart greets, is to be paid, and to a person; the next trip is added up as ever."""
    trip_of = {wrong: f"trip-{number}" for number, wrong in enumerate(IMPOSSIBLE, 1)}
    for epoch, (wrong, trip_id) in enumerate(trip_of.items(), 1):
        asked = (CheckoutStarted(4), PaymentRequested(4, trip_id, 1, 149))
        upto_seq = store.tell(trip_id, item(0), BAG, IMPOSSIBLE[wrong], *asked, epoch=epoch)
        store.turn()
        (refused,) = store.said("pay_answer", PayAnswer)
        assert (refused.outcome, wrong in refused.reason) == ("mismatch", True)
        assert store.greeted(replace(BORN, epoch=epoch)).upto_seq == upto_seq
    store.tell("trip-good", item(0), epoch=epoch + 1)
    store.turn()
    (summed,) = store.said("pay_answer", PayAnswer)
    assert summed.receipt is not None
    with transaction(store.database):
        problems = {row["trip_id"]: row["problem"] for row in show.trip_rows(store.database)}
        said = {row["trip_id"]: row["store_says"] for row in disputes.rows(store.database)}
    assert problems.pop("trip-good") == ""
    for named in (problems, said):
        assert [wrong in named[trip_id] for wrong, trip_id in trip_of.items()] == [True] * len(
            named
        )
    assert store_main(["receipt", "--data", str(store.folder), "trip-1"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_odd_facts_of_every_kind_end_nothing(store: Store) -> None:
    """Journals of random facts: each cart is greeted and asks to be paid, every trip is listed, and
    every receipt that there is can be shown."""
    odd = OddFacts(Random(7), tuple(product.sku for product in CATALOG.products))
    shown = 0
    for number, kind in enumerate(get_args(Event)):
        facts = (item(0), odd.fact(kind), odd.changed(msgspec.json.encode(item(1))))
        store.tell(f"trip-{number}", *facts, epoch=number + 1)
        store.hear("birth", msgspec.json.encode(replace(BORN, epoch=number + 1)))
    store.turn()
    with transaction(store.database):
        rows = {row["trip_id"]: row for row in show.trip_rows(store.database)}
        assert isinstance(disputes.rows(store.database), list)
        for trip in trips.all_trips(store.database):
            if not rows[trip.trip_id]["problem"]:
                priced = trips.priced(store.database, trip)
                shown += 1
                show.print_receipt(priced, as_json=shown > 9)  # tables are slow
    assert 0 < shown < len(rows)


def test_no_epoch_takes_the_last_numbers(store: Store) -> None:
    """Rows of a journal that is numbered far above the known ones are not taken, so there is always
    a number for the cart's next journal; one from elsewhere may begin high."""
    for epoch in (2**33, 2**62, 2**63 - 1):
        store.tell("trip-x", item(0), epoch=epoch)
    assert store.greeted().newest_epoch == 1
    checked = 1_800_000_000  # where a check of the contract begins, so that it meets no journal
    upto_seq = store.tell("trip-y", item(0), epoch=checked)
    assert store.greeted(replace(BORN, epoch=checked)).upto_seq == upto_seq
    assert store.greeted().newest_epoch == checked


def test_a_cart_far_above_counts_on_from_what_the_store_knows(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Its store forgot the journals before: the cart numbers its own anew, and nothing is lost. A
    store that leaves it no number is refused aloud."""
    world = World(tmp_path)
    request.addfinalizer(world.close)
    world.put("tomatoes")
    world.journal.begin_epoch(2**61)
    world.kill_cart()
    world.pass_time(10_000)
    assert world.journal.acked_seq == world.journal.last_seq > 0
    assert world.journal.epoch == 2
    refused = world.loop._state.inputs_refused
    for newest_epoch in (2**62, 2**63 - 1):
        odd = Ack(world.journal.epoch, 0, newest_epoch=newest_epoch, utc_ms=1)
        world.air.take(packet("ack", odd, TENANT, STORE, cart=CART))
        world.pass_time(1_000)
    assert world.journal.epoch == 2
    assert world.loop._state.inputs_refused == refused + 2


def test_a_trip_that_was_told_anew_as_impossible_moves_nowhere(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A person has moved it, and then its cart tells under another number what can't be: the new
    cart gets nothing, and the service goes on."""
    store.provisioning.register("cart-2")
    store.tell("trip-1", item(0))
    store.hear("pair_offer", b'{"nonce":"nonce-0001"}', cart="cart-2")
    store.turn()
    with transaction(store.database):
        moving.ask(store.database, CART, "cart-2", store.now_ms)
    store.tell("trip-1", IMPOSSIBLE["rate_ppm -1099511627776"], epoch=2)
    store.turn()
    store.turn()
    assert "trip-1: no receipt can be added up: fee bag: rate_ppm" in caplog.text


def test_a_shopper_in_two_lines_moves_as_nobody(store: Store) -> None:
    """A name with a new line would stand in a signed text as two values; no grant has given it."""
    store.provisioning.register("cart-2")
    store.hear("pair_offer", b'{"nonce":"nonce-0001"}', cart="cart-2")
    store.tell("trip-1", TripBound(2, "trip-2", "ann\nmember"), TripBound(3, "trip-3", "a b"))
    store.turn()
    with transaction(store.database):
        moving.ask(store.database, CART, "cart-2", store.now_ms)
    store.air.last.clear()
    for _ in range(3):
        store.turn()
    granted = [each for each in store.air.last if each.topic.endswith("cart-2/down/pair")]
    assert {decode(PairGrant, each.payload).shopper for each in granted} == {""}
