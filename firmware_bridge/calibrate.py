"""`python -m firmware_bridge calibrate`: what a count weighs on this cart, found with known loads.

Guided: zero, a load on each corner, span, loads between for the characteristic, and, where a bench
can change the temperature, what heat does to zero and span. It refuses what does not rest, and
writes a file only after the new calibration weighed the span load right. Every changed parameter
goes into the event logger. The loads are put on by the bench's placer, or without a bench by
whoever sits at the terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.metrology.audit import AuditError, EventLogger, last_values
from firmware_bridge.metrology.calibration import (
    CORNERS,
    NAMED_IN_LOG,
    Calibration,
    CalibrationError,
    Cell,
    as_toml,
    load,
    parameters,
)
from firmware_bridge.port import PortLost
from firmware_bridge.r76.bench import (
    BenchError,
    NotWeighedError,
    Station,
    open_bench,
    read_bench,
)
from firmware_bridge.r76.tests import SOAK_S
from firmware_bridge.scales import DRIVERS, UnknownDriverError, open_counting, open_stream

ROUGH = Cell(zero_counts=0, span_counts=420_000, span_mg=1_000_000)  # good enough to see rest
LISTEN_S = 1.0
SPAN_COUNTS = 10_000_000  # a cell's line is kept as the mass of so many counts, to seven digits
ERROR_G_MAX = 2.5  # of the span load at last: half an interval
BENT_G = 1.0  # less is noise, and no bend to be corrected
POINTS = (0.25, 0.5, 0.75)  # of the span load
WAKE_S = 2.0
WARMER_C_MIN = 5.0
Array = NDArray[np.float64]


class RefusedError(Exception):
    """The calibration was not taken; the text says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `calibrate`."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", help="a scale whose loads a person puts on")
    where.add_argument("--bench", type=Path, help="a bench file whose placer puts them on")
    parser.add_argument("--driver", choices=sorted(DRIVERS), default="chip", help="of --port")
    parser.add_argument("--cells", type=int, choices=(1, 2, 3, 4), default=4, help="converters")
    parser.add_argument("--span-g", type=float, default=20_000, help="default: %(default)s")
    parser.add_argument("--corner-g", type=float, default=10_000, help="default: %(default)s")
    parser.add_argument(
        "--heat-c", type=float, nargs="+", default=[], metavar="C",
        help="temperatures to bring a bench to; without it heat's coefficients stay as they were",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="the calibration file to write")
    parser.add_argument("--log", type=Path, required=True, help="the event logger's file")


def run(asked: argparse.Namespace) -> int:
    """Calibrate: 0 written, 1 refused, 2 usage or bench error."""
    if asked.heat_c and not asked.bench:
        print("calibrate: --heat-c needs a --bench, whose placer sets it", file=sys.stderr)
        return 2
    rough = Calibration((ROUGH,) * asked.cells)
    try:
        before = load(asked.out) if asked.out.exists() else None
        logger = EventLogger(asked.log)
        with _station(asked, rough) as station:
            station.pass_time(WAKE_S)
            found = calibrate(station, asked.cells, asked.corner_g, asked.span_g)
            found = _at_temperature(found, before, station.scale.temperature_centi_c)
            if asked.heat_c:
                found = heated(station, found, asked.heat_c, asked.span_g)
        note(logger, before, found, _from(asked.log, asked.out))
        asked.out.write_text(as_toml(found, _from(asked.out, asked.log)), encoding="utf-8")
    except (RefusedError, NotWeighedError) as error:
        print(f"calibrate: refused, nothing is written: {error}", file=sys.stderr)
        return 1
    except (
        BenchError,
        CalibrationError,
        AuditError,
        PortLost,
        UnknownDriverError,
        OSError,
    ) as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 2
    print(f"calibrate: written to {asked.out}, {len(found.cells)} cells")
    return 0


def _from(file: Path, other: Path) -> str:
    """How `file` names the other: from its own folder, so that both may move together."""
    return os.path.relpath(other.resolve(), file.resolve().parent)


def calibrate(station: Station, cells: int, corner_g: float, span_g: float) -> Calibration:
    """The whole sequence. Raises RefusedError or NotWeighedError when a load does not rest."""
    zero = _counts(station, 0)
    places = [name.replace(" ", "_") for name in CORNERS] if cells == len(CORNERS) else []
    loads = [(corner_g, at) for at in places] + [(corner_g, "centre"), (span_g, "centre")]
    rises = np.array([_counts(station, load_g, at) - zero for load_g, at in loads])
    if np.abs(rises.sum(axis=1)).min() < 1_000:
        raise RefusedError("a load hardly changed the counts: is it on, are the cells connected?")
    masses_mg = np.array([load_g * 1000 for load_g, _ in loads])
    if not places:  # without corner loads the cells can't be told apart
        rises = np.repeat(rises.sum(axis=1, keepdims=True), cells, axis=1) / cells
    mg_a_count = np.linalg.lstsq(rises, masses_mg, rcond=None)[0]
    mg_a_count *= masses_mg[-1] / (rises[-1] @ mg_a_count)  # the span load is the sharpest
    lines = tuple(
        Cell(round(offset), SPAN_COUNTS * (1 if slope > 0 else -1), round(abs(slope) * SPAN_COUNTS))
        for offset, slope in zip(zero, mg_a_count, strict=True)
    )
    straight = Calibration(lines)
    bent = _bend(station, straight, span_g)
    _prove(station, bent, span_g)
    return bent


