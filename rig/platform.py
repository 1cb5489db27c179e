"""A basket on four corner cells, each with a converter, and one hidden fault if it is asked for.

It stands on a floor that may slope, in a room that may warm up; it knows the true load and where it
lies. A fault is a way for the world to be wrong; no program under test is told of it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace

from firmware_bridge.metrology.calibration import NOMINAL_CORNERS
from rig.load_cell import COUNTS_MAX, COUNTS_MIN, Ambient, LoadCell, Traits, draw_traits

MAX_MG = 30_000_000
HOME_C = 20.0
ZERO_MG_PER_C = 420.0  # 2.1 g for 5 °C
TILT_NOISE_PERMILLE = 1.0
STILL_MILLI_G = 2
JOLT_MILLI_G, JOLT_S = 300.0, 0.3  # what a jolt of strength 1 does to the accelerometer, how long
PLACES = {  # across, along: -1 to 1 from edge to edge; the middle of a quarter is half-way
    "centre": (0.0, 0.0), "front_left": (-0.5, 0.5), "front_right": (0.5, 0.5),
    "rear_left": (-0.5, -0.5), "rear_right": (0.5, -0.5), "vessel": (0.0, 0.0),
}  # fmt: skip
CORNER_PLACES = ((-1, 1), (1, 1), (-1, -1), (1, -1))  # by channel


@dataclass(frozen=True, slots=True)
class Fault:
    """One hidden fault; `kind` is a row of FAULTS, which says what `size` counts."""

    kind: str
    size: float


# What each fault's size is. Of the bits, 10 to 21 are found: those below weigh less than R76 allows
# to be off, and no load of the sequence reaches the two above.
FAULTS = {
    "gain": "parts in a million that every cell is too strong",
    "corner": "parts in a million that one cell is too strong, on a cart adjusted in its centre",
    "creep": "parts in a million of the load that come in the next half hour",
    "zero_drift": "milligrams that zero moves for every 5 °C, beside what it does anyway",
    "stuck_bit": "number of the bit that is always 0 in the first converter",
    "nonlinearity": "milligrams too much at half of Max",
    "tilt": "parts in a million that a slope of 50/1000 adds to the load",
    "tare": "parts in a million of what is in a vessel that leans against the frame",
}


class Platform:
    """See `rig.load_cell.Cells`. `t_s` never goes backwards."""

    channels = 4

    def __init__(
        self, dice: random.Random, fault: Fault | None = None, *, drifts: bool = False
    ) -> None:
        self._dice = dice
        self._fault = fault or Fault("", 0.0)
        creep = self._size("creep") / 1e6 or Traits().creep
        traits = replace(draw_traits(dice), creep=creep)
        if not drifts:  # on a bench only its temperature moves zero
            traits = replace(traits, drift_mg_per_s=0.0)
        self._noise_mg = traits.noise_mg / math.sqrt(self.channels)
        self._cell = LoadCell(replace(traits, noise_mg=0.0), dice)
        self._at = PLACES["centre"]
        self._vessel_mg: float | None = None
        self._jolt_s, self._jolt_milli_g = -math.inf, 0.0
        self._t_s = 0.0
        self.temperature_c = HOME_C
        self.tilt_permille = 0.0

    def place(self, load_mg: float, at: str, t_s: float) -> None:
        """Make this the whole load, lying there. The first load "in a vessel" is the vessel."""
        if at != "vessel":
            self._vessel_mg = None
        elif self._vessel_mg is None:
            self._vessel_mg = load_mg
        else:
            load_mg -= (load_mg - self._vessel_mg) * self._size("tare") / 1e6
        self._at = PLACES[at]
        self._cell.set_load(load_mg, t_s)

    def set_load(self, load_mg: float, t_s: float) -> None:
        """Make this the whole load, in the middle."""
        self.place(load_mg, "centre", t_s)

    def jolt(self, strength: float, t_s: float) -> None:
        """Hit the cart: it swings, the accelerometer feels it, and nothing changes."""
        self._cell.jolt(strength, t_s)
        self._jolt_s, self._jolt_milli_g = t_s, abs(strength) * JOLT_MILLI_G

    def age(self, seconds: float) -> None:
        """Let so long pass between two samples."""
        self._cell.age(seconds)

    def ambient(self) -> Ambient | None:
        """The slope and the warmth, as cheap sensors say them."""
        tilt = self._dice.gauss(self.tilt_permille, TILT_NOISE_PERMILLE)
        motion = STILL_MILLI_G
        if self._t_s - self._jolt_s < JOLT_S:
            motion += round(self._jolt_milli_g)
        return Ambient(max(0, round(tilt)), round(self.temperature_c * 100), motion)

    def row(self, t_s: float) -> tuple[int, ...]:
        """One conversion of each corner."""
        self._t_s = t_s
        felt_mg = self._cell.mass_mg(t_s)
        felt_mg += 4 * self._size("nonlinearity") * (felt_mg / MAX_MG) * (1 - felt_mg / MAX_MG)
        slope = self.tilt_permille / 1000
        felt_mg *= math.cos(math.atan(slope)) * (1 + self._size("tilt") / 1e6 * slope / 0.05)
        per_c = ZERO_MG_PER_C + self._size("zero_drift") / 5
        zero_mg = per_c * (self.temperature_c - HOME_C) / self.channels
        return tuple(self._convert(channel, felt_mg, zero_mg) for channel in range(self.channels))

    def _convert(self, channel: int, felt_mg: float, zero_mg: float) -> int:
        across, along = CORNER_PLACES[channel]
        share = (1 + across * self._at[0]) * (1 + along * self._at[1]) / self.channels
        mass_mg = felt_mg * share * (1 + self._strength(channel) / 1e6)
        mass_mg += zero_mg + self._dice.gauss(0, self._noise_mg)
        counts = NOMINAL_CORNERS.cells[channel].counts(mass_mg)
        if self._fault.kind == "stuck_bit" and channel == 0:
            counts &= ~(1 << int(self._fault.size))
        return min(max(counts, COUNTS_MIN), COUNTS_MAX)

    def _strength(self, channel: int) -> float:
        """Parts in a million that this cell shows too much."""
        size = self._size("corner")
        return self._size("gain") - size / self.channels + (size if channel == 0 else 0.0)

    def _size(self, kind: str) -> float:
        return self._fault.size if self._fault.kind == kind else 0.0
