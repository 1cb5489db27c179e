"""What the scale promises, measured on hundreds of simulated carts, beside a naive window.

Every cart is new: its ring, damping and impact are drawn, and its filter starts knowing nothing.
The naive window (0.3 s within two grams) sees the very same samples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np

from firmware_bridge.metrology.gate import Gate
from firmware_bridge.metrology.pending import LoadWithin
from firmware_bridge.metrology.settling import MotionBegan, Settled, Settling
from rig.bench.figures import Figure, percentile
from rig.bench.scale_world import (
    SHAKEN_SAMPLES,
    Roll,
    ScaleWorld,
    Timeline,
    draw_world_traits,
    naive_changes,
)
from rig.load_cell import SAMPLES_PER_SECOND

BASKET_MG = 29_980_000.0
FALSE_MG = 2_000.0  # so much told without a cause, or beside the cause, is wrong
NAIVE = "0.3 s window"
LEG_ITEM_MG = 200_000.0
LEGS, REST_S = 12, 9.0
ROLLING_S, JOLTS_A_LEG = (10.0, 40.0), (2, 5)  # jolts while it rolls, and while it stands
REPORT_S = 1.0


@dataclass(frozen=True)
class Size:
    """How much is simulated: carts for each kind of item, hours of rolling."""

    carts: int = 20
    rolling_h: float = 0.25
    rest_s: float = 120.0


SMALL = Size()
LARGE = Size(carts=200, rolling_h=10.0, rest_s=1800.0)


@dataclass(frozen=True)
class Told:
    """What the metrology said about one world, each with the second in which it was said."""

    began: list[tuple[float, MotionBegan]]
    within: list[tuple[float, LoadWithin]]
    settled: list[tuple[float, Settled]]

    def changes(self, from_s: float, to_s: float) -> list[float]:
        """The settled changes (mg) said in that time."""
        return [e.after_mg - e.before_mg for t_s, e in self.settled if from_s <= t_s < to_s]


def tell(world: ScaleWorld, *, accelerometer: bool = True) -> Told:
    """Run the metrology over a world."""
    told = Told([], [], [])
    settling, gate = Settling(), Gate()
    shaking = world.shaking_milli_g()
    for index, (t_s, mass_mg) in enumerate(zip(world.t_s, world.mass_mg, strict=True)):
        t_ms = round(float(t_s) * 1000)
        if accelerometer and index and index % SHAKEN_SAMPLES == 0:
            gate.said(t_ms, int(shaking[index // SHAKEN_SAMPLES - 1]), 0)
        for event in settling.push(t_ms, float(mass_mg), shaken=gate.shaken(t_ms)):
            match event:
                case MotionBegan():
                    told.began.append((float(t_s), event))
                case LoadWithin():
                    told.within.append((float(t_s), event))
                case Settled():
                    told.settled.append((float(t_s), event))
    return told


@dataclass(frozen=True)
class Outcome:
    """Items of one try: seconds from the last of them, grams of error, and the baseline's."""

    changes: int
    onset_s: float
    settled_s: float
    error_mg: float
    held: bool
    naive_s: float


def items(seed: int, steps: Sequence[tuple[float, float]], *, learnt: bool = False) -> Outcome:
    """Put items (seconds after the first, mg) into a new cart of 30 kg; `learnt`: not the first."""
    dice = np.random.default_rng(seed)
    traits = draw_world_traits(dice)
    at_s = 6.0 + float(dice.random())
    earlier = [(2.0, 300_000.0)] if learnt else []
    placed = [(at_s + later_s, mass_mg) for later_s, mass_mg in steps]
    world = ScaleWorld(traits, Timeline(at_s + 6, BASKET_MG, earlier + placed), dice)
    told = tell(world)
    began = [t_s - at_s for t_s, _ in told.began if t_s >= at_s]
    settled = [(t_s, event) for t_s, event in told.settled if t_s >= at_s]
    total_mg = sum(mass_mg for _, mass_mg in steps)
    held = all(
        within.low_mg <= event.after_mg <= within.high_mg
        for _, within in told.within
        for _, event in settled
        if within.onset_ms == event.onset_ms
    )
    naive = [
        index / SAMPLES_PER_SECOND - placed[-1][0] for index, _ in naive_changes(world.mass_mg)
    ]
    return Outcome(
        changes=len(settled),
        onset_s=min(began, default=np.inf),
        settled_s=max((t_s for t_s, _ in settled), default=np.inf) - placed[-1][0],
        error_mg=abs(sum(e.after_mg - e.before_mg for _, e in settled) - total_mg),
        held=held,
        naive_s=max((late_s for late_s in naive if late_s > 0), default=np.inf),
    )


