"""`python -m firmware_bridge plot FILE`: a picture of what a scale said, from what `record` kept.

The upper curve is every conversion's mass, the thick one what the metrology showed; each settled
change is marked. It must never read a scale itself.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from firmware_bridge.metrology.calibration import NOMINAL, Calibration, CalibrationError, load
from firmware_bridge.scales import DRIVERS, UnknownDriverError, open_counting
from firmware_bridge.scales.base import CountingScale, LoadLive, LoadSettled

WIDTH, HEIGHT = 1200, 500
LEFT, RIGHT, TOP, BOTTOM = 90, 20, 40, 50
RAW, SHOWN, MARK, AXIS = "#9db8e8", "#0b3d91", "#c26401", "#666666"
TICKS = 6


class RecordingError(Exception):
    """The file is no recording of a scale; the message names the line."""


@dataclass
class Curves:
    """Seconds and grams."""

    raw: list[tuple[float, float]] = field(default_factory=list)
    shown: list[tuple[float, float]] = field(default_factory=list)
    settled: list[tuple[float, float]] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `plot`."""
    parser.add_argument("file", type=Path, help="what `record` wrote")
    parser.add_argument("--out", type=Path, help="PNG to write; default: beside the file")
    parser.add_argument("--driver", choices=sorted(DRIVERS), default="chip")
    parser.add_argument("--calibration", type=Path, help="TOML with a [calibration] table")


def run(asked: argparse.Namespace) -> int:
    """Draw: 0, or 2 when the file can't be read or holds no conversions."""
    out: Path = asked.out or asked.file.with_suffix(".png")
    try:
        calibration = load(asked.calibration) if asked.calibration else NOMINAL
        scale = open_counting(asked.driver, calibration=calibration)
        curves = replay(asked.file, scale, calibration)
        draw(curves, asked.file.name, out)
    except (RecordingError, CalibrationError, UnknownDriverError, OSError) as error:
        print(f"plot: {error}", file=sys.stderr)
        return 2
    print(out)
    return 0


def replay(file: Path, scale: CountingScale, calibration: Calibration) -> Curves:
    """Run the driver over a recording. Raises RecordingError."""
    curves = Curves()
    for t_ms, data in _lines(file):
        for event in scale.receive(data, t_ms):
            match event:
                case LoadLive():
                    curves.shown.append((event.sensed_ms / 1000, event.mass_mg / 1000))
                case LoadSettled():
                    curves.settled.append((event.sensed_ms / 1000, event.after_mg / 1000))
        for sensed_ms, row in scale.rows:
            curves.raw.append((sensed_ms / 1000, calibration.row_mg(row) / 1000))
        scale.rows.clear()
        scale.to_send(t_ms)
    if len(curves.raw) < 2:
        raise RecordingError(f"{file}: no conversions in it (is --calibration for as many cells?)")
    return curves


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{file}: no text") from error
    for number, line in enumerate(text.splitlines(), 1):
        try:
            entry = json.loads(line)
            yield int(entry["t_ms"]), bytes.fromhex(entry["read"])
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(f"{file}: line {number} is none of a recording") from error


def draw(curves: Curves, title: str, out: Path) -> None:
    """Write the picture."""
    from PIL import Image, ImageDraw  # noqa: PLC0415 - only this command needs it

    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(picture)
    times = [t_s for t_s, _ in curves.raw]
    masses = sorted(mass_g for _, mass_g in curves.raw)
    trim = len(masses) // 1000  # a spike of kilograms must not flatten all the rest
    low, high = masses[trim], masses[-1 - trim]
    room = max(0.05 * (high - low), 1.0)
    across = _scale(times[0], times[-1], LEFT, WIDTH - RIGHT)
    down = _scale(low - room, high + room, HEIGHT - BOTTOM, TOP)

    def placed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(_at(across, t_s), _at(down, mass_g)) for t_s, mass_g in points]

    for n in range(TICKS + 1):
        t_s = times[0] + (times[-1] - times[0]) * n / TICKS
        mass_g = low + (high - low) * n / TICKS
        y = _at(down, mass_g)
        pen.line([(LEFT, y), (WIDTH - RIGHT, y)], fill="#eeeeee")
        pen.text((8, y - 6), f"{mass_g:.1f} g", fill=AXIS)
        pen.text((_at(across, t_s) - 10, HEIGHT - BOTTOM + 12), f"{t_s:.1f} s", fill=AXIS)
    pen.line(placed(curves.raw), fill=RAW, width=1)
    if len(curves.shown) > 1:
        pen.line(placed(curves.shown), fill=SHOWN, width=3)
    for x, y in placed(curves.settled):
        pen.ellipse([x - 5, y - 5, x + 5, y + 5], outline=MARK, width=2)
    pen.text((LEFT, 12), f"{title}: conversions, shown, o settled", fill="black")
    picture.save(out)


Scale = tuple[float, float]


def _scale(low: float, high: float, first: float, last: float) -> Scale:
    slope = (last - first) / ((high - low) or 1.0)
    return slope, first - slope * low


def _at(scale: Scale, value: float) -> float:
    return scale[0] * value + scale[1]
