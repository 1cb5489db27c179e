"""A bench: a scale on a port, and a program that puts loads on it, spoken to in JSON Lines.

Where the bench can make its own time (`compressed`), it is told to; elsewhere time is the clock's.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from firmware_bridge.metrology import calibration
from firmware_bridge.metrology.calibration import Calibration, CalibrationError
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.metrology.reading import Reading
from firmware_bridge.port import PortLost
from firmware_bridge.scales import UnknownDriverError, open_counting, open_stream
from firmware_bridge.scales.base import (
    CountingScale,
    LossReason,
    ScaleBack,
    ScaleEvent,
    ScaleLost,
)
from firmware_bridge.streams import Stream

ROOT = Path(__file__).resolve().parents[2]  # where this program and its benches lie
TURN_S = 0.05
PLACER_S = 600.0  # a person may be the placer
SETTLE_S = 10.0
LOOK_S = 0.4  # after a load was placed, before rest is believed
REST_S = 0.5  # of rest, before the indication is read
READINGS = 10  # of an indication, a turn apart: their mean is free of noise
EXTENDS_MAX = 5


class BenchError(Exception):
    """The bench file is wrong or the bench gave no figure; the text says what to do."""


class Setup(msgspec.Struct, forbid_unknown_fields=True):
    """[r76] of a bench file. In `placer` {python}, {bench} and {port} are filled in.

    Without `port` the placer makes one where it is told to. Without `tests`: all of them. `driver`
    is one of those in firmware_bridge.scales that give counts. `simulated` must be said, unless the
    bench makes its own time: then it is.
    """

    placer: list[str]
    calibration: str
    port: str = ""
    driver: str = "chip"
    simulated: bool | None = None
    compressed: bool = False
    tests: list[str] = []

    def __post_init__(self) -> None:
        if self.compressed:
            self.simulated = True  # whatever it says: a real scale has only the clock's time


class FaultTable(msgspec.Struct, forbid_unknown_fields=True):
    """[fault] of a bench file; the placer knows the kinds."""

    kind: str
    size: float


class BenchFile(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that a bench file may hold, with what it extends; `rig hil` reads the rest."""

    r76: Setup
    name: str = ""
    seed: int | None = None
    fault: FaultTable | None = None
    resource: dict[str, Any] = {}
    driver: dict[str, Any] = {}
    strategy: dict[str, Any] = {}

    def for_placer(self) -> str:
        """What of it is a placer's: the seed and [fault]."""
        lines = [] if self.seed is None else [f"seed = {self.seed}"]
        if self.fault:
            kind, size = json.dumps(self.fault.kind), self.fault.size
            lines += ["[fault]", f"kind = {kind}", f"size = {size}"]
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class Bench:
    """A bench file, read."""

    path: Path
    name: str
    setup: Setup
    for_placer: str
    whole: dict[str, Any]


def read_bench(path: Path) -> Bench:
    """A bench file; `extends` names one that holds what this one does not say.

    It and `calibration` are looked for beside the file, then in the folder of this program: so a
    bench file means the same wherever it lies and from wherever it is read.
    """
    whole = _merged(path, EXTENDS_MAX)
    try:
        file = msgspec.convert(whole, BenchFile)
    except msgspec.ValidationError as error:
        raise BenchError(f"{path}: {error}") from error
    return Bench(path, file.name or path.stem, file.r76, file.for_placer(), whole)


def _merged(path: Path, depth: int) -> dict[str, Any]:
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BenchError(f"{path}: {error}") from error
    base = own.pop("extends", None)
    if base is None:
        table = own.get("r76", {})
        if isinstance(table, dict) and isinstance(table.get("calibration"), str):
            table["calibration"] = str(_found(table["calibration"], path))
        return own
    if not isinstance(base, str) or depth == 0:
        raise BenchError(f"{path}: extends must name a file, and not go round in circles")
    return _merged(_found(base, path), depth - 1) | own


def _found(name: str, named_in: Path) -> Path:
    beside = named_in.resolve().parent / name
    return beside if beside.exists() else ROOT / name


class NotWeighedError(Exception):
    """The scale gives no indication where it must: its failure, not the bench's."""


Tell = Callable[[dict[str, object]], None]