def one_item(size: Size) -> list[Figure]:
    """Onset, time to settle and error of 20 g, 200 g and 2 kg on a full basket."""
    figures: list[Figure] = []
    goals = {20: ("<= 40", "<= 500", "<= 900", "<= 1")}
    for grams in (20, 200, 2000):
        tries = [items(seed, [(0.0, grams * 1000.0)]) for seed in range(size.carts)]
        onset, p50, p95, error = goals.get(grams, ("", "", "", ""))
        naive = [outcome.naive_s * 1000 for outcome in tries]
        settled = [outcome.settled_s * 1000 for outcome in tries]
        name, count = f"{grams} g on 30 kg", size.carts
        onsets = [outcome.onset_s * 1000 for outcome in tries]
        errors = [outcome.error_mg / 1000 for outcome in tries]
        figures += [
            Figure(f"{name}: onset p50", percentile(onsets, 50), "ms", onset, samples=count),
            Figure(
                f"{name}: settled p50", percentile(settled, 50), "ms", p50,
                percentile(naive, 50), NAIVE, count,
            ),
            Figure(
                f"{name}: settled p95", percentile(settled, 95), "ms", p95,
                percentile(naive, 95), NAIVE, count,
            ),
            Figure(f"{name}: error p95", percentile(errors, 95), "g", error, samples=count),
            Figure(
                f"{name}: every interval held the load",
                100 * sum(outcome.held for outcome in tries) / count, "%", "100", samples=count,
            ),
        ]  # fmt: skip
    lowered = [(tick / SAMPLES_PER_SECOND, 5e3) for tick in range(40)]
    held = sum(items(seed, lowered).held for seed in range(size.carts))
    name = "200 g lowered over 0.5 s: every interval held the load"
    return [*figures, Figure(name, 100 * held / size.carts, "%", ">= 98", samples=size.carts)]


PAIRS_G = (
    (20, 20), (200, 200), (500, 500), (1_000, 1_000), (2_000, 2_000), (2_000, 200), (2_000, 50),
    (200, 2_000), (500, -500), (-200, 200),
)  # fmt: skip
FOUR = [(0.0, 8e4), (0.01, 1e5), (0.02, 2e5), (0.04, 5e4)]


def several(size: Size) -> list[Figure]:
    """Two items 0.3 s apart are two changes, in any cart; four within 40 ms are one."""
    figures = []
    for learnt, where in ((True, ""), (False, ", the cart's first")):
        for first_g, second_g in PAIRS_G:
            pair = [(0.0, first_g * 1e3), (0.3, second_g * 1e3)]
            name = f"{first_g:+d} g, 0.3 s later {second_g:+d} g, are two changes{where}"
            figures += _told_as(name, pair, 2, ">= 99", learnt=learnt, size=size)
        name = f"four items at once are one change{where}"
        figures += _told_as(name, FOUR, 1, ">= 99", learnt=learnt, size=size)
    return figures


def _told_as(
    name: str, steps: Sequence[tuple[float, float]], changes: int, goal: str, *, learnt: bool,
    size: Size,
) -> list[Figure]:  # fmt: skip
    tries = [items(seed, steps, learnt=learnt) for seed in range(size.carts)]
    right = sum(outcome.changes == changes for outcome in tries)
    errors = [outcome.error_mg / 1000 for outcome in tries]
    return [
        Figure(name, 100 * right / size.carts, "%", goal, samples=size.carts),
        Figure("  error of their sum p95", percentile(errors, 95), "g", "<= 2", samples=size.carts),
    ]


@dataclass(frozen=True)
class Leg:
    """One stretch of rolling and the rest after it; `item_mg` 0: nothing was put or taken."""

    from_s: float
    to_s: float
    item_mg: float


@dataclass
class Rolled:
    """What one or many carts did while they rolled; the sum of two is both."""

    rolling_s: float = 0.0
    jolts: int = 0
    false: int = 0
    naive_false: int = 0
    put: int = 0
    reported: int = 0

    def __add__(self, other: Rolled) -> Rolled:
        return Rolled(
            *(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__)
        )


def shopping(seed: int) -> tuple[ScaleWorld, list[Leg], int]:
    """A cart that rolls, stops, is jolted, and often gets or loses 200 g while it rolls."""
    dice = np.random.default_rng(seed)
    traits = draw_world_traits(dice)
    timeline = Timeline(0.0, BASKET_MG)
    legs: list[Leg] = []
    now_s, inside = 3.0, 0
    for _ in range(LEGS):
        to_s = now_s + float(dice.uniform(*ROLLING_S))
        item_mg = 0.0
        if dice.random() < 0.5:
            item_mg = LEG_ITEM_MG if inside == 0 or dice.random() < 0.5 else -LEG_ITEM_MG
            inside += 1 if item_mg > 0 else -1
            timeline.steps.append((float(dice.uniform(now_s + 1, to_s - 0.2)), item_mg))
        timeline.rolls.append(Roll(now_s, to_s, float(dice.uniform(50e3, 150e3))))
        legs.append(Leg(now_s, to_s, item_mg))
        moments = [float(dice.uniform(now_s, to_s)) for _ in range(JOLTS_A_LEG[0])]
        moments += [to_s + 1.5 + k + float(dice.uniform(0, 0.8)) for k in range(JOLTS_A_LEG[1])]
        timeline.jolts += [(at_s, float(dice.uniform(0.2, 3.0))) for at_s in moments]
        now_s = to_s + REST_S
    timeline.duration_s = now_s
    return ScaleWorld(traits, timeline, dice), legs, len(timeline.jolts)


