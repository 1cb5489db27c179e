"""`python -m firmware_bridge diagnose`: whether a scale is well, in words to act on.

It listens for some seconds to the raw conversions of a scale that gives counts, with nobody
touching the cart. It changes nothing on the scale.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import fmean, linear_regression, pstdev

from firmware_bridge.metrology.calibration import NOMINAL, Calibration, CalibrationError, load
from firmware_bridge.metrology.corners import corner_name
from firmware_bridge.port import PortLost
from firmware_bridge.scales import DRIVERS, UnknownDriverError, open_counting, open_stream
from firmware_bridge.scales.base import (
    CornerBad,
    CountingScale,
    FramesLost,
    Row,
    ScaleEvent,
    ScaleLost,
)
from firmware_bridge.scales.chip import COUNTS_MAX, COUNTS_MIN
from firmware_bridge.streams import Stream

RATE_HZ = (76.0, 90.0)
NOISE_G_MAX = 1.0
DRIFT_G_PER_MIN_MAX = 6.0
UNIQUE_SHARE_MIN = 0.2  # of the conversions; the least converter in a good scale shows most
CORNER_SHARE_MAX = 0.6  # of the load: more is a load that lies on one corner, or a dead cell
BALANCE_G_MIN = 500.0  # less load tells nothing about the corners
DAMAGED_MAX = 0  # frames


@dataclass(frozen=True)
class Finding:
    """One figure: what it is, whether it is well, and what to do when it is not."""

    name: str
    value: float
    unit: str
    ok: bool
    advice: str = ""


@dataclass
class Heard:
    """What came from the scale: rows (milliseconds, counts), lost and damaged frames, troubles."""

    rows: list[Row] = field(default_factory=list)
    frames_lost: int = 0
    bad_frames: int = 0
    troubles: list[str] = field(default_factory=list)

    def take(self, event: ScaleEvent) -> None:
        """Note what matters here."""
        match event:
            case FramesLost():
                self.frames_lost += event.count
            case ScaleLost() | CornerBad():
                self.troubles.append(event.detail)


def judge(heard: Heard, calibration: Calibration) -> list[Finding]:
    """Every figure there are rows enough for; no rows: only what the scale said is wrong."""
    findings = [Finding("trouble", 1, "", ok=False, advice=text) for text in heard.troubles]
    if len(heard.rows) < 10:
        advice = "no conversions came: check power, cable, and that the port is the chip's"
        return findings or [Finding("rows", len(heard.rows), "", ok=False, advice=advice)]
    findings.append(_rate([t_ms for t_ms, _ in heard.rows]))
    damaged = heard.frames_lost + heard.bad_frames
    findings.append(
        Finding(
            "lost or damaged frames", damaged, "", damaged <= DAMAGED_MAX,
            "the wire loses bytes: shorten the cable, keep it from the motor's, check its ground",
        )
    )  # fmt: skip
    columns = list(zip(*(counts for _, counts in heard.rows), strict=True))
    masses_g = []
    for channel, counts in enumerate(columns):
        cell = calibration.cells[channel]
        masses_g.append([cell.mass_mg(count) / 1000 for count in counts])
        name = corner_name(channel, len(columns)) if len(columns) > 1 else "scale"
        findings += _cell(name, counts, masses_g[-1], heard.rows[-1][0] - heard.rows[0][0])
    return findings + list(_balance(masses_g))


def _rate(times_ms: Sequence[int]) -> Finding:
    rate_hz = 1000 * (len(times_ms) - 1) / max(1, times_ms[-1] - times_ms[0])
    advice = (
        "the converter runs slowly: tie its RATE pin high for 80 a second"
        if rate_hz < 20
        else "conversions are missing or too many: check the converter's clock and its power"
    )
    return Finding("rate", rate_hz, "Hz", RATE_HZ[0] <= rate_hz <= RATE_HZ[1], advice)


def _cell(
    name: str, counts: Sequence[int], masses_g: Sequence[float], span_ms: int
) -> Iterator[Finding]:
    railed = sum(not COUNTS_MIN < count < COUNTS_MAX for count in counts) / len(counts)
    yield Finding(
        f"{name}: saturated", 100 * railed, "%", railed == 0,
        "the converter is at its end: too much load, a broken wire, or the gain is too high",
    )  # fmt: skip
    unique = len(set(counts))
    yield Finding(
        f"{name}: unique values", unique, "", unique >= UNIQUE_SHARE_MIN * len(counts),
        "the same counts again and again: a bit hangs or the converter repeats itself; change it"
        if unique > 1
        else "the count never changes: the converter or its data line hangs; check the cable",
    )  # fmt: skip
    steps = [later - earlier for earlier, later in pairwise(masses_g)]
    noise_g = pstdev(steps) / 2**0.5
    yield Finding(
        f"{name}: noise", noise_g, "g", noise_g <= NOISE_G_MAX,
        "it is loud: was the cart touched? Else check its screws, the cable's shield, the supply",
    )  # fmt: skip
    a_row_g = linear_regression(range(len(masses_g)), masses_g).slope
    drift_g = a_row_g * (len(masses_g) - 1) / max(1, span_ms) * 60_000
    yield Finding(
        f"{name}: drift", drift_g, "g/min", abs(drift_g) <= DRIFT_G_PER_MIN_MAX,
        "it drifts: let it warm up for ten minutes; if it stays, the cell is damp or damaged",
    )  # fmt: skip


def _balance(masses_g: Sequence[Sequence[float]]) -> Iterator[Finding]:
    means = [fmean(masses) for masses in masses_g]
    total_g = sum(means)
    if len(means) < 2 or total_g < BALANCE_G_MIN:
        return
    for channel, mass_g in enumerate(means):
        share = mass_g / total_g
        name = corner_name(channel, len(means))
        yield Finding(
            f"{name}: share of the load", 100 * share, "%", 0 < share <= CORNER_SHARE_MAX,
            "it carries far too much or nothing: level the feet, look for what touches the frame",
        )  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `diagnose`."""
    parser.add_argument("--port", required=True, help="such as /dev/serial/by-id/...")
    parser.add_argument("--driver", choices=sorted(DRIVERS), default="chip")
    parser.add_argument("--calibration", type=Path, help="TOML with a [calibration] table")
    parser.add_argument("--seconds", type=float, default=10.0, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="one JSON line a finding")


