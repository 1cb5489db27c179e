"""What a count weighs on one cart: data, never code."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class CalibrationError(Exception):
    """The calibration is malformed; the message names the key."""


@dataclass(frozen=True, slots=True)
class Calibration:
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


# 210 counts a gram: four 10 kg cells of 2 mV/V in parallel at gain 128. Good enough to try a scale
# out and exact for the simulated one; a real cart has a calibration of its own.
NOMINAL = Calibration(zero_counts=84_210, span_counts=6_300_000, span_mg=30_000_000)

KEYS = ("zero_counts", "span_counts", "span_mg")


def from_table(table: dict[str, Any]) -> Calibration:
    """The calibration in a table with exactly the keys zero_counts, span_counts, span_mg."""
    if set(table) != set(KEYS):
        raise CalibrationError(f"calibration: keys are {', '.join(KEYS)}; got {sorted(table)}")
    for key in KEYS:
        if type(table[key]) is not int:
            raise CalibrationError(f"calibration: {key} must be a whole number")
    return Calibration(**table)


def load(path: Path) -> Calibration:
    """The calibration in the [calibration] table of a TOML file."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))["calibration"]
    except OSError as error:
        raise CalibrationError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: {error}") from error
    except KeyError as error:
        raise CalibrationError(f"{path}: no [calibration] table") from error
    return from_table(table)
