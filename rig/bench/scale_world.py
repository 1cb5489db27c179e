"""A cart's load cells for hours at a time: the model of rig/load_cell.py as whole arrays.

A timeline of steps, jolts and rolling becomes one array of milligrams at 80 samples a second, and
one of what the accelerometer says. It knows the true load; whoever filters must not look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rig.load_cell import CREEP_TAU_S, IMPACT_TAU_S, JOLT_MG, SAMPLES_PER_SECOND, SPIKE_MG, Traits

Array = NDArray[np.float64]
RING_S = 6.0  # after that long the least damped basket swings by less than a millionth
STILL_MILLI_G, ROLLING_MILLI_G = 2.0, 30.0  # what an accelerometer shows, root mean square
SHAKEN_SAMPLES = 4  # it reports 20 times a second


@dataclass(frozen=True, slots=True)
class Roll:
    """Rolling from `from_s` to `to_s`; `rms_mg` is what it does to the reading of this load."""

    from_s: float
    to_s: float
    rms_mg: float


@dataclass(slots=True)
class Timeline:
    """What happens to one cart. `steps`: (seconds, milligrams); `jolts`: (seconds, strength)."""

    duration_s: float
    base_mg: float
    steps: list[tuple[float, float]] = field(default_factory=list)
    jolts: list[tuple[float, float]] = field(default_factory=list)
    rolls: list[Roll] = field(default_factory=list)


class ScaleWorld:
    """The readings of one cart with these traits."""

    def __init__(self, traits: Traits, timeline: Timeline, dice: np.random.Generator) -> None:
        self._traits, self._timeline, self._dice = traits, timeline, dice
        self.t_s: Array = np.arange(round(timeline.duration_s * SAMPLES_PER_SECOND)) / (
            SAMPLES_PER_SECOND
        )
        self.mass_mg = self._readings()

    def _readings(self) -> Array:
        traits, timeline, dice = self._traits, self._timeline, self._dice
        mass = np.full(len(self.t_s), timeline.base_mg) + traits.drift_mg_per_s * self.t_s
        mass += timeline.base_mg * traits.creep
        for at_s, step_mg in timeline.steps:
            after = self._after(at_s)
            mass[after] += step_mg
            crept = -np.expm1(-(self.t_s[after] - at_s) / CREEP_TAU_S)
            mass[after] += step_mg * traits.creep * crept
            self._swing(mass, at_s, -step_mg, 0.0, step_mg * traits.impact)
        for at_s, strength in timeline.jolts:
            size, angle = strength * JOLT_MG, dice.uniform(0, 2 * np.pi)
            self._swing(mass, at_s, size, angle, size * dice.uniform(-1, 1))
        self._roll(mass)
        mass += dice.normal(0, traits.noise_mg, len(mass))
        spikes = np.flatnonzero(dice.random(len(mass)) < traits.spike_probability)
        mass[spikes] += dice.choice((-1, 1), len(spikes)) * dice.uniform(*SPIKE_MG, len(spikes))
        return mass

    def _after(self, at_s: float) -> slice:
        return slice(int(np.ceil(at_s * SAMPLES_PER_SECOND)), None)

    def _swing(self, mass: Array, at_s: float, size: float, angle: float, thud: float) -> None:
        """Add a free swing of `size` and a thud (both mg) that begin at `at_s`."""
        start = self._after(at_s).start
        part = slice(start, start + round(RING_S * SAMPLES_PER_SECOND))
        since_s = self.t_s[part] - at_s
        omega = 2 * np.pi * self._traits.ring_hz
        fading = np.exp(-self._traits.damping * omega * since_s)
        mass[part] += size * fading * np.cos(omega * since_s + angle)
        mass[part] += thud * np.exp(-since_s / IMPACT_TAU_S)

    def _roll(self, mass: Array) -> None:
        """The floor drives the basket; when the cart stops, the basket rings on by itself."""
        if not self._timeline.rolls:
            return
        push = np.zeros(len(mass))
        for roll in self._timeline.rolls:
            part = (self.t_s >= roll.from_s) & (self.t_s < roll.to_s)
            push[part] = self._dice.normal(0, roll.rms_mg, int(part.sum()))
        omega = 2 * np.pi * self._traits.ring_hz / SAMPLES_PER_SECOND
        ages = np.arange(round(RING_S * SAMPLES_PER_SECOND))
        response = np.exp(-self._traits.damping * omega * ages) * np.sin(omega * (ages + 1))
        response /= np.sqrt(np.sum(response**2))
        mass += fft_convolve(push, response)

    def shaking_milli_g(self) -> Array:
        """What the accelerometer reports: root mean square of each four samples, one value each.

        Smooth floor shows too: a tenth of the reports while rolling is as quiet as standing.
        """
        starts = self.t_s[::SHAKEN_SAMPLES]
        level = np.abs(self._dice.normal(STILL_MILLI_G, 0.3, len(starts)))
        for roll in self._timeline.rolls:
            part = (starts >= roll.from_s) & (starts < roll.to_s)
            rough = ROLLING_MILLI_G * np.exp(self._dice.normal(0, 0.5, int(part.sum())))
            smooth = self._dice.random(int(part.sum())) < 0.1
            level[part] = np.where(smooth, level[part], rough)
        for at_s, strength in self._timeline.jolts:
            level[int(at_s * SAMPLES_PER_SECOND / SHAKEN_SAMPLES)] += 300 * strength
        for at_s, step_mg in self._timeline.steps:  # a heavy thing shakes the cart too
            level[int(at_s * SAMPLES_PER_SECOND / SHAKEN_SAMPLES)] += abs(step_mg) / 50_000
        return level


def fft_convolve(values: Array, response: Array) -> Array:
    """The first `len(values)` values of the convolution."""
    size = 1 << (len(values) + len(response)).bit_length()
    spectrum = np.fft.rfft(values, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(values)]


def draw_world_traits(dice: np.random.Generator) -> Traits:
    """A cart as carts come, as `rig.load_cell.draw_traits` draws them."""
    return Traits(
        ring_hz=dice.uniform(7.0, 11.0),
        damping=dice.uniform(0.04, 0.10),
        impact=dice.uniform(0.0, 2.5),
        drift_mg_per_s=dice.uniform(-3.0, 3.0),
    )


def naive_changes(
    mass_mg: Array, window: int = 24, spread_mg: float = 2_000.0, least_mg: float = 10_000.0
) -> Sequence[tuple[int, float]]:
    """The baseline, a 0.3 s window that wanders by less than two grams: (sample, change in mg)."""
    median = np.median(np.lib.stride_tricks.sliding_window_view(mass_mg, 3), axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(median, window)
    still = np.flatnonzero(np.ptp(windows, axis=1) < spread_mg)
    changes: list[tuple[int, float]] = []
    last: float | None = None
    for index in still:
        value = float(windows[index].mean())
        if last is not None and abs(value - last) > least_mg:
            changes.append((int(index) + window + 1, value - last))
            last = value
        elif last is None:
            last = value
        else:
            last += 0.02 * (value - last)
    return changes
