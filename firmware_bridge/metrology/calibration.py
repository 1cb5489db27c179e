"""What a count weighs on one cart: data, never code.

One cell is one converter with the load cells wired to it; a cart with a converter at each corner
has four, and what each one's count weighs is the corner correction. Temperature and a bent
characteristic are corrected on the sum. A calibration file may name its event logger: then it
weighs for trade only while it is what that log says.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from firmware_bridge.metrology.audit import AuditError, Entry, check, last_values

CELLS_MAX = 4
NAMED_IN_LOG = "calibration_file"  # the parameter whose value is the path, from the log's folder
CORNERS = ("front left", "front right", "rear left", "rear right")  # by channel


class CalibrationError(Exception):
    """The calibration is malformed; the message names the key."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A straight line: `zero_counts` at no load, `span_counts` more at `span_mg`."""

    zero_counts: int
    span_counts: int
    span_mg: int

    def __post_init__(self) -> None:
        if self.span_counts == 0 or self.span_mg <= 0:
            raise CalibrationError("calibration: span_counts must not be 0, span_mg is positive")

    def mass_mg(self, counts: float) -> float:
        """Milligrams of a raw conversion."""
        return (counts - self.zero_counts) * self.span_mg / self.span_counts

    def counts(self, mass_mg: float) -> int:
        """The conversion that shows this mass."""
        return round(self.zero_counts + mass_mg * self.span_counts / self.span_mg)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The cells by channel, and how their sum is corrected.

    `temperature_centi_c` is when it was calibrated. `linearity` is (shown, true) in mg, rising;
    between two points it is straight, before the first and after the last the correction stays.
    `trouble` says why nothing may be sold by it, and is empty when something may.
    """

    cells: tuple[Cell, ...]
    temperature_centi_c: int = 2000
    zero_mg_per_c: int = 0
    span_ppm_per_c: int = 0
    linearity: tuple[tuple[int, int], ...] = ()
    trouble: str = ""

    def __post_init__(self) -> None:
        if not 1 <= len(self.cells) <= CELLS_MAX:
            raise CalibrationError(f"calibration: 1 to {CELLS_MAX} cells, not {len(self.cells)}")
        shown = [point[0] for point in self.linearity]
        if shown != sorted(set(shown)):
            raise CalibrationError("calibration: linearity must rise from point to point")

    def row_mg(self, row: Sequence[float], temperature_centi_c: int | None = None) -> float:
        """The load of one conversion of each cell, corrected."""
        pairs = zip(self.cells, row, strict=True)
        return self.load_mg([cell.mass_mg(counts) for cell, counts in pairs], temperature_centi_c)

    def counts(self, mass_mg: float) -> int:
        """The conversion that shows this mass, where there is one converter."""
        return self.cells[0].counts(mass_mg)

    def load_mg(self, masses_mg: Sequence[float], temperature_centi_c: int | None) -> float:
        """The load that the cells carry together, corrected."""
        load_mg = sum(masses_mg)
        if temperature_centi_c is not None:
            warmer_c = (temperature_centi_c - self.temperature_centi_c) / 100
            load_mg -= self.zero_mg_per_c * warmer_c
            load_mg *= 1 - self.span_ppm_per_c * warmer_c / 1e6
        return load_mg + self._bend_mg(load_mg)

    def _bend_mg(self, load_mg: float) -> float:
        if not self.linearity:
            return 0.0
        before = self.linearity[0]
        if load_mg <= before[0]:
            return before[1] - before[0]
        for after in self.linearity[1:]:
            if load_mg <= after[0]:
                share = (load_mg - before[0]) / (after[0] - before[0])
                low_mg, high_mg = before[1] - before[0], after[1] - after[0]
                return low_mg + share * (high_mg - low_mg)
            before = after
        return before[1] - before[0]


# 210 counts a gram: four 10 kg cells of 2 mV/V in parallel at gain 128. Good enough to try a scale
# out and exact for the simulated one; a real cart has a calibration of its own.
NOMINAL = Calibration((Cell(zero_counts=84_210, span_counts=6_300_000, span_mg=30_000_000),))

# A converter for each corner, at gain 64 so that half the load on one corner still fits.
NOMINAL_CORNERS = Calibration(
    tuple(
        Cell(zero_counts=zero_counts, span_counts=6_300_000, span_mg=15_000_000)
        for zero_counts in (40_300, 44_100, 38_700, 45_100)
    )
)

CELL_KEYS = ("zero_counts", "span_counts", "span_mg")
SUM_KEYS = ("temperature_centi_c", "zero_mg_per_c", "span_ppm_per_c", "linearity")


def from_table(table: dict[str, Any]) -> Calibration:
    """The calibration in a table: the keys of one cell, or `cells`, and any of SUM_KEYS."""
    rest = {key: value for key, value in table.items() if key in SUM_KEYS}
    own = {key: value for key, value in table.items() if key not in SUM_KEYS}
    cells = own["cells"] if set(own) == {"cells"} else [own]
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise CalibrationError("calibration: cells must be a list of tables")
    for key in set(rest) - {"linearity"}:
        _whole(rest[key], key)
    points = rest.pop("linearity", [])
    pairs = isinstance(points, list) and all(isinstance(p, list) and len(p) == 2 for p in points)
    if not pairs:
        raise CalibrationError("calibration: linearity must be a list of [shown_mg, true_mg]")
    linearity = tuple((_whole(p[0], "linearity"), _whole(p[1], "linearity")) for p in points)
    return Calibration(tuple(_cell(cell) for cell in cells), **rest, linearity=linearity)


def _cell(table: dict[str, Any]) -> Cell:
    if set(table) != set(CELL_KEYS):
        raise CalibrationError(f"calibration: keys are {', '.join(CELL_KEYS)}; got {sorted(table)}")
    return Cell(**{key: _whole(table[key], key) for key in CELL_KEYS})


def _whole(value: object, key: str) -> int:
    if type(value) is not int:
        raise CalibrationError(f"calibration: {key} must be a whole number")
    return value


def load(path: Path) -> Calibration:
    """The calibration in the [calibration] table of a TOML file.

    Where [event_log] `file` names a log, its `trouble` says what differs from that, if anything.
    """
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        found, log = from_table(whole["calibration"]), whole.get("event_log", {}).get("file")
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: {error}") from error
    except KeyError as error:
        raise CalibrationError(f"{path}: no [calibration] table") from error
    except (AttributeError, TypeError) as error:
        raise CalibrationError(f"{path}: [calibration] and [event_log] must be tables") from error
    if log is None:
        return found
    try:
        return replace(found, trouble=unlogged(found, check(path.parent / str(log))))
    except AuditError as error:
        return replace(found, trouble=f"the event logger does not hold: {error}")


def unlogged(calibration: Calibration, entries: Sequence[Entry]) -> str:
    """The first parameter that is not as the log says, in words; empty when all are."""
    said = {name: value for name, value in last_values(entries).items() if value}
    have = parameters(calibration)
    known = {name for name in said if name.startswith("cells[")} | set(have)
    for name in sorted(known):
        if have.get(name, "") != said.get(name, ""):
            return (
                f"the calibration is not the logged one: {name} is not {said.get(name, 'logged')}"
            )
    return ""


def parameters(calibration: Calibration) -> dict[str, str]:
    """What is logged: each parameter by its name."""
    flat = {name: str(getattr(calibration, name)) for name in SUM_KEYS}
    for number, cell in enumerate(calibration.cells):
        flat |= {f"cells[{number}].{name}": str(value) for name, value in asdict(cell).items()}
    return flat


def as_toml(calibration: Calibration, event_log: str = "") -> str:
    """The file that `load` reads back; `event_log`: the log's path, from the file's folder."""
    cells = ",\n".join(
        "  { " + ", ".join(f"{key} = {value}" for key, value in asdict(cell).items()) + " }"
        for cell in calibration.cells
    )
    names = [field.name for field in fields(calibration) if field.name in SUM_KEYS[:-1]]
    lines = [f"{name} = {getattr(calibration, name)}" for name in names]
    points = [list(point) for point in calibration.linearity]
    text = ["[calibration]", *lines, f"linearity = {points}", f"cells = [\n{cells},\n]\n"]
    if event_log:
        text += ["[event_log]", f"file = {json.dumps(event_log)}\n"]
    return "\n".join(text)
