"""Shopping for hours while cart, store and network break: a plain list says what must be there.

One process, the real parts, a clock moved by hand: each hour of a cart takes seconds. What the
journal once held stays, the store has exactly that, once and in order, and each trip is paid once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cart.core.basket import Basket, fold
from cart.core.events import PaymentSettled, TripBound, TripOpened
from store import trips
from tests.store.simulated import Wire, World
from tests.unit.mind_world import MASSES_MG

# `make storm` asks for many; the suite for a few.
CART_HOURS = int(os.environ.get("DASHCART_CART_HOURS", "1"))
IS_SMALL = CART_HOURS == 1
STEPS = 40
HOUR_MS = 3_600_000
SETTLED_WITHIN_MS = 120_000
SHOPPERS = ("ann", "bob")
SKUS = st.sampled_from(("tomatoes", "pasta", "rice"))


class Shopping(RuleBasedStateMachine):
    """What shoppers do and what breaks. `rows` are the journal's, `inside` lies in the cart."""

    lived_ms: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="dashcart-"))
        self.world = World(self.folder)
        self.began_ms = self.world.now_ms
        self.rows: list[str] = []
        self.inside: list[str] = []
        self.settled = 0

    @property
    def basket(self) -> Basket:
        """What the cart's journal says."""
        return fold(self.world.journal.events())

    @property
    def is_shopping(self) -> bool:
        """Whether goods may come and go: not while a sum is asked for."""
        return self.basket.phase in {"idle", "shopping", "checkout"}

    def live(self, span_ms: int, step_ms: int = 1_000) -> None:
        """Time passes; who has paid leaves, also when the store's word came late."""
        self.world.pass_time(span_ms, step_ms)
        facts = self.world.journal.events()
        settled = sum(isinstance(fact, PaymentSettled) for fact in facts)
        if settled > self.settled:
            self.settled = settled
            self.world.weigh(-self.world.load_mg)
            self.inside.clear()
            self.world.touch("done")
            self.world.pass_time(10_000)

    @precondition(lambda self: self.is_shopping)
    @rule(sku=SKUS)
    def put(self, sku: str) -> None:
        """A good goes in."""
        self.world.put(sku)
        self.inside.append(sku)
        self.live(3_000)

    @precondition(lambda self: self.inside and self.is_shopping)
    @rule(place=st.integers(0, 99))
    def take_out(self, place: int) -> None:
        """A good comes out again."""
        sku = self.inside.pop(place % len(self.inside))
        self.world.take_out(sku)
        self.live(3_000)

    @rule(shopper=st.sampled_from(SHOPPERS))
    def pair(self, shopper: str) -> None:
        """An app claims the code on the screen."""
        self.world.pair(shopper)
        self.live(1_000)

    @precondition(lambda self: self.inside and self.is_shopping)
    @rule(patience_ms=st.sampled_from((1_000, 20_000)))
    def pay(self, patience_ms: int) -> None:
        """To the checkout, and paid if the store can be reached; else the shopper goes on."""
        self.world.touch("pay_start")
        self.world.touch("pay_confirm")
        self.live(patience_ms)
        if self.basket.phase in {"checkout", "paying"}:
            self.world.touch("keep_shopping")

    @rule(minutes=st.integers(1, 20))
    def idle(self, minutes: int) -> None:
        """The cart stands somewhere."""
        for _ in range(minutes):
            self.live(60_000, step_ms=20_000)

    @rule(end=st.sampled_from(("cart", "store")))
    def cut(self, end: str) -> None:
        """One end loses its network; what was on its way is gone."""
        link, service = self.world.link._connection, self.world.service._connection
        wire = link if end == "cart" else service
        assert isinstance(wire, Wire)
        wire.cut()
        self.live(1_000)

    @rule()
    def restore(self) -> None:
        """All networks are good."""
        self.world.restore()
        self.live(3_000)

    @rule(seed=st.integers(0, 9))
    def repeat(self, seed: int) -> None:
        """What was said lately is said again, in another order."""
        self.world.air.repeat(Random(seed))
        self.live(1_000)

    @rule()
    def kill_cart(self) -> None:
        """SIGKILL to the cart, and a fresh start."""
        self.world.kill_cart()
        self.live(1_000)

    @rule()
    def kill_store(self) -> None:
        """SIGKILL to the store, and a fresh start."""
        self.world.kill_store()
        self.live(1_000)

    @invariant()
    def nothing_is_lost_doubled_or_moved(self) -> None:
        """The journal only grows; the store has its first rows, once and in order."""
        rows = [entry.hash for entry in self.world.journal.entries_after(0, -1)]
        assert rows[: len(self.rows)] == self.rows
        self.rows = rows
        stored = self.world.stored()
        assert stored == rows[: len(stored)]
        assert self.world.journal.acked_seq <= len(stored)
        assert self.world.journal.epoch == 1

    @invariant()
    def the_receipt_is_what_lies_in_the_cart(self) -> None:
        """Line by line, whatever was cut or killed in between."""
        skus = [line.sku for line in self.basket.lines for _ in range(line.quantity)]
        if self.basket.phase in {"shopping", "checkout", "paying"}:
            assert sorted(skus) == sorted(self.inside)
        assert self.world.load_mg == sum(MASSES_MG[sku] for sku in self.inside)

    @invariant()
    def each_trip_is_paid_once(self) -> None:
        """The store's payments are of trips of the journal; what the cart says is paid, is."""
        facts = self.world.journal.events()
        paid = self.world.paid()
        assert len({trip for trip, _ in paid}) == len(paid)
        assert {trip for trip, _ in paid} <= {
            fact.trip_id for fact in facts if isinstance(fact, TripOpened | TripBound)
        }
        settled = [fact for fact in facts if isinstance(fact, PaymentSettled)]
        assert len(settled) <= len(paid)

    def teardown(self) -> None:
        """In the end all is well: then the store has everything, and folds it as the cart does."""
        world = self.world
        try:
            world.restore()
            self.live(SETTLED_WITHIN_MS)
            self.nothing_is_lost_doubled_or_moved()
            assert world.stored() == self.rows
            assert world.journal.acked_seq == len(self.rows)
            with world.database.begin():
                trip = trips.open_at(world.database, "cart-1")
                if trip is not None:
                    assert trips.fold_of(world.database, trip, 1 << 40).lines == self.basket.lines
        finally:
            Shopping.lived_ms += world.now_ms - self.began_ms
            world.close()
            shutil.rmtree(self.folder)


