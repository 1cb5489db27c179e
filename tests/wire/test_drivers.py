"""What every driver of the table must do, whatever its scale speaks, on good and bad wires.

A new driver is a row in `DRIVERS` and a peer in scale_peers.py; everything here then holds for it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales import DRIVERS, open_driver
from firmware_bridge.scales.base import (
    LoadLive,
    LoadMoving,
    LoadSettled,
    LossReason,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
)
from tests.wire.scale_peers import PEERS
from tests.wire.wires import WIRES, LossyWire, Wire, changes_mg, only

STEP_MS = 5
GOOD_WIRES = sorted(set(WIRES) - {"lossy"})
MILLION = 1_000_000


class Bench:
    """A driver and its scale on a cable, in simulated time. `events` is all the driver said."""

    def __init__(self, name: str, make: Callable[[int], Wire] = WIRES["perfect"]) -> None:
        self.scale = open_driver(name, calibration=NOMINAL)
        self.peer = PEERS[name]()
        self.events: list[ScaleEvent] = []
        self.now_ms = 0
        self._down, self._up = make(1), make(2)
        self.extra = b""

    def run(self, duration_ms: int) -> list[ScaleEvent]:
        """Let time pass; what the driver said in it."""
        first = len(self.events)
        for _ in range(duration_ms // STEP_MS):
            self.now_ms += STEP_MS
            asked = self._down.carry(self.scale.to_send(self.now_ms), self.now_ms)
            said = self.extra + self.peer.turn(asked, self.now_ms)
            self.extra = b""
            heard = self._up.carry(said, self.now_ms)
            self.events += self.scale.receive(heard, self.now_ms)
        return self.events[first:]

    def put(self, mass_mg: int) -> list[ScaleEvent]:
        """Change the load, and wait until it must be settled."""
        self.peer.put(mass_mg, self.now_ms)
        return self.run(4_000)


@pytest.fixture(params=sorted(DRIVERS))
def name(request: pytest.FixtureRequest) -> str:
    """Each driver in turn."""
    driver: str = request.param
    return driver


def test_each_driver_has_its_peer() -> None:
    """No driver stays without this test."""
    assert set(PEERS) == set(DRIVERS)


@pytest.mark.parametrize("wire", GOOD_WIRES)
def test_a_load_is_said_first_then_each_change_once(name: str, wire: str) -> None:
    """Rest, an item in, the item out: moving, then settled, each with before and after."""
    bench = Bench(name, WIRES[wire])
    (first,) = only(LoadSettled, bench.run(4_000))
    assert first.before_mg == first.after_mg == pytest.approx(0, abs=600)
    assert not only(LoadMoving, bench.events)
    for mass_mg in (1_250_000, 250_000):
        before = bench.now_ms
        said = bench.put(mass_mg)
        (moving,), (settled,) = only(LoadMoving, said), only(LoadSettled, said)
        assert settled.after_mg == pytest.approx(mass_mg, abs=600)
        assert moving.sensed_ms == settled.onset_ms
        assert before - 200 <= settled.onset_ms < settled.sensed_ms <= bench.now_ms
        assert said.index(moving) < said.index(settled)
        assert settled.uncertainty_mg <= 5_000
    assert changes_mg(bench.events) == pytest.approx(250_000, abs=1_000)
    assert not only(ScaleLost, bench.events)


@pytest.mark.parametrize("seed", [1, 4, 28, 48])
def test_a_lossy_wire_costs_time_and_invents_nothing(name: str, seed: int) -> None:
    """A fifth of the pieces are lost and some bent: every settled mass is one that was there."""
    bench = Bench(name, lambda end: LossyWire(7 * seed + end))
    bench.run(4_000)
    there = [0, 1_250_000, 250_000, 999_000, 0]
    for mass_mg in there[1:]:
        bench.put(mass_mg)
    bench.run(8_000)
    settled = only(LoadSettled, bench.events)
    assert settled[-1].after_mg == pytest.approx(0, abs=600)
    assert changes_mg(bench.events) == pytest.approx(0, abs=1_000)
    for event in settled:
        assert any(event.after_mg == pytest.approx(mass_mg, abs=600) for mass_mg in there)


def test_the_live_mass_is_slow_and_stable_only_at_rest(name: str) -> None:
    """At most five a second, and never called stable with a mass that did not settle."""
    bench = Bench(name)
    bench.run(2_000)
    live = only(LoadLive, bench.put(1_250_000) + bench.run(1_000))
    times = [event.sensed_ms for event in live]
    assert all(later - sooner >= 195 for sooner, later in itertools.pairwise(times))
    assert live[-1].stable
    assert all(
        any(event.mass_mg == pytest.approx(mass_mg, abs=600) for mass_mg in (0, 1_250_000))
        for event in live
        if event.stable
    )


def test_a_million_random_bytes_are_no_mass(name: str) -> None:
    """No exception, no mass, the loss said once; the scale is then heard again as before."""
    bench, dice = Bench(name), random.Random(6)
    bench.peer.off = True
    bench.run(100)
    for _ in range(MILLION // 2_000):
        bench.extra = dice.randbytes(2_000)
        bench.run(20)
    assert [type(event) for event in bench.events] == [ScaleLost]
    assert bench.scale.bad_frames > 100
    bench.peer.off = False
    assert only(ScaleBack, bench.run(4_000))
    (settled,) = only(LoadSettled, bench.put(1_250_000))
    assert settled.after_mg == pytest.approx(1_250_000, abs=600)


def test_noise_between_frames_costs_no_rest(name: str) -> None:
    """Bursts of junk, each counted; the load at rest stays what it was and changes are found."""
    bench, dice = Bench(name), random.Random(7)
    bench.run(2_000)
    for _ in range(20):
        bench.extra = dice.randbytes(40)
        bench.run(500)
    settled = only(LoadSettled, bench.events)
    assert all(event.after_mg == pytest.approx(0, abs=600) for event in settled)
    assert bench.scale.bad_frames > 0
    bench.put(1_250_000)
    assert only(LoadSettled, bench.events)[-1].after_mg == pytest.approx(1_250_000, abs=600)


def test_a_scale_without_power_is_lost_once_and_comes_back(name: str) -> None:
    """Silence is a loss within three seconds; after it the load is settled anew."""
    bench = Bench(name)
    bench.run(2_000)
    bench.peer.off = True
    (lost,) = only(ScaleLost, bench.run(3_000))
    assert lost.reason is LossReason.SILENT
    assert not only(LoadSettled, bench.put(1_250_000))
    bench.peer.off = False
    said = bench.run(4_000)
    (back,), (settled,) = only(ScaleBack, said), only(LoadSettled, said)
    assert said.index(back) < said.index(settled)
    assert settled.after_mg - settled.before_mg == pytest.approx(1_250_000, abs=600)


@pytest.mark.parametrize("name", sorted(set(DRIVERS) - {"iio"}))  # a folder is no wire
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (lambda _dice: b"", "says nothing"),
        (lambda dice: dice.randbytes(200), "bytes arrive, but they"),
        (lambda _dice: b"+0000.512 kg\r\n", "bytes arrive, but they"),
    ],
    ids=["silence", "noise", "another device"],
)
def test_a_wrong_device_is_no_silence(
    name: str, said: Callable[[random.Random], bytes], words: str
) -> None:
    """Who looks for the fault is told whether anything comes over the wire at all."""
    bench, dice = Bench(name), random.Random(6)
    bench.peer.off = True
    for _ in range(150):
        bench.extra = said(dice)
        bench.run(20)
    (lost,) = bench.events
    assert isinstance(lost, ScaleLost)
    assert words in lost.detail


def test_a_port_that_goes_is_said_once(name: str) -> None:
    """The caller may tell it again and again; what changed meanwhile is found when it is back."""
    bench = Bench(name)
    bench.run(2_000)
    gone = [event for now_ms in range(0, 2_000, 250) for event in bench.scale.lost(now_ms)]
    assert [event.reason for event in only(ScaleLost, gone)] == [LossReason.PORT]
    bench.peer.put(250_000, bench.now_ms)
    said = bench.run(4_000)
    assert len(only(ScaleBack, said)) == 1
    assert only(LoadSettled, said)[-1].after_mg == pytest.approx(250_000, abs=600)
