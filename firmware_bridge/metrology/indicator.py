"""From a filtered load to what the scale indicates: zero, tare, rounding, and what it may be for.

The rules are those of OIML R76 for class III; where a number stands, its clause stands beside it
(taken from secondary copies of the standard, see docs/metrology.md). It never hides a load: zero
moves only when asked, or by tracking slower than any hand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from firmware_bridge.metrology.identity import software_id
from firmware_bridge.metrology.reading import Reading, TareMode

MIN_E = 20  # table 3: minimum load of class III
OVERLOAD_E = 9  # 4.2.1: no indication above Max + 9 e
UNDERLOAD_E = 20  # an indication so far below zero is a fault, not a weight
CENTER_E = 0.25  # 4.5.2: zero is set within a quarter of e
ZERO_SHARE = 0.04  # 4.5.1: zero setting and tracking reach over 4 % of Max
TRACKING_E_PER_S = 0.4  # 4.5.7: at most 0.5 d a second; a little less, for late clocks
TRACKING_E = 0.5  # tracked while zero is what is shown
TRACKING_AFTER_MS = 1_000


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the plate says. e = d."""

    max_mg: int = 30_000_000
    e_mg: int = 5_000

    @property
    def min_mg(self) -> int:
        """The smallest load that may be sold by."""
        return MIN_E * self.e_mg


class RefusedError(Exception):
    """Zero or tare can't be set now; the text says why."""


class Indicator:
    """Push what is filtered, read what is indicated."""

    def __init__(self, instrument: Instrument = Instrument()) -> None:
        self.instrument = instrument
        self._load_mg: float | None = None
        self._zero_mg = 0.0
        self._tare_mg = 0
        self._tare_mode = TareMode.NONE
        self._stable_since_ms: int | None = None
        self._t_ms = 0
        self._count = 0
        self.trouble = ""  # set by whoever knows: a tilted cart, a bad cell, no calibration

    @property
    def zero_mg(self) -> int:
        """How far zero was moved from the calibration's."""
        return round(self._zero_mg)

    def push(self, t_ms: int, load_mg: float, *, stable: bool) -> None:
        """Take the filtered load at rest or in motion."""
        step_s = max(0, t_ms - self._t_ms) / 1000
        self._t_ms, self._load_mg = t_ms, load_mg
        if not stable:
            self._stable_since_ms = None
            return
        if self._stable_since_ms is None:
            self._stable_since_ms = t_ms
        if t_ms - self._stable_since_ms >= TRACKING_AFTER_MS:
            self._track(step_s)

    def set_zero(self) -> None:
        """Make the load at rest zero. Raises RefusedError."""
        load_mg = self._at_rest()
        reach_mg = ZERO_SHARE * self.instrument.max_mg / 2
        if abs(load_mg) > reach_mg:
            raise RefusedError(
                f"zero can be moved by {reach_mg / 1000:g} g, {load_mg / 1000:g} g is on the scale"
            )
        if self._tare_mode is not TareMode.NONE:
            raise RefusedError("a tare is set: clear it first")
        self._zero_mg = load_mg

    def tare(self) -> None:
        """Weigh the vessel that stands on the scale. Raises RefusedError."""
        gross_mg = self._at_rest() - self._zero_mg
        if not 0 < gross_mg <= self.instrument.max_mg:
            raise RefusedError("there is no vessel on the scale to take as tare")
        self._tare_mg, self._tare_mode = self._rounded(gross_mg), TareMode.WEIGHED

    def preset_tare(self, tare_mg: int) -> None:
        """Set a known tare. Raises RefusedError."""
        if not 0 < tare_mg <= self.instrument.max_mg:
            raise RefusedError("a preset tare lies above zero and not above Max")
        self._tare_mg, self._tare_mode = self._rounded(tare_mg), TareMode.PRESET

    def clear_tare(self) -> None:
        """No tare."""
        self._tare_mg, self._tare_mode = 0, TareMode.NONE

    def reading(self) -> Reading | None:
        """What is indicated now; None before the first load, and when the load is unknown."""
        if self._load_mg is None:
            return None
        self._count += 1
        fine_mg = self._load_mg - self._zero_mg
        stable = self._stable_since_ms is not None
        over = fine_mg > self.instrument.max_mg + OVERLOAD_E * self.instrument.e_mg
        under = fine_mg < -UNDERLOAD_E * self.instrument.e_mg
        fault = self._fault(stable=stable, over=over, under=under)
        net_mg = self._rounded(fine_mg - self._tare_mg)
        trouble = fault or self._too_light(net_mg)
        return Reading(
            reading_id=self._count,
            software_id=software_id(),
            sensed_ms=self._t_ms,
            gross_weight_mg=self._rounded(fine_mg),
            net_weight_mg=net_mg,
            tare_weight_mg=self._tare_mg,
            tare_mode=self._tare_mode,
            weight_stable=stable,
            center_of_zero=stable and abs(fine_mg) <= CENTER_E * self.instrument.e_mg,
            overload=over,
            underload=under,
            legal_for_trade=not trouble,
            trouble=trouble,
            sound=not fault,
            fine_gross_mg=round(fine_mg),
        )

    def forget(self) -> None:
        """The load is not known any more. Zero and tare stay."""
        self._load_mg = self._stable_since_ms = None

    def _too_light(self, net_mg: int) -> str:
        least_mg = self.instrument.min_mg
        return f"less than the minimum load of {least_mg // 1000} g" if net_mg < least_mg else ""

    def _fault(self, *, stable: bool, over: bool, under: bool) -> str:
        reasons = {
            self.trouble: bool(self.trouble),
            "the load is above Max": over,
            "the indication is below zero": under,
            "the load moves": not stable,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def _track(self, step_s: float) -> None:
        """Follow a stable zero: dirt that gathers, cells that warm up."""
        assert self._load_mg is not None, "only a load that was pushed is tracked"
        off_mg = self._load_mg - self._zero_mg
        if self._tare_mg or abs(off_mg) > TRACKING_E * self.instrument.e_mg:
            return
        limit_mg = TRACKING_E_PER_S * self.instrument.e_mg * step_s
        reach_mg = ZERO_SHARE * self.instrument.max_mg / 2
        moved_mg = self._zero_mg + min(max(off_mg, -limit_mg), limit_mg)
        self._zero_mg = min(max(moved_mg, -reach_mg), reach_mg)

    def _at_rest(self) -> float:
        if self._load_mg is None or self._stable_since_ms is None:
            raise RefusedError("the load moves: wait until it rests")
        return self._load_mg

    def _rounded(self, mass_mg: float) -> int:
        e_mg = self.instrument.e_mg
        return math.floor(mass_mg / e_mg + 0.5) * e_mg