def run(asked: argparse.Namespace) -> int:
    """Listen and judge: 0 well, 1 not, 2 no port or no calibration."""
    try:
        calibration = load(asked.calibration) if asked.calibration else NOMINAL
        scale = open_counting(asked.driver, calibration=calibration)
        with open_stream(asked.driver, asked.port) as stream:
            heard = _listen(stream, scale, asked.seconds)
    except (CalibrationError, UnknownDriverError, PortLost) as error:
        print(f"diagnose: {error}", file=sys.stderr)
        return 2
    findings = judge(heard, calibration)
    for one in findings:
        print(json.dumps(asdict(one)) if asked.json else _words(one))
    return 0 if all(one.ok for one in findings) else 1


def _listen(stream: Stream, scale: CountingScale, seconds: float) -> Heard:
    heard = Heard()
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        now_ms = round(passed_s * 1000)
        stream.write(scale.to_send(now_ms))
        for event in scale.receive(stream.read(), now_ms):
            heard.take(event)
        heard.rows += scale.rows
        scale.rows.clear()
    heard.bad_frames = scale.bad_frames
    return heard


def _words(one: Finding) -> str:
    figure = f"{'ok' if one.ok else 'NOT OK':8}{one.name}: {one.value:.4g} {one.unit}".rstrip()
    return figure if one.ok else f"{figure}\n        {one.advice}"
