"""Four converters: what a count weighs, heat, a bent characteristic, a cell that goes bad."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from firmware_bridge.metrology import calibration
from firmware_bridge.metrology.calibration import (
    NOMINAL_CORNERS,
    Calibration,
    CalibrationError,
    Cell,
)
from firmware_bridge.metrology.corners import CornerWatch

CELL = Cell(zero_counts=1_000, span_counts=420_000, span_mg=1_000_000)
KILOGRAM = 1_000_000


def test_a_corner_of_its_own_strength_weighs_the_same() -> None:
    """A cell a per cent stronger has a per cent more counts, and the sum is right everywhere."""
    strong = Cell(1_000, 424_200, 1_000_000)
    cart = Calibration((CELL, strong))
    for share in (0.0, 0.3, 1.0):
        row = [CELL.counts(share * KILOGRAM), strong.counts((1 - share) * KILOGRAM)]
        masses = [cell.mass_mg(counts) for cell, counts in zip(cart.cells, row, strict=True)]
        assert cart.load_mg(masses, None) == pytest.approx(KILOGRAM, abs=5)


def test_heat_is_taken_off_zero_and_span() -> None:
    """Ten degrees warmer: 5 g of zero and 100 ppm of span."""
    cart = Calibration((CELL,), temperature_centi_c=2000, zero_mg_per_c=500, span_ppm_per_c=10)
    assert cart.load_mg([5_000], 3000) == pytest.approx(0)
    warm_mg = 10 * KILOGRAM * 1.0001 + 5_000
    assert cart.load_mg([warm_mg], 3000) == pytest.approx(10 * KILOGRAM, abs=2)
    assert cart.load_mg([warm_mg], None) == warm_mg


def test_a_bent_characteristic_is_straightened() -> None:
    """At the points, half-way between them, and beyond both ends."""
    cart = Calibration((CELL,), linearity=((0, 0), (10_000, 10_100), (20_000, 20_000)))
    shown = {-5: -5, 5_000: 5_050, 10_000: 10_100, 15_000: 15_050, 25_000: 25_000}
    assert {load: cart.load_mg([load], None) for load in shown} == shown


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """One file a cart; the old form with one cell is read too."""
    cart = Calibration(NOMINAL_CORNERS.cells, 2150, -40, 12, ((0, 0), (5, 7)))
    path = tmp_path / "cart.toml"
    path.write_text(calibration.as_toml(cart), encoding="utf-8")
    assert calibration.load(path) == cart
    one = {"zero_counts": 1_000, "span_counts": 420_000, "span_mg": 1_000_000}
    assert calibration.from_table(one) == Calibration((CELL,))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"cells": []}, "1 to 4"),
        ({"cells": 3}, "list of tables"),
        ({"cells": [{"zero_counts": 1}]}, "keys are"),
        ({"cells": [{"zero_counts": 1, "span_counts": 0, "span_mg": 1}]}, "must not be 0"),
        ({"cells": [{"zero_counts": 1.5, "span_counts": 1, "span_mg": 1}]}, "whole number"),
    ],
)
def test_a_wrong_calibration_says_what_is_wrong(table: dict[str, object], words: str) -> None:
    """One error, with the key."""
    with pytest.raises(CalibrationError, match=words):
        calibration.from_table(table)


def watched(seconds: int, bad: int, trouble: str) -> list[tuple[int, str]]:
    """Four cells at rest, one of them in trouble; what was said."""
    dice = random.Random(4)
    watch = CornerWatch(4)
    found = []
    for n in range(seconds * 80):
        row = [2e6 + dice.gauss(0, 250) for _ in range(4)]
        row[bad] = {
            "stuck": 2e6,
            "loud": row[bad] + dice.gauss(0, 8_000),
            "drifts": row[bad] + 20 * n,
            "pulls": row[bad] - 5e6,
            "none": row[bad],
        }[trouble]
        found += watch.push(row, still=True)
    return found


@pytest.mark.parametrize(
    ("trouble", "words"),
    [("stuck", "hangs"), ("loud", "louder"), ("drifts", "drifts"), ("pulls", "pulls upwards")],
)
@pytest.mark.parametrize("bad", [0, 3])
def test_the_bad_cell_is_named_once(trouble: str, words: str, bad: int) -> None:
    """By its corner, with what it does and what to look at."""
    ((channel, detail),) = watched(12, bad, trouble)
    assert channel == bad
    assert detail.startswith(("front left cell", "rear right cell")[bad > 0])
    assert words in detail


def test_good_cells_are_left_alone() -> None:
    """A minute of nothing but noise; and whatever happens while the load moves is no finding."""
    assert watched(60, 0, "none") == []
    watch = CornerWatch(4)
    assert not any(watch.push([0, 0, 0, -9e6], still=False) for _ in range(800))


def test_ice_that_melts_in_a_far_corner_is_no_bad_cell() -> None:
    """Three grams a minute leave one cell alone for ten minutes; so fast a rise is a finding."""
    for sign, found in ((-1, 0), (1, 1)):
        dice = random.Random(2)
        watch, told = CornerWatch(4), 0
        for n in range(600 * 80):
            row = [2e6 + dice.gauss(0, 220) for _ in range(4)]
            row[3] += sign * 50.0 * n / 80
            told += len(watch.push(row, still=True))
        assert told == found
