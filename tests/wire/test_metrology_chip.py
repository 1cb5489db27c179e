"""A chip with four corners, accelerometer and thermometer, through the driver: what it says."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from firmware_bridge.frames import Frame, encode
from firmware_bridge.messages import Fault, FaultCode
from firmware_bridge.metrology.calibration import NOMINAL_CORNERS
from firmware_bridge.scales.base import (
    CornerBad,
    LoadPending,
    LoadSettled,
    LossReason,
    ScaleEvent,
    ScaleLost,
    Weighed,
)
from firmware_bridge.scales.chip import ChipScale
from rig.bench import bridge
from rig.chip import SimulatedChip
from rig.platform import PLACES, Platform
from tests.wire.wires import only

GRAM = 1_000
STEP_MS = 5


class Torn(Platform):
    """One corner's converter repeats its last count for ever."""

    hung: int | None = None

    def row(self, t_s: float) -> tuple[int, ...]:
        row = super().row(t_s)
        if self.hung is None:
            return row
        return (*row[: self.hung], 4_711, *row[self.hung + 1 :])


class Cart:
    """A platform, its chip and the driver, in simulated time."""

    def __init__(self) -> None:
        dice = random.Random(11)
        self.platform = Torn(dice)
        self.chip = SimulatedChip(self.platform, dice)
        self.scale = ChipScale(NOMINAL_CORNERS)
        self.now_ms = 0
        self.run(1_500)

    def run(self, duration_ms: int) -> list[ScaleEvent]:
        """Let time pass; what the driver said in it."""
        events: list[ScaleEvent] = []
        for _ in range(duration_ms // STEP_MS):
            self.now_ms += STEP_MS
            said = self.chip.receive(self.scale.to_send(self.now_ms))
            said += self.chip.tick(self.now_ms * 1000)
            events += self.scale.receive(said, self.now_ms)
        return events

    def put(self, mass_g: int, at: str = "centre") -> list[ScaleEvent]:
        """Make this the load, and wait until it must be known."""
        self.platform.place(mass_g * GRAM, at, self.now_ms / 1000)
        return self.run(2_500)


@pytest.mark.parametrize("at", sorted(PLACES))
def test_a_load_weighs_the_same_anywhere(at: str) -> None:
    """Four converters are added up, wherever the load lies."""
    (settled,) = only(LoadSettled, Cart().put(3_000, at))
    assert settled.after_mg - settled.before_mg == pytest.approx(3_000 * GRAM, abs=GRAM)


def test_a_change_is_said_at_once_as_an_interval_that_shrinks() -> None:
    """The first comes with the onset, each lies in the one before, all hold what settles."""
    events = Cart().put(800)
    pending, (settled,) = only(LoadPending, events), only(LoadSettled, events)
    assert len(pending) >= 3
    assert pending[0].sensed_ms - settled.onset_ms <= 40
    assert all(b.low_mg >= a.low_mg and b.high_mg <= a.high_mg for a, b in pairwise(pending))
    assert all(one.low_mg <= settled.after_mg <= one.high_mg for one in pending)
    assert pending[-1].high_mg - pending[-1].low_mg < 800 * GRAM


def test_what_leans_too_far_is_pending_until_it_stands_level() -> None:
    """No load settles on a ramp; back on the level floor it does, and it is right."""
    cart = Cart()
    cart.platform.tilt_permille = 100
    cart.run(3_000)
    assert only(LoadSettled, cart.put(500)) == []
    readings = only(Weighed, cart.run(500))
    assert {one.reading.trouble for one in readings} == {"the floor slopes too much to weigh"}
    cart.platform.tilt_permille = 0
    (settled,) = only(LoadSettled, cart.run(5_000))
    assert settled.after_mg - settled.before_mg == pytest.approx(500 * GRAM, abs=GRAM)


def test_a_gentle_slope_is_taken_off() -> None:
    """At 40/1000 twenty kilograms lose 16 g of pressure, and none of their weight."""
    cart = Cart()
    cart.put(20_000)
    cart.platform.tilt_permille = 40
    cart.run(6_000)
    reading = only(Weighed, cart.run(500))[-1].reading
    assert reading.fine_gross_mg == pytest.approx(20_000 * GRAM, abs=3 * GRAM)


def test_nothing_rests_while_the_accelerometer_feels_a_jolt() -> None:
    """Hit hard, the cart weighs nothing until it stands still; the load is the one before."""
    cart = Cart()
    cart.put(2_000)
    cart.platform.jolt(2.0, cart.now_ms / 1000)
    cart.run(100)
    readings = only(Weighed, cart.run(250))
    assert readings
    assert not any(one.reading.weight_stable for one in readings)
    (settled,) = only(LoadSettled, cart.run(3_000))
    assert settled.after_mg - settled.before_mg == pytest.approx(0, abs=GRAM)


def test_readings_count_up_and_say_that_nobody_calibrated() -> None:
    """Every reading has its own id; a nominal calibration is not legal for trade."""
    readings = [one.reading for one in only(Weighed, Cart().put(1_000))]
    assert all(b.reading_id == a.reading_id + 1 for a, b in pairwise(readings))
    assert readings[-1].gross_weight_mg == 1_000 * GRAM
    assert (readings[-1].legal_for_trade, readings[-1].trouble) == (
        False,
        "this cart is not calibrated",
    )


def test_the_corner_that_hangs_is_named() -> None:
    """Its converter repeats one count; the warning says which corner and what to look at."""
    cart = Cart()
    cart.platform.hung = 2
    (warning,) = only(CornerBad, cart.run(8_000))
    assert (warning.channel, warning.detail.split(" gives")[0]) == (2, "rear left cell")


def test_a_converters_fault_names_its_corner() -> None:
    """Without one of its corners no load is known."""
    cart = Cart()
    fault = Fault(1, FaultCode.CONVERTER_SILENT)
    (lost,) = only(
        ScaleLost, cart.scale.receive(encode(Frame(Fault.TYPE, 0, fault.encode())), cart.now_ms)
    )
    assert lost.reason is LossReason.SENSOR
    assert "front right cell" in lost.detail


def test_the_bridge_costs_little() -> None:
    """Eighty rows a second of four cells: a small share of one core."""
    share, _way = bridge.figures(rows=800)
    assert share.value <= 3.0


def test_a_simulated_chip_says_what_it_is() -> None:
    """By its version, which a report asks for: so no bench file can hide it."""
    assert Cart().scale.firmware_version.startswith("simulated")
