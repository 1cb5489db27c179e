"""What the scale indicates, and what a good sold by mass costs by it: made here and nowhere else.

A `Weighing` is stated in the fact that adds the line and then only passed on: to the screen, the
journal, the store and the receipt. docs/adr/0004 says why the net is rounded once. It must never
make a weighing of a load that the scale did not indicate at rest, or of less than Min.
"""

from __future__ import annotations

from typing import Literal

from cart.core.units import round_to_step
from cart.core.value import Value
from cart.core.weights import WeightUnit, price_of_weight_minor

INTERVAL_MG = 5_000  # e = 5 g: a weighed good is billed in whole intervals of the scale
MIN_MG = 100_000  # Min = 20 e: nothing lighter is billed by weight

# Why a good can't be sold by its mass: less than Min, not indicated at rest, above Max, or the
# scale itself is not fit (a bad cell, no calibration).
Trouble = Literal["too_light", "not_at_rest", "overload", "unfit"]


class LoadReading(Value):
    """One indication at rest, as `firmware_bridge.metrology.reading` made it; nothing computed.

    `reading_id` counts from the start of the bridge. `sound` says whether it may be relied on,
    whatever its size; `legal_for_trade` also asks for Min, and `trouble` says in words why not."""

    reading_id: int
    software_id: str
    gross_mg: int
    tare_mg: int = 0
    stable: bool = True
    overload: bool = False
    sound: bool = True
    legal_for_trade: bool = True
    trouble: str = ""


class Readings(Value):
    """What was indicated before and after a load change; None: nothing was, at rest."""

    before: LoadReading | None = None
    after: LoadReading | None = None


class TakenBack(Value):
    """Some of a weighed good that left again: the load change, and the readings around it."""

    mass_mg: int
    reading_before_id: int = 0
    reading_id: int = 0


class Weighing(Value):
    """How a good sold by mass was weighed and what it costs before deals.

    `net_mg` is the load change less `tare_mg`, less `beside_mg` (what went in with it, by the
    catalog) and less what was `taken_back`, rounded once to the interval; `unit_price_minor` is for
    one `price_unit`. A scale without our metrology gives no readings: then the ids are 0 and
    `software_id` is ""."""

    net_mg: int
    tare_mg: int
    unit_price_minor: int
    price_minor: int
    beside_mg: int = 0
    reading_before_id: int = 0
    reading_id: int = 0
    software_id: str = ""
    taken_back: tuple[TakenBack, ...] = ()
    price_unit: WeightUnit = "kg"


def weigh(
    change_mg: int,
    tare_mg: int,
    unit_price_minor: int,
    readings: Readings | None,
    beside_mg: int = 0,
    price_unit: WeightUnit = "kg",
) -> Weighing | Trouble:
    """Weigh a good by a load change, or say why that is no weighing to sell by.

    `readings` None: the scale is of another make and has judged its mass itself."""
    trouble = unfit(readings)
    if trouble is not None:
        return trouble
    net_mg = round_to_step(change_mg - beside_mg - tare_mg, INTERVAL_MG)
    if net_mg < MIN_MG:
        return "too_light"
    before_id, after_id, software_id = _ids(readings)
    return Weighing(
        net_mg=net_mg,
        tare_mg=tare_mg,
        unit_price_minor=unit_price_minor,
        price_minor=price_of_weight_minor(net_mg, unit_price_minor, price_unit),
        beside_mg=beside_mg,
        reading_before_id=before_id,
        reading_id=after_id,
        software_id=software_id,
        price_unit=price_unit,
    )


def taken_back_by(mass_mg: int, readings: Readings | None) -> TakenBack:
    """What left, with the ids of the readings around it."""
    before_id, after_id, _ = _ids(readings)
    return TakenBack(mass_mg, before_id, after_id)


def _ids(readings: Readings | None) -> tuple[int, int, str]:
    before, after = (None, None) if readings is None else (readings.before, readings.after)
    return (
        0 if before is None else before.reading_id,
        0 if after is None else after.reading_id,
        "" if after is None else after.software_id,
    )


def readings_of(readings: Readings | None, change_mg: int, uncertainty_mg: int) -> Readings | None:
    """What was indicated around a settled change; where the two indications contradict it, the
    one before is not of this change, and goes.

    Each indication is half an interval off at most, the change by its `uncertainty_mg`."""
    before, after = (None, None) if readings is None else (readings.before, readings.after)
    if before is None or after is None or before.overload or after.overload:
        return readings
    contradiction_mg = abs(after.gross_mg - before.gross_mg - change_mg)
    agree = contradiction_mg <= INTERVAL_MG + uncertainty_mg
    return readings if agree else Readings(after=after)


def unfit(readings: Readings | None) -> Trouble | None:
    """Why nothing is sold by these indications: both must be there and sound, for the net is what
    lies between them."""
    if readings is None:
        return None
    if readings.before is None or readings.after is None:
        return "not_at_rest"
    if readings.before.overload or readings.after.overload:
        return "overload"
    return None if readings.before.sound and readings.after.sound else "unfit"
