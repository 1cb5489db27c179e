"""A load cell with a basket on it, as seen by a 24-bit converter. Time and dice are injected.

The figures are those of an HX711 at 80 conversions a second on 40 kg of cells: noise 0.45 g rms,
a basket that rings at 7 to 11 Hz, impacts, spikes, drift and creep. It is a world to test in: it
knows the true load, and tells nobody.
"""

from __future__ import annotations

import cmath
import math
import random
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.metrology.calibration import NOMINAL

SAMPLES_PER_SECOND = 80
COUNTS_MAX, COUNTS_MIN = 0x7FFFFF, -0x800000
JOLT_MG = 400_000  # how far a jolt of strength 1 throws the reading
IMPACT_TAU_S = 0.05
CREEP_TAU_S = 600.0
SPIKE_MG = (500_000, 5_000_000)


@dataclass(frozen=True, slots=True)
class Traits:
    """What one cart's basket and cells are like."""

    ring_hz: float = 9.0
    damping: float = 0.07
    impact: float = 1.0
    noise_mg: float = 450.0
    drift_mg_per_s: float = 0.0
    creep: float = 6e-5
    spike_probability: float = 1e-5


def draw_traits(dice: random.Random) -> Traits:
    """A cart as carts come: any ring, damping, impact and drift within the noted ranges."""
    return Traits(
        ring_hz=dice.uniform(7.0, 11.0),
        damping=dice.uniform(0.04, 0.10),
        impact=dice.uniform(0.0, 2.5),
        drift_mg_per_s=dice.uniform(-3.0, 3.0),
    )


@dataclass(frozen=True, slots=True)
class Ambient:
    """What an accelerometer and a thermometer would say."""

    tilt_permille: int
    temperature_centi_c: int
    motion_milli_g: int


class Cells(Protocol):
    """What a chip converts: a row of one count for each channel."""

    channels: int

    def row(self, t_s: float) -> tuple[int, ...]:
        """One conversion of every channel."""

    def ambient(self) -> Ambient | None:
        """What stands around, or None where nothing senses it."""


class LoadCell:
    """The cell's reading follows the load with a damped swing. `t_s` never goes backwards."""

    channels = 1

    def __init__(self, traits: Traits, dice: random.Random, load_mg: float = 0.0) -> None:
        self._traits = traits
        self._dice = dice
        self._t_s = 0.0
        self._load_mg = load_mg
        self._swing: complex = 0j  # milligrams; the real part shows
        self._impact_mg = 0.0
        self._crept_mg = load_mg * traits.creep
        self._drift_mg = 0.0

    def set_load(self, load_mg: float, t_s: float) -> None:
        """Put the true load to `load_mg` at once: the basket rings."""
        self._advance(t_s)
        step_mg = load_mg - self._load_mg
        self._load_mg = load_mg
        self._swing -= step_mg
        self._impact_mg += step_mg * self._traits.impact

    def jolt(self, strength: float, t_s: float) -> None:
        """Hit the cart: it swings and changes nothing."""
        self._advance(t_s)
        self._swing += cmath.rect(strength * JOLT_MG, self._dice.uniform(0, 2 * math.pi))
        self._impact_mg += strength * JOLT_MG * self._dice.uniform(-1, 1)

    def ambient(self) -> Ambient | None:
        """Neither: the cart has no accelerometer and no thermometer."""
        return None

    def age(self, seconds: float) -> None:
        """Let so long pass between two samples: the swing ends, creep and drift go on."""
        self._forward(seconds)

    def row(self, t_s: float) -> tuple[int, ...]:
        """One conversion of the one channel."""
        return (self.read(t_s),)

    def read(self, t_s: float) -> int:
        """One conversion, in counts."""
        return min(max(NOMINAL.counts(self.mass_mg(t_s)), COUNTS_MIN), COUNTS_MAX)

    def mass_mg(self, t_s: float) -> float:
        """What the cell feels, noise and all."""
        self._advance(t_s)
        mass_mg = self._load_mg + self._swing.real + self._impact_mg + self._crept_mg
        mass_mg += self._drift_mg + self._dice.gauss(0, self._traits.noise_mg)
        if self._dice.random() < self._traits.spike_probability:
            mass_mg += self._dice.choice((-1, 1)) * self._dice.uniform(*SPIKE_MG)
        return mass_mg

    def _advance(self, t_s: float) -> None:
        step_s = t_s - self._t_s
        assert step_s >= 0, f"time went back by {-step_s} s"
        self._t_s = t_s
        self._forward(step_s)

    def _forward(self, step_s: float) -> None:
        radians_per_s = 2 * math.pi * self._traits.ring_hz
        self._swing *= cmath.exp(step_s * radians_per_s * (1j - self._traits.damping))
        self._impact_mg *= math.exp(-step_s / IMPACT_TAU_S)
        target_mg = self._load_mg * self._traits.creep
        self._crept_mg += (target_mg - self._crept_mg) * -math.expm1(-step_s / CREEP_TAU_S)
        self._drift_mg += self._traits.drift_mg_per_s * step_s
