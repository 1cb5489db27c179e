"""`python -m firmware_bridge calibrate`: what a count weighs on this cart, found with known loads.

Guided: zero, a load on each corner, span, and loads between for the characteristic. It refuses
what does not rest, and writes a file only after the new calibration weighed the span load right.
Every changed parameter goes into the event logger. The loads are put on by the bench's placer, or
without a bench by whoever sits at the terminal.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.metrology.audit import AuditError, EventLogger
from firmware_bridge.metrology.calibration import (
    CORNERS,
    Calibration,
    CalibrationError,
    Cell,
    as_toml,
    load,
)
from firmware_bridge.port import PortLost
from firmware_bridge.r76.bench import (
    BenchError,
    NotWeighedError,
    Station,
    open_bench,
    read_bench,
)
from firmware_bridge.scales import DRIVERS, UnknownDriverError, open_counting, open_stream

ROUGH = Cell(zero_counts=0, span_counts=420_000, span_mg=1_000_000)  # good enough to see rest
MEAN_S = 1.0
SPAN_COUNTS = 10_000_000  # a cell's line is kept as the mass of so many counts, to seven digits
ERROR_G_MAX = 2.5  # of the span load at last: half an interval
BENT_G = 1.0  # less is noise, and no bend to be corrected
POINTS = (0.25, 0.5, 0.75)  # of the span load
WAKE_S = 2.0
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
    parser.add_argument("--out", type=Path, required=True, help="the calibration file to write")
    parser.add_argument("--log", type=Path, required=True, help="the event logger's file")


def run(asked: argparse.Namespace) -> int:
    """Calibrate: 0 written, 1 refused, 2 usage or bench error."""
    rough = Calibration((ROUGH,) * asked.cells)
    try:
        before = load(asked.out) if asked.out.exists() else None
        logger = EventLogger(asked.log)
        with _station(asked, rough) as station:
            station.pass_time(WAKE_S)
            found = calibrate(station, asked.cells, asked.corner_g, asked.span_g)
            found = _at_temperature(found, before, station.scale.temperature_centi_c)
        note(logger, before, found)
        asked.out.write_text(as_toml(found), encoding="utf-8")
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
    """What heat does is not found here: it stays as it was, from today's temperature on."""
    kept = before or found
    return replace(
        found,
        temperature_centi_c=kept.temperature_centi_c if now is None else now,
        zero_mg_per_c=kept.zero_mg_per_c,
        span_ppm_per_c=kept.span_ppm_per_c,
    )


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


def _weighed_g(found: Calibration, counts: Array) -> float:
    pairs = zip(found.cells, counts, strict=True)
    return found.load_mg([cell.mass_mg(count) for cell, count in pairs], None) / 1000


def _counts(station: Station, load_g: float, at: str = "centre") -> Array:
    """Each cell's mean counts under a load at rest."""
    station.place(load_g, at)
    station.settle()
    station.scale.rows.clear()
    station.pass_time(MEAN_S)
    if not station.scale.rows or not station.reading().weight_stable:
        raise RefusedError(f"with {load_g:g} g on it the scale does not rest: is somebody there?")
    rows = [row for _, row in station.scale.rows]
    mean: Array = np.mean(np.array(rows, dtype=np.float64), axis=0)
    return mean


def note(logger: EventLogger, before: Calibration | None, found: Calibration) -> None:
    """Log every parameter that changes."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    old, new = _flat(before), _flat(found)
    for name, value in new.items():
        if old.get(name, "") != value:
            logger.append(now, name, old.get(name, ""), value)


def _flat(calibration: Calibration | None) -> dict[str, str]:
    if calibration is None:
        return {}
    whole = asdict(calibration)
    cells: Sequence[dict[str, int]] = whole.pop("cells")
    flat = {name: str(value) for name, value in whole.items()}
    for number, cell in enumerate(cells):
        flat |= {f"cells[{number}].{name}": str(value) for name, value in cell.items()}
    return flat


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
