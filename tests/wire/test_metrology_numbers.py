"""The figures of `make bench` hold on a small run: the same worlds, fewer of them."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from firmware_bridge.metrology import swing
from firmware_bridge.metrology.pending import LoadWithin, Pending
from rig.bench import scale
from rig.bench.figures import Figure
from rig.bench.scale_world import ScaleWorld, Timeline, draw_world_traits
from rig.load_cell import SAMPLES_PER_SECOND, LoadCell, Traits

SIZE = scale.Size(carts=12, rolling_h=0.2, rest_s=60.0)
LONG = (scale.several,)


def holds(figure: Figure) -> bool:
    """Whether a figure keeps its goal."""
    sign, _, goal = figure.goal.rpartition(" ")
    if sign == "<=":
        return figure.value <= float(goal)
    if sign == ">=":
        return figure.value >= float(goal)
    return figure.value == float(goal)


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.machines) if kind in LONG else kind
     for kind in scale.KINDS],
    ids=lambda kind: str(kind.__name__),
)  # fmt: skip
def test_every_goal_is_kept(kind: object) -> None:
    """Onset, settling, errors, two and four items, rolling and jolts, creep and ice."""
    assert callable(kind)
    figures = kind(SIZE)
    goals = [figure for figure in figures if figure.goal]
    assert goals
    assert not [figure for figure in goals if not holds(figure)]


def test_the_world_can_catch_a_bad_filter() -> None:
    """The same worlds slow down a plain window, and show it changes that never were in rolling."""
    slow = [one for one in scale.one_item(SIZE) if one.baseline is not None]
    assert slow
    assert all(one.baseline > one.value for one in slow if one.baseline is not None)
    rolled = sum((scale.roll(seed) for seed in range(8)), scale.Rolled())
    assert rolled.false == 0
    assert rolled.naive_false > 0


@pytest.mark.parametrize(("ring_hz", "damping"), [(7.0, 0.04), (9.0, 0.07), (11.0, 0.10)])
def test_a_swing_is_learnt_from_one_item(ring_hz: float, damping: float) -> None:
    """From a guess that is off by a tenth, period and damping are found, and the load under it."""
    cell = LoadCell(Traits(ring_hz=ring_hz, damping=damping, impact=1.5), random.Random(3), 5e6)
    cell.set_load(5_300_000, 0.001)
    values = np.array([(cell.read(0.01 + n / SAMPLES_PER_SECOND) - 84_210) / 0.21
                       for n in range(40)])  # fmt: skip
    guess = swing.Swing(period=1.1 * SAMPLES_PER_SECOND / ring_hz)
    learnt = swing.learn(guess, values)
    assert learnt is not None
    assert learnt.period == pytest.approx(SAMPLES_PER_SECOND / ring_hz, rel=0.02)
    assert learnt.damping == pytest.approx(damping, rel=0.35)
    assert swing.fit(learnt, values).load_mg == pytest.approx(5_300_300, abs=1_500)


@pytest.mark.parametrize("ring_hz", [7.0, 8.7, 8.9, 9.1, 11.0])
def test_two_heavy_items_in_a_new_cart_are_two_at_any_ring(ring_hz: float) -> None:
    """Near 9 Hz the first filter fits so well that it settles before a period was learnt."""
    for seed in range(3):
        dice = np.random.default_rng(seed)
        traits = replace(draw_world_traits(dice), ring_hz=ring_hz)
        pair = Timeline(8.0, scale.BASKET_MG, [(4.0, 1e6), (4.3, -3e5)])
        changes = scale.tell(ScaleWorld(traits, pair, dice)).changes(4.0, 8.0)
        assert changes == pytest.approx([1e6, -3e5], abs=3_000)


def test_an_interval_only_shrinks() -> None:
    """Each one said lies within the one before, and samples outside it change nothing."""
    pending = Pending(0, -1e8, 1e8)
    said = [pending.said(0)]
    for height in (900_000.0, 500_000.0, 200_000.0, 90_000.0, 1_000_000.0):
        within = pending.narrow(1, *[[1e6 - height, 1e6 + height]] * 2)
        said += [within] if within else []
    assert len(said) == 5
    pairs = pairwise(said)
    assert all(a.low_mg <= b.low_mg <= b.high_mg <= a.high_mg for a, b in pairs)
    assert all(isinstance(one, LoadWithin) and one.low_mg <= 1e6 <= one.high_mg for one in said)
