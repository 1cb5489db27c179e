"""Our own metrology behind a row of conversions, for every driver whose scale gives only counts.

It joins calibration, gate, settling, corner watch and indicator; it must never know a wire.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware_bridge.metrology.calibration import NOMINAL, NOMINAL_CORNERS, Calibration
from firmware_bridge.metrology.corners import CornerWatch
from firmware_bridge.metrology.gate import Gate
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.metrology.pending import LoadWithin
from firmware_bridge.metrology.settling import Event, MotionBegan, Settled, Settling
from firmware_bridge.scales.base import (
    CornerBad,
    LoadLive,
    LoadMoving,
    LoadPending,
    LoadSettled,
    ScaleEvent,
    Weighed,
)

NO_CALIBRATION = "this cart is not calibrated"
UNFELT = "the accelerometer says nothing any more: check it and its cable"
LEANING = "the floor slopes too much to weigh"


class Weighing:
    """Rows of counts in, events out."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._gate = Gate()
        self._settling = Settling()
        self._corners = CornerWatch(len(calibration.cells))
        self.indicator = Indicator()
        self.temperature_centi_c: int | None = None
        self.doubt = ""  # set by whoever knows the sensors: why no load should be sold by

    def moved(self, t_ms: int, motion_milli_g: int, tilt_permille: int) -> None:
        """Take what the accelerometer says."""
        self._gate.said(t_ms, motion_milli_g, tilt_permille)

    def push(self, sensed_ms: int, row: Sequence[int]) -> list[ScaleEvent]:
        """Take one conversion of each converter."""
        pairs = zip(self._calibration.cells, row, strict=True)
        masses_mg = [cell.mass_mg(counts) for cell, counts in pairs]
        load_mg = self._calibration.load_mg(masses_mg, self.temperature_centi_c)
        load_mg = self._gate.upright(load_mg)
        shaken = self._gate.shaken(sensed_ms) or self._gate.tilted
        events = named(self._settling.push(sensed_ms, load_mg, shaken=shaken))
        still = not self._settling.moving and not shaken
        bad = self._corners.push(masses_mg, still=still)
        events += [CornerBad(channel, detail) for channel, detail in bad]
        filtered_mg = self._settling.filtered_mg
        if filtered_mg is not None:
            self.indicator.trouble = self._trouble(sensed_ms)
            self.indicator.push(sensed_ms, filtered_mg, stable=still)
        reading = self.indicator.reading() if _settled(events) else None
        return [Weighed(reading), *events] if reading else events

    def live(self, sensed_ms: int) -> list[ScaleEvent]:
        """The best value for a display, and before it what is indicated; nothing while unknown."""
        mass_mg = self._settling.mass_mg
        if mass_mg is None:
            return []
        reading = self.indicator.reading()
        live = LoadLive(sensed_ms, round(mass_mg), not self._settling.moving)
        return [Weighed(reading), live] if reading else [live]

    def forget(self) -> list[ScaleEvent]:
        """Samples are missing."""
        self.indicator.forget()
        return named(self._settling.forget())

    def _trouble(self, t_ms: int) -> str:
        """Why nothing may be sold by what is indicated; the first reason of all."""
        nominal = self._calibration in (NOMINAL, NOMINAL_CORNERS)
        return (
            (LEANING if self._gate.tilted else "")
            or next(iter(self._corners.bad.values()), "")
            or self.doubt
            or (UNFELT if self._gate.silent(t_ms) else "")
            or (NO_CALIBRATION if nominal else self._calibration.trouble)
        )


def _settled(events: Iterable[ScaleEvent]) -> bool:
    return any(isinstance(event, LoadSettled) for event in events)


def named(seen: Iterable[Event]) -> list[ScaleEvent]:
    """The metrology's events as those of every driver."""
    events: list[ScaleEvent] = []
    for event in seen:
        match event:
            case MotionBegan():
                events.append(LoadMoving(event.onset_ms))
            case LoadWithin():
                low_mg, high_mg = round(event.low_mg), round(event.high_mg)
                events.append(LoadPending(event.onset_ms, event.t_ms, low_mg, high_mg))
            case Settled():
                events.append(
                    LoadSettled(
                        onset_ms=event.onset_ms,
                        sensed_ms=event.settled_ms,
                        before_mg=round(event.before_mg),
                        after_mg=round(event.after_mg),
                        uncertainty_mg=round(event.uncertainty_mg),
                    )
                )
    return events
