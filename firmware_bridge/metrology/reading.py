"""One indication of the scale, as it must travel: whole, with its id and that of the software.

Field names follow OPC 40200 (weighing technology); `opc` gives them as that standard spells them.
Whoever shows a reading shows it as it is: nothing in it may be computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum


class TareMode(StrEnum):
    """Where the tare came from."""

    NONE = "None"
    WEIGHED = "Weighed"
    PRESET = "Preset"


@dataclass(frozen=True, slots=True)
class Reading:
    """Weights are rounded to the scale interval, except `fine_gross_mg`, for tests of the scale.

    `trouble` says why it is not legal for trade, and is empty when it is. `sound` leaves Min out of
    it: what is sold by the difference of two indications needs both of them sound, and Min of the
    difference.
    """

    reading_id: int
    software_id: str
    sensed_ms: int
    gross_weight_mg: int
    net_weight_mg: int
    tare_weight_mg: int
    tare_mode: TareMode
    weight_stable: bool
    center_of_zero: bool
    overload: bool
    underload: bool
    legal_for_trade: bool
    trouble: str
    sound: bool
    fine_gross_mg: int


def opc(reading: Reading) -> dict[str, object]:
    """The fields as OPC 40200 spells them, masses in milligrams."""
    return {
        "".join(word.capitalize() for word in field.name.removesuffix("_mg").split("_")): getattr(
            reading, field.name
        )
        for field in fields(reading)
    }