def roll(seed: int, *, accelerometer: bool = True) -> Rolled:
    """One cart of `shopping`: what was told, and told wrongly, leg by leg."""
    world, legs, jolts = shopping(seed)
    told = tell(world, accelerometer=accelerometer)
    naive = [(index / SAMPLES_PER_SECOND, mg) for index, mg in naive_changes(world.mass_mg)]
    done = Rolled(sum(leg.to_s - leg.from_s for leg in legs), jolts)
    for leg in legs:
        in_time = told.changes(leg.from_s, leg.to_s + REPORT_S)
        later = told.changes(leg.to_s + REPORT_S, leg.to_s + REST_S)
        right = bool(in_time) and abs(sum(in_time) - leg.item_mg) <= FALSE_MG
        if leg.item_mg:
            done.put += 1
            done.reported += right
        else:
            done.false += sum(abs(change_mg) > FALSE_MG for change_mg in in_time)
        if right or not leg.item_mg:  # what is told late is missed above, and not false too
            done.false += sum(abs(change_mg) > FALSE_MG for change_mg in later)
        else:
            done.false += abs(sum(in_time + later) - leg.item_mg) > FALSE_MG
        guessed = [mg for t_s, mg in naive if leg.from_s <= t_s < leg.to_s + REST_S]
        real = [mg for mg in guessed if leg.item_mg and abs(mg - leg.item_mg) <= FALSE_MG]
        done.naive_false += len(guessed) - min(1, len(real))
    return done


def rolling(size: Size) -> list[Figure]:
    """Hours of rolling and thousands of jolts, with items put in and taken out meanwhile."""
    mean_s = sum(ROLLING_S) / 2
    seeds = range(max(1, round(size.rolling_h * 3600 / (LEGS * mean_s) * 1.02)))
    done = sum(_each(roll, seeds), Rolled())
    some = seeds[: max(1, len(seeds) // 10)]
    blind = sum(_each(partial(roll, accelerometer=False), some), Rolled())
    hours = done.rolling_s / 3600
    return [
        Figure(
            f"false changes, {hours:.1f} h of rolling, {done.jolts} jolts", done.false, "", "0",
            done.naive_false, NAIVE, done.jolts,
        ),
        Figure(
            "200 g put or taken while rolling, told right in 1 s of rest",
            100 * done.reported / max(1, done.put), "%", ">= 99", samples=done.put,
        ),
        Figure(
            "  without an accelerometer: false changes", blind.false, "", "0", samples=blind.jolts
        ),
        Figure(
            "  without an accelerometer: told right in 1 s of rest",
            100 * blind.reported / max(1, blind.put), "%", samples=blind.put,
        ),
    ]  # fmt: skip


def slow(size: Size) -> list[Figure]:
    """Creep of poor cells after 20 kg came, and ice that melts at three grams a minute."""
    figures = []
    cases = {"creep of 0.03 %": (3e-4, 0.0), "melting ice, 3 g a minute": (6e-5, -50.0)}
    for name, (creep, drift_mg_per_s) in cases.items():
        false, naive_false = 0, 0
        carts = max(1, size.carts // 20)
        for seed in range(carts):
            dice = np.random.default_rng(seed)
            traits = replace(draw_world_traits(dice), creep=creep, drift_mg_per_s=drift_mg_per_s)
            world = ScaleWorld(traits, Timeline(size.rest_s, 9e6, [(5.0, 2e7)]), dice)
            false += len(tell(world).changes(10.0, size.rest_s))
            naive_false += sum(
                at > 10 * SAMPLES_PER_SECOND for at, _ in naive_changes(world.mass_mg)
            )
        figures.append(Figure(f"{name}: changes told", false, "", "0", naive_false, NAIVE, carts))
    return figures


KINDS: tuple[Callable[[Size], list[Figure]], ...] = (one_item, several, rolling, slow)


def figures(size: Size = SMALL) -> list[Figure]:
    """Every figure of the scale."""
    return [figure for kind in KINDS for figure in kind(size)]


def _each(work: Callable[[int], Rolled], seeds: Iterable[int]) -> list[Rolled]:
    """Over all cores, where there is enough to do."""
    seeds = list(seeds)
    if len(seeds) < 8:
        return [work(seed) for seed in seeds]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, seeds))