def test_nothing_is_lost_however_shopping_goes() -> None:
    """Until so many hours of carts were lived through."""
    Shopping.lived_ms = 0
    few = settings(
        max_examples=2 if IS_SMALL else 50, stateful_step_count=STEPS, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), derandomize=IS_SMALL,
        phases=(Phase.generate,),
    )  # fmt: skip
    while Shopping.lived_ms < CART_HOURS * HOUR_MS:
        run_state_machine_as_test(Shopping, settings=few)


@pytest.mark.parametrize("jump_ms", [HOUR_MS, -HOUR_MS, 48 * HOUR_MS, -30 * 365 * 24 * HOUR_MS])
def test_a_shopper_pairs_and_pays_whatever_the_store_s_clock_does(
    jump_ms: int, tmp_path: Path
) -> None:
    """Its wall clock jumps in mid-connection: codes on the screen are still claimed, the trip is
    paid, and the durations of the cart (how long thanks are shown) go by its own clock."""
    world = World(tmp_path)
    world.skew_ms = jump_ms
    world.pass_time(2_000)
    for _ in range(10):
        world.pair("ann")
        world.pass_time(6_000)
    basket = fold(world.journal.events())
    world.put("rice")
    world.touch("pay_start")
    world.touch("pay_confirm")
    world.pass_time(3_000)
    paid = world.paid()
    world.weigh(-world.load_mg)
    world.pass_time(120_000)
    phase = fold(world.journal.events()).phase
    world.close()
    assert (basket.shopper, len(paid), phase) == ("ann", 1, "idle")