class Station:
    """An open bench. `tell` gives the placer an order and returns when it is done."""

    def __init__(self, scale: CountingScale, tell: Tell, *, compressed: bool) -> None:
        self.scale = scale
        self.tell = tell
        self.simulated = False  # as far as the placer says
        self._compressed = compressed
        self._stream: Stream | None = None
        self._began_s = time.monotonic()
        self._made_s = 0.0
        self._lost: ScaleLost | None = None

    @property
    def indicator(self) -> Indicator:
        """The scale's own: zero and tare are set there."""
        return self.scale.indicator

    def open(self, stream: Stream) -> None:
        """Read the scale from here on."""
        self._stream = stream

    def place(self, load_g: float, at: str = "centre", **room: float) -> None:
        """Make this the whole load; `room`: temperature_c, tilt_permille."""
        self.tell({"place_g": load_g, "at": at, **room})

    def pass_time(self, seconds: float) -> None:
        """Let the scale run for so long, and hear all of it."""
        for _ in range(max(1, round(seconds / TURN_S))):
            self._turn()

    def skip(self, seconds: float) -> None:
        """Let so long pass, listening only where time can't be made."""
        if self._compressed:
            self.tell({"skip_s": seconds})
        else:
            self.pass_time(seconds)

    def settle(self) -> float:
        """Wait for rest; the fine indication (g). Raises NotWeighedError when there is none."""
        self.pass_time(LOOK_S)
        rested_s = waited_s = 0.0
        while rested_s < REST_S:
            if waited_s > SETTLE_S:
                raise self._none(f"nothing came to rest in {SETTLE_S:g} s")
            self._turn()
            waited_s += TURN_S
            reading = self.indicator.reading()
            rested_s = rested_s + TURN_S if reading and reading.weight_stable else 0.0
        return self.fine_g()

    def fine_g(self) -> float:
        """The indication at a tenth of an interval or finer, as R76 A.4.1.6 allows."""
        total_mg = 0
        for _ in range(READINGS):
            self._turn()
            total_mg += self.reading().fine_gross_mg
        return total_mg / READINGS / 1000

    def reading(self) -> Reading:
        """What is indicated now. Raises NotWeighedError when nothing is."""
        reading = self.indicator.reading()
        if reading is None:
            raise self._none("the scale indicates nothing")
        return reading

    def _none(self, trouble: str) -> Exception:
        if self._lost is None:
            return NotWeighedError(trouble)
        words = f"the scale is lost: {self._lost.detail}"
        own = self._lost.reason is LossReason.SENSOR  # the others are the bench's wires
        return NotWeighedError(words) if own else BenchError(words)

    def _turn(self) -> None:
        if self._compressed:
            self.tell({"wait_s": TURN_S})
            self._made_s += TURN_S
            self._hear()
            return
        until_s = time.monotonic() + TURN_S
        while time.monotonic() < until_s:
            self._hear()

    def _hear(self) -> None:
        """One read, which waits a moment for a first byte."""
        assert self._stream is not None, "open() comes first"
        for event in self.scale.receive(self._stream.read(), self._now_ms()):
            self._note(event)
        self._stream.write(self.scale.to_send(self._now_ms()))

    def _now_ms(self) -> int:
        seconds = self._made_s if self._compressed else time.monotonic() - self._began_s
        return round(seconds * 1000)

    def _note(self, event: ScaleEvent) -> None:
        if isinstance(event, ScaleLost):
            self._lost = event
        elif isinstance(event, ScaleBack):
            self._lost = None


class Program:
    """A load placer that is a program. It answers each order once, within `wait_s`."""

    def __init__(self, process: subprocess.Popen[bytes], wait_s: float = PLACER_S) -> None:
        self._process = process
        self._wait_s = wait_s
        self._heard = b""  # after the last whole line
        self.simulated = False  # it said so

    def tell(self, order: dict[str, object]) -> None:
        """One line out, one line in. Raises BenchError when it can't be done."""
        to = self._process.stdin
        assert to is not None
        if self._heard:
            raise BenchError(f"the load placer said more than one answer: {self._heard!r}")
        try:
            to.write(json.dumps(order).encode() + b"\n")
            to.flush()
        except OSError as error:
            raise BenchError("the load placer has ended: see what it said") from error
        line = self._line(order)
        try:
            answer = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise BenchError(f"the load placer answered {line!r} to {order}") from error
        if not isinstance(answer, dict) or "done" not in answer:
            raise BenchError(f"the load placer could not do {order}: {answer}")
        self.simulated |= answer.get("simulated") is True

    def _line(self, order: dict[str, object]) -> bytes:
        """The next whole line; what came of it is said when the rest does not come."""
        answers = self._process.stdout
        assert answers is not None
        until_s = time.monotonic() + self._wait_s
        while b"\n" not in self._heard:
            ready, _, _ = select.select([answers], [], [], max(0, until_s - time.monotonic()))
            more = os.read(answers.fileno(), 4096) if ready else b""
            if not more:
                why = "ended" if ready else f"gave no answer for {self._wait_s:g} s"
                raise BenchError(f"the load placer {why}: {self._heard!r} to {order}")
            self._heard += more
        line, _, self._heard = self._heard.partition(b"\n")
        return line


@contextlib.contextmanager
def open_bench(bench: Bench, cells: Calibration | None = None) -> Iterator[Station]:
    """Start the placer, open the scale, and end both at last. Raises BenchError.

    `cells` stand for the bench's calibration, where there is none yet.
    """
    try:
        known = cells or calibration.load(Path(bench.setup.calibration))
        scale = open_counting(bench.setup.driver, calibration=known)
    except (CalibrationError, UnknownDriverError) as error:
        raise BenchError(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="dashcart-r76-") as folder:
        port = bench.setup.port or str(Path(folder) / "scale")
        with _placer(bench, Path(folder), port) as program:
            station = Station(scale, program.tell, compressed=bench.setup.compressed)
            station.tell({"place_g": 0})
            station.simulated = program.simulated
            try:
                with open_stream(bench.setup.driver, port) as opened:
                    station.open(opened)
                    yield station
            except PortLost as error:
                raise BenchError(str(error)) from error


@contextlib.contextmanager
def _placer(bench: Bench, folder: Path, port: str) -> Iterator[Program]:
    whole = folder / "bench.toml"
    whole.write_text(bench.for_placer, encoding="utf-8")
    names = {"{python}": sys.executable, "{bench}": str(whole), "{port}": port}
    command = [names.get(word, word) for word in bench.setup.placer]
    if not command:
        raise BenchError(f"{bench.path}: [r76] placer names no program")
    modules = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    try:
        process = subprocess.Popen(  # noqa: S603 - the bench's owner names it
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": modules},
        )  # fmt: skip
    except OSError as error:
        raise BenchError(f"{command[0]}: the load placer can't be started: {error}") from error
    try:
        yield Program(process)
    finally:
        process.kill()
        process.communicate()
