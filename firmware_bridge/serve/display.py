"""What a till may be told of the load: rounded to the scale interval, less the tare, or nothing.

A mass is given only while the load rests within the range, and only of a scale that calls it sound:
no till bills from an uncalibrated scale or a bad corner. (Min is left to the till, which knows what
it sells.) It never holds on to a mass that the source took back. All masses are whole milligrams.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from firmware_bridge.scales.base import (
    LoadLive,
    LoadMoving,
    LoadSettled,
    ScaleEvent,
    ScaleLost,
    Weighed,
)
from firmware_bridge.scales.units import divided

OVER_STEPS = 9  # nothing is shown above Max + 9 e (OIML R76, 4.2.3)
UNDER_STEPS = 20  # nor below -20 e


class State(Enum):
    """Whether there is a mass, and why not."""

    STABLE = auto()
    MOVING = auto()
    OVER = auto()
    UNDER = auto()
    UNFIT = auto()  # the scale itself says that nothing may be sold by it
    GONE = auto()  # no scale


@dataclass(frozen=True, slots=True)
class Shown:
    """The display of this moment; masses mean something in STABLE and MOVING only."""

    state: State
    net_mg: int
    tare_mg: int
    center_of_zero: bool


class Display:
    """Keeps the newest reading and the tare. `step_mg` is the scale interval e."""

    def __init__(self, max_mg: int, step_mg: int) -> None:
        self.max_mg = max_mg
        self.step_mg = step_mg
        self._mass_mg: int | None = None
        self._stable = False
        self._indicated = False
        self._fit = True  # the last indication at rest was sound, if the scale says so at all
        self._tare_mg = 0

    def take(self, event: ScaleEvent) -> None:
        """Follow what a driver says. What a scale indicates itself goes before our own view."""
        match event:
            case Weighed():
                if event.reading.weight_stable or not self._indicated:
                    self._fit = event.reading.sound
                self._indicated = True
                self._mass_mg = event.reading.gross_weight_mg
                self._stable = event.reading.weight_stable
            case LoadLive() if not self._indicated:
                self._mass_mg, self._stable = event.mass_mg, event.stable
            case LoadSettled() if not self._indicated:
                self._mass_mg, self._stable = event.after_mg, True
            case LoadMoving():
                self._stable = False
            case ScaleLost():
                self._mass_mg, self._stable = None, False

    def shown(self) -> Shown:
        """The display of this moment."""
        mass_mg = 0 if self._mass_mg is None else self._mass_mg
        return Shown(
            self._state(mass_mg),
            self._rounded(mass_mg) - self._tare_mg,
            self._tare_mg,
            center_of_zero=4 * abs(mass_mg) <= self.step_mg and self._mass_mg is not None,
        )

    def tare(self, tare_mg: int | None = None) -> bool:
        """Take off this mass, or the load that rests; False when that is not allowed."""
        shown = self.shown()
        if tare_mg is None:
            if shown.state is not State.STABLE:
                return False
            tare_mg = shown.net_mg + shown.tare_mg
        if not 0 <= tare_mg <= self.max_mg:
            return False
        self._tare_mg = self._rounded(tare_mg)
        return True

    def _rounded(self, mass_mg: int) -> int:
        return divided(mass_mg, self.step_mg) * self.step_mg

    def _state(self, mass_mg: int) -> State:
        if self._mass_mg is None:
            return State.GONE
        if mass_mg > self.max_mg + OVER_STEPS * self.step_mg:
            return State.OVER
        if mass_mg < -UNDER_STEPS * self.step_mg:
            return State.UNDER
        if not self._fit:
            return State.UNFIT
        return State.STABLE if self._stable else State.MOVING