def _at_temperature(found: Calibration, before: Calibration | None, now: int | None) -> Calibration:
    """What heat does stays as it was, from today's temperature on, unless it is found anew."""
    kept = before or found
    return replace(
        found,
        temperature_centi_c=kept.temperature_centi_c if now is None else now,
        zero_mg_per_c=kept.zero_mg_per_c,
        span_ppm_per_c=kept.span_ppm_per_c,
    )


def heated(
    station: Station, found: Calibration, temperatures_c: Sequence[float], span_g: float
) -> Calibration:
    """What a degree does to zero and span. RefusedError where that is no straight line."""
    cold = replace(found, zero_mg_per_c=0, span_ppm_per_c=0)
    counts = [_warm(station, at_c, span_g) for at_c in temperatures_c]
    warmer_c = np.array([(centi_c - found.temperature_centi_c) / 100 for centi_c, _, _ in counts])
    if np.abs(warmer_c).max() < WARMER_C_MIN:
        raise RefusedError(f"it became less than {WARMER_C_MIN:g} °C warmer or colder")
    zeros_g = np.array([_weighed_g(cold, zero) for _, zero, _ in counts])
    rises_g = np.array([_weighed_g(cold, span) for _, _, span in counts]) - zeros_g
    square = warmer_c @ warmer_c  # both lines go through what was found at home
    warm = replace(
        found,
        zero_mg_per_c=round(warmer_c @ zeros_g / square * 1000),
        span_ppm_per_c=round(warmer_c @ (rises_g - span_g) / square / span_g * 1e6),
    )
    for centi_c, zero, span in counts:
        off_g = (_weighed_g(warm, zero, centi_c), _weighed_g(warm, span, centi_c) - span_g)
        if max(map(abs, off_g)) > ERROR_G_MAX:
            raise RefusedError(f"at {centi_c / 100:g} °C it is {max(off_g, key=abs):.1f} g off")
    return warm


def _warm(station: Station, at_c: float, span_g: float) -> tuple[int, Array, Array]:
    """Its own temperature, zero and span at one temperature of the room."""
    station.tell({"place_g": 0, "at": "centre", "temperature_c": at_c})
    station.skip(SOAK_S)
    station.pass_time(WAKE_S)
    zero, span = _counts(station, 0), _counts(station, span_g)
    centi_c = station.scale.temperature_centi_c
    if centi_c is None:
        raise RefusedError("the scale does not measure its temperature: heat can't be corrected")
    return centi_c, zero, span


def _bend(station: Station, straight: Calibration, span_g: float) -> Calibration:
    """Loads between zero and span, kept when the characteristic is bent."""
    points = [(0, 0)]
    for share in POINTS:
        shown_g = _weighed_g(straight, _counts(station, share * span_g))
        points.append((round(shown_g * 1000), round(share * span_g * 1000)))
    points.append((round(span_g * 1000), round(span_g * 1000)))
    if max(abs(true - shown) for shown, true in points) < BENT_G * 1000:
        return straight
    return replace(straight, linearity=tuple(points))


def _prove(station: Station, found: Calibration, span_g: float) -> None:
    """Empty and with the span load once more, weighed by what was found."""
    for load_g in (0.0, span_g):
        error_g = _weighed_g(found, _counts(station, load_g)) - load_g
        if abs(error_g) > ERROR_G_MAX:
            raise RefusedError(
                f"{load_g:g} g came back as {load_g + error_g:.1f} g: something shifted meanwhile"
            )


def _weighed_g(found: Calibration, counts: Array, centi_c: int | None = None) -> float:
    return found.row_mg(counts.tolist(), centi_c) / 1000


def _counts(station: Station, load_g: float, at: str = "centre") -> Array:
    """Each cell's counts under a load at rest: the median, which a spike leaves as it is."""
    station.place(load_g, at)
    station.settle()
    station.scale.rows.clear()
    station.pass_time(LISTEN_S)
    if not station.scale.rows or not station.reading().weight_stable:
        raise RefusedError(f"with {load_g:g} g on it the scale does not rest: is somebody there?")
    rows = [row for _, row in station.scale.rows]
    middle: Array = np.median(np.array(rows, dtype=np.float64), axis=0)
    return middle


def note(
    logger: EventLogger, before: Calibration | None, found: Calibration, file: str = ""
) -> None:
    """Log every parameter that changes, or that somebody changed without the log."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    logged = last_values(logger.entries)
    old = logged | (parameters(before) if before else {})
    new = ({NAMED_IN_LOG: file} if file else {}) | parameters(found)
    gone = {name: "" for name in old if name.startswith("cells[") and name not in new}
    for name, value in (new | gone).items():
        if {old.get(name, ""), logged.get(name, "")} != {value}:
            logger.append(now, name, old.get(name, ""), value)


@contextlib.contextmanager
def _station(asked: argparse.Namespace, rough: Calibration) -> Iterator[Station]:
    if asked.bench:
        with open_bench(read_bench(asked.bench), rough) as station:
            yield station
        return
    scale = open_counting(asked.driver, calibration=rough)
    with open_stream(asked.driver, asked.port) as stream:
        station = Station(scale, _ask, compressed=False)
        station.open(stream)
        yield station


def _ask(order: dict[str, object]) -> None:
    """A person is the placer; the end of standard input is no answer."""
    where = str(order.get("at", "centre")).replace("_", " ")
    print(
        f"Put {order.get('place_g', 0):g} g on the scale, at its {where}; then press Enter.",
        file=sys.stderr,
    )
    if not sys.stdin.readline():
        raise BenchError("nobody answers: standard input has ended")
