"""What the metrology promises, on the load-cell model, in simulated time."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.metrology.filters import SpikeFilter, two_boxcars
from firmware_bridge.metrology.pending import LoadWithin
from firmware_bridge.metrology.ring import estimate
from firmware_bridge.metrology.settling import MotionBegan, Settled, Settling
from rig.load_cell import SAMPLES_PER_SECOND, LoadCell, Traits, draw_traits

GRAM = 1_000
BASKET_MG = 29_000_000
SEEDS = range(50)


class Cart:
    """A load cell and a settling, sample by sample."""

    def __init__(self, seed: int, load_mg: float = BASKET_MG, traits: Traits | None = None) -> None:
        self.dice = random.Random(seed)
        self.traits = traits or draw_traits(self.dice)
        self.cell = LoadCell(self.traits, self.dice, load_mg)
        self.settling = Settling()
        self.t_s = 0.0

    def run(self, duration_s: float) -> list[MotionBegan | Settled]:
        """Let time pass; what was seen."""
        events = []
        for _ in range(round(duration_s * SAMPLES_PER_SECOND)):
            self.t_s += 1 / SAMPLES_PER_SECOND
            mass_mg = NOMINAL.row_mg([self.cell.read(self.t_s)])
            events += self.settling.push(round(self.t_s * 1000), mass_mg)
        return [event for event in events if not isinstance(event, LoadWithin)]


@dataclass(frozen=True)
class Outcome:
    """One item put in: how long it took and how wrong it was."""

    onset_ms: float
    settle_ms: float
    error_mg: float
    uncertainty_mg: float


def placed(step_mg: int) -> Iterator[Outcome]:
    """One item into each of fifty different carts; every one gives one motion, one Settled."""
    for seed in SEEDS:
        cart = Cart(seed)
        cart.run(3 + cart.dice.random())
        put_ms = cart.t_s * 1000
        cart.cell.set_load(BASKET_MG + step_mg, cart.t_s)
        events = cart.run(5)
        assert [type(event) for event in events] == [MotionBegan, Settled], f"seed {seed}"
        began, settled = events
        assert isinstance(settled, Settled)
        change_mg = settled.after_mg - settled.before_mg
        yield Outcome(
            began.onset_ms - put_ms,
            settled.settled_ms - put_ms,
            change_mg - step_mg,
            settled.uncertainty_mg,
        )


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    return sorted(values)[round(share * (len(values) - 1))]


@pytest.mark.parametrize(
    ("step_g", "median_ms", "worst_ms"),
    [(10, 500, 650), (20, 500, 650), (200, 650, 900), (2000, 900, 1600), (-200, 650, 900)],
)
def test_an_item_on_a_full_basket_settles_soon_and_right(
    step_g: int, median_ms: int, worst_ms: int
) -> None:
    """On 29 kg, any ring from 7 to 11 Hz: seen, settled and within a gram."""
    outcomes = list(placed(step_g * GRAM))
    settle_ms = [outcome.settle_ms for outcome in outcomes]
    assert percentile(settle_ms, 0.5) <= median_ms
    assert max(settle_ms) <= worst_ms
    assert percentile([outcome.onset_ms for outcome in outcomes], 0.5) <= 40
    assert max(abs(outcome.error_mg) for outcome in outcomes) <= GRAM


def test_the_true_change_lies_within_the_uncertainty() -> None:
    """The uncertainty is honest and not idle: it covers every item, and stays under a gram."""
    outcomes = list(placed(150 * GRAM))
    assert all(abs(outcome.error_mg) <= outcome.uncertainty_mg for outcome in outcomes)
    assert max(outcome.uncertainty_mg for outcome in outcomes) <= GRAM


def test_jolts_change_nothing() -> None:
    """Fifty carts, three jolts each: motion every time, never a changed load."""
    for seed in SEEDS:
        cart = Cart(seed, 15_000_000)
        cart.run(2)
        for _ in range(3):
            cart.cell.jolt(cart.dice.uniform(0.2, 3.0), cart.t_s)
            events = cart.run(3)
            settled = [event for event in events if isinstance(event, Settled)]
            assert settled, f"seed {seed}: a jolt that was not seen"
            for event in settled:
                change_mg = abs(event.after_mg - event.before_mg)
                assert change_mg <= event.uncertainty_mg, f"seed {seed}"


@pytest.mark.parametrize("drift_mg_per_s", [50.0, -50.0])
def test_drift_is_never_a_step(drift_mg_per_s: float) -> None:
    """Three grams a minute for four minutes: followed, and not one event."""
    traits = dataclasses.replace(Traits(), drift_mg_per_s=drift_mg_per_s)
    cart = Cart(7, BASKET_MG, traits)
    first = cart.run(2)
    assert [type(event) for event in first] == [Settled]
    assert cart.run(240) == []
    assert cart.settling.mass_mg == pytest.approx(BASKET_MG + 242 * drift_mg_per_s, abs=3 * GRAM)


def test_an_item_put_in_on_top_of_drift_is_only_the_item() -> None:
    """The value before the onset has followed the drift."""
    traits = dataclasses.replace(Traits(), drift_mg_per_s=50.0)
    cart = Cart(8, BASKET_MG, traits)
    cart.run(120)
    cart.cell.set_load(BASKET_MG + 30 * GRAM, cart.t_s)
    settled = cart.run(3)[-1]
    assert isinstance(settled, Settled)
    assert settled.after_mg - settled.before_mg == pytest.approx(30 * GRAM, abs=GRAM)


def test_spikes_are_not_motion() -> None:
    """Spikes of half a kilogram to five, one in two thousand samples: ten minutes of rest."""
    cart = Cart(9, 10_000_000, dataclasses.replace(Traits(), spike_probability=5e-4))
    cart.run(2)
    assert cart.run(600) == []


def test_an_item_laid_down_slowly_is_seen() -> None:
    """Ten grams over two seconds come as changes that add up."""
    cart = Cart(10, 10_000_000)
    cart.run(2)
    total_mg = 0.0
    for gram in range(1, 11):
        cart.cell.set_load(10_000_000 + gram * GRAM, cart.t_s)
        total_mg += change_mg(cart.run(0.2))
    total_mg += change_mg(cart.run(3))
    assert total_mg == pytest.approx(10 * GRAM, abs=GRAM)


@pytest.mark.parametrize("step_g", [20, 30, 50])
@pytest.mark.parametrize("lowered_s", [0.3, 0.5, 0.8])
def test_a_light_item_set_down_gently_is_one_change(step_g: int, lowered_s: float) -> None:
    """A hand that lowers it steadily makes no two items of it: its good would not be found."""
    for seed in range(12):
        cart = Cart(seed)
        cart.run(3 + cart.dice.random())
        ticks = round(lowered_s * SAMPLES_PER_SECOND)
        events = []
        for tick in range(1, ticks + 1):
            cart.cell.set_load(BASKET_MG + step_g * GRAM * tick / ticks, cart.t_s)
            events += cart.run(1 / SAMPLES_PER_SECOND)
        events += cart.run(3)
        assert [type(event) for event in events] == [MotionBegan, Settled], f"seed {seed}"
        assert change_mg(events) == pytest.approx(step_g * GRAM, abs=2 * GRAM)


def change_mg(events: list[MotionBegan | Settled]) -> float:
    """The sum of settled changes."""
    return sum(event.after_mg - event.before_mg for event in events if isinstance(event, Settled))


def test_a_hole_in_the_samples_is_a_question_that_gets_an_answer() -> None:
    """What changed while nothing was heard is one change; the onset is the last sample before."""
    cart = Cart(11, 10_000_000)
    cart.run(2)
    heard_ms = round(cart.t_s * 1000)
    cart.t_s += 1.0
    cart.cell.set_load(10_500_000, cart.t_s)
    events = cart.run(3)
    assert events[0] == MotionBegan(heard_ms)
    assert change_mg(events) == pytest.approx(500 * GRAM, abs=GRAM)


@pytest.mark.parametrize("ring_hz", [7.0, 8.3, 9.6, 11.0])
def test_the_ring_period_is_learnt_from_one_swing(ring_hz: float) -> None:
    """Within a sixth of a sample, from 0.3 s of a swing."""
    dice = random.Random(1)
    cell = LoadCell(Traits(ring_hz=ring_hz), dice, 0)
    cell.set_load(300_000, 0.0)
    values = [NOMINAL.row_mg([cell.read(0.15 + n / 80)]) for n in range(36)]
    assert estimate(values) == pytest.approx(80 / ring_hz, abs=0.17)


def test_noise_teaches_no_period() -> None:
    """A cart at rest has no swing to learn from."""
    cell = LoadCell(Traits(), random.Random(2), 0)
    assert estimate([NOMINAL.row_mg([cell.read(n / 80)]) for n in range(48)]) is None


@pytest.mark.parametrize("length", [7.0, 7.3, 9.0, 11.4])
def test_the_filter_keeps_what_stands_still(length: float) -> None:
    """Its weights sum to one."""
    assert sum(two_boxcars(length)) == pytest.approx(1.0)


def test_the_spike_filter_leaves_a_swing_alone() -> None:
    """It passes a swing's peaks, one sample late, and takes a lone spike out."""
    spikes = SpikeFilter()
    swing = [0.0, 700.0, 1000.0, 700.0, 0.0, -700.0, -1000.0, -700.0] * 4
    assert [spikes.push(value) for value in swing][2:] == swing[1:-1]
    assert [spikes.push(value) for value in (0.0, 9e6, 0.0, 0.0)][-2:] == [0.0, 0.0]
