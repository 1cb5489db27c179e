"""The tests of the sequence, one function each, and what R76 allows in each.

Errors are of the fine indication, less that at zero, in scale intervals e. Limits are those of an
initial verification, class III; the tables come from secondary copies of the standard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from firmware_bridge.metrology.indicator import Instrument, RefusedError
from firmware_bridge.r76.bench import NotWeighedError, Station

PLATE = Instrument()
NO_FIGURE_E = 999.0  # the error of a load that was not weighed
E_G = PLATE.e_mg / 1000
MAX_G = PLATE.max_mg / 1000
MIN_G = PLATE.min_mg / 1000
STEPS = ((500, 0.5), (2000, 1.0), (10_000, 1.5))  # up to so many e, so many e are allowed
LOADS_G = (100, 500, 2_000, 2_500, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000)
REPEATS = 10
CORNERS = ("centre", "front_left", "front_right", "rear_left", "rear_right")
DISCRIMINATION_E, DISCRIMINATION_OFF_E = 1.4, 0.4  # a step of 1.4 d must show as one of 1 d
TRACKING_G, TRACKING_TURNS, TRACKING_E_PER_S = 2.4, 60, 0.5
HALF_HOUR_S, QUARTER_S = 1_800.0, 900.0
CREEP_E, CREEP_LATE_E, ZERO_RETURN_E = 0.5, 0.2, 0.5
TEMPERATURES_C = (20, 40, 30, 10, -10, 20)
HOME_C = 20
SOAK_S = 7_200.0
TILT_PERMILLE, TILT_EMPTY_E = 50, 2.0
TARE_G, NETS_G = 2_000, (100, 2_500, 10_000, 25_000)
AMBIENT_S = 6.0  # until the accelerometer's slope is believed
RECOVER_S = 7_200.0


class Row(msgspec.Struct):
    """One line of the report. `remark`: where, which way, or when."""

    test: str
    load_g: float
    error_e: float
    limit_e: float
    ok: bool
    remark: str = ""


def allowed_e(load_g: float) -> float:
    """The greatest error allowed at a load, in e; boundaries belong to the stricter side."""
    return next(limit for up_to, limit in STEPS if load_g <= up_to * E_G)


def row(test: str, load_g: float, error_g: float, limit_e: float, remark: str = "") -> Row:
    """A judged row."""
    error_e = round(error_g / E_G, 3)
    return Row(test, load_g, error_e, limit_e, abs(error_e) <= limit_e, remark)


def not_weighed(test: str, why: str) -> Row:
    """The row of a scale that gave no figure."""
    return Row(test, 0, NO_FIGURE_E, 0.0, ok=False, remark=why)


def fresh(station: Station) -> None:
    """An empty, level, rested scale at home temperature, set to zero."""
    station.place(0, temperature_c=HOME_C, tilt_permille=0)
    station.skip(RECOVER_S)
    station.pass_time(AMBIENT_S)
    station.settle()
    try:
        station.indicator.clear_tare()
        station.indicator.set_zero()
    except RefusedError as error:
        raise NotWeighedError(f"zero can't be set on the empty scale: {error}") from error


def indicated_g(station: Station, load_g: float, at: str = "centre") -> float:
    """Place a load and read it."""
    station.place(load_g, at)
    return station.settle()


def accuracy(station: Station) -> Iterator[Row]:
    """Ten loads from Min to Max and back."""
    for way, loads in (("up", LOADS_G), ("down", LOADS_G[-2::-1])):
        for load_g in loads:
            error_g = indicated_g(station, load_g) - load_g
            yield row("accuracy", load_g, error_g, allowed_e(load_g), way)


def repeatability(station: Station) -> Iterator[Row]:
    """The same load ten times: no two differ by more than the error allowed."""
    for load_g in (MAX_G / 2, MAX_G):
        shown = []
        for _ in range(REPEATS):
            zero_g = indicated_g(station, 0)
            shown.append(indicated_g(station, load_g) - zero_g)
        spread_g = max(shown) - min(shown)
        yield row("repeatability", load_g, spread_g, allowed_e(load_g), f"{REPEATS} times")


def eccentricity(station: Station) -> Iterator[Row]:
    """A third of Max in the centre and on each quarter."""
    load_g = MAX_G / 3
    for at in CORNERS:
        error_g = indicated_g(station, load_g, at) - load_g
        yield row("eccentricity", load_g, error_g, allowed_e(load_g), at)


def discrimination(station: Station) -> Iterator[Row]:
    """1.4 d more must show, at every load; and where between two loads the indication jumps."""
    shown = []
    for load_g in LOADS_G:
        before_g, judged = _one_step(station, load_g)
        shown.append((load_g, before_g))
        yield judged
    low, high = max(pairwise(shown), key=_off_g)
    if _off_g((low, high)) > DISCRIMINATION_OFF_E * E_G:
        yield _one_step(station, _jump_g(station, low, high), ", where it jumps")[1]


Shown = tuple[float, float]  # a load, and its indication (g)


def _one_step(station: Station, load_g: float, where: str = "") -> tuple[float, Row]:
    """The indication of a load, and the judged row of 1.4 d more."""
    more_g = DISCRIMINATION_E * E_G
    before_g = indicated_g(station, load_g)
    error_g = indicated_g(station, load_g + more_g) - before_g - more_g
    return before_g, row(
        "discrimination", load_g, error_g, DISCRIMINATION_OFF_E, f"1.4 d more{where}"
    )


def _off_g(between: tuple[Shown, Shown]) -> float:
    """How much the indication moved too far or too little from one load to another."""
    (low_g, low_shown_g), (high_g, high_shown_g) = between
    return abs(high_shown_g - low_shown_g - (high_g - low_g))


def _jump_g(station: Station, low: Shown, high: Shown) -> float:
    """The load just below the jump, found by halving towards the greater error."""
    while high[0] - low[0] > DISCRIMINATION_E * E_G:
        middle_g = (low[0] + high[0]) / 2
        middle = (middle_g, indicated_g(station, middle_g))
        low, high = max((low, middle), (middle, high), key=_off_g)
    return round(low[0], 1)


def zero_tracking(station: Station) -> Iterator[Row]:
    """Half an interval put on at zero: how fast it is tracked away."""
    turns_a_second = 20
    station.place(TRACKING_G)
    zeros = [station.indicator.zero_mg]
    for _ in range(TRACKING_TURNS):
        station.pass_time(1 / turns_a_second)
        zeros.append(station.indicator.zero_mg)
    later = zeros[turns_a_second:]
    fastest_mg = max(abs(b - a) for a, b in zip(zeros, later, strict=False))
    yield row("zero_tracking", TRACKING_G, fastest_mg / 1000, TRACKING_E_PER_S, "e in a second")


def creep(station: Station) -> Iterator[Row]:
    """Max for half an hour."""
    first_g = indicated_g(station, MAX_G)
    station.skip(QUARTER_S)
    quarter_g = station.settle()
    station.skip(HALF_HOUR_S - QUARTER_S)
    half_g = station.settle()
    yield row("creep", MAX_G, half_g - first_g, CREEP_E, "30 min")
    yield row("creep", MAX_G, half_g - quarter_g, CREEP_LATE_E, "15 to 30 min")


def zero_return(station: Station) -> Iterator[Row]:
    """Zero after Max has lain there for half an hour. A little load keeps tracking away."""
    before_g = indicated_g(station, MIN_G)
    indicated_g(station, MAX_G)
    station.skip(HALF_HOUR_S)
    station.settle()
    yield row("zero_return", 0, indicated_g(station, MIN_G) - before_g, ZERO_RETURN_E)


def temperature(station: Station) -> Iterator[Row]:
    """Zero for every 5 °C, and the load at each temperature."""
    zero_g = indicated_g(station, MIN_G)
    at_c = HOME_C
    for to_c in TEMPERATURES_C:
        station.tell({"place_g": MIN_G, "at": "centre", "temperature_c": to_c})
        station.skip(SOAK_S)
        station.pass_time(2.0)
        warm_g = station.settle()
        if to_c != at_c:
            drift_g = (warm_g - zero_g) * 5 / (to_c - at_c)
            yield row("temperature", 0, drift_g, 1.0, f"{at_c} to {to_c} °C, for 5 °C")
        error_g = indicated_g(station, MAX_G) - MAX_G - (warm_g - MIN_G)
        yield row("temperature", MAX_G, error_g, allowed_e(MAX_G), f"at {to_c} °C")
        zero_g, at_c = warm_g, to_c


def tilt(station: Station) -> Iterator[Row]:
    """Leaning by 50/1000, empty (but for Min, against tracking) and with Max."""
    for load_g, limit_e in ((MIN_G, TILT_EMPTY_E), (MAX_G, allowed_e(MAX_G))):
        station.place(load_g, tilt_permille=0)
        station.pass_time(AMBIENT_S)
        level_g = station.settle()
        station.place(load_g, tilt_permille=TILT_PERMILLE)
        station.pass_time(AMBIENT_S)
        yield row("tilt", load_g, station.settle() - level_g, limit_e, "50/1000")


def tare(station: Station) -> Iterator[Row]:
    """Net loads in a vessel, its tare weighed, then preset."""
    for way in ("weighed", "preset"):
        fresh(station)
        indicated_g(station, TARE_G, "vessel")
        try:
            if way == "weighed":
                station.indicator.tare()
            else:
                station.indicator.preset_tare(TARE_G * 1000)
        except RefusedError as error:
            raise NotWeighedError(f"tare can't be set: {error}") from error
        tare_g = station.reading().tare_weight_mg / 1000
        yield row("tare", TARE_G, tare_g - TARE_G, allowed_e(TARE_G), f"{way}: the tare itself")
        for net_g in NETS_G:
            shown_g = indicated_g(station, TARE_G + net_g, "vessel") - tare_g
            yield row("tare", net_g, shown_g - net_g, allowed_e(net_g), f"{way}, net")


TESTS: dict[str, Callable[[Station], Iterator[Row]]] = {
    "accuracy": accuracy,
    "repeatability": repeatability,
    "eccentricity": eccentricity,
    "discrimination": discrimination,
    "zero_tracking": zero_tracking,
    "creep": creep,
    "zero_return": zero_return,
    "temperature": temperature,
    "tilt": tilt,
    "tare": tare,
}
