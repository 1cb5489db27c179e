"""Zero, tare, rounding and what an indication may be for: the rules of class III, e = 5 g."""

from __future__ import annotations

import ast
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.metrology.gate import HOLD_MS, Gate
from firmware_bridge.metrology.identity import FOLDER, checksum, files, software_id
from firmware_bridge.metrology.indicator import Indicator, RefusedError
from firmware_bridge.metrology.reading import Reading, TareMode, opc
from firmware_bridge.scales import COUNTING
from firmware_bridge.scales.base import LoadSettled
from firmware_bridge.scales.weighing import Weighing

ROOT = FOLDER.parents[1]
CART = replace(NOMINAL, temperature_centi_c=2_100)  # calibrated, as it is not the nominal one
GRAM = 1_000
E = 5 * GRAM


def resting(load_mg: float, seconds: int = 2) -> Indicator:
    """An indicator on which this load has rested."""
    indicator = Indicator()
    rest(indicator, load_mg, seconds)
    return indicator


def rest(indicator: Indicator, load_mg: float, seconds: float, began_ms: int = 0) -> None:
    """Let a load rest, 80 samples a second."""
    indicator.push(began_ms, load_mg, stable=False)
    for n in range(1, round(seconds * 80)):
        indicator.push(began_ms + round(n * 12.5), load_mg, stable=True)


def read(indicator: Indicator) -> Reading:
    """Its reading; there must be one."""
    reading = indicator.reading()
    assert reading is not None
    return reading


@pytest.mark.parametrize(
    ("load_g", "shown_g", "legal"),
    [(99, 100, True), (97, 95, False), (102.6, 105, True), (30_000, 30_000, True)],
)
def test_an_indication_is_rounded_and_knows_the_minimum_load(
    load_g: float, shown_g: int, legal: bool
) -> None:
    """Whole scale intervals; below 20 e nothing may be sold by weight."""
    reading = read(resting(load_g * GRAM))
    assert reading.gross_weight_mg == reading.net_weight_mg == shown_g * GRAM
    assert reading.legal_for_trade is legal


def test_above_max_and_nine_intervals_is_overload() -> None:
    """30,045 g is the last weight."""
    assert not read(resting(30_045 * GRAM)).overload
    over = read(resting(30_045.1 * GRAM))
    assert over.overload
    assert not over.legal_for_trade
    assert read(resting(-101 * GRAM)).underload


def test_zero_is_tracked_slower_than_half_an_interval_a_second() -> None:
    """A gram of dirt is followed at rest; a gram every second is not swallowed whole."""
    indicator = resting(0)
    rest(indicator, 1.5 * GRAM, 4, 5_000)
    assert read(indicator).center_of_zero
    assert indicator.zero_mg == pytest.approx(1_500, abs=1)
    before_mg = indicator.zero_mg
    for second in range(10, 20):
        rest(indicator, before_mg + 2 * GRAM, 1, second * 1_000)
    assert indicator.zero_mg - before_mg <= 10 * E / 2
    rest(indicator, 20 * GRAM, 5, 30_000)
    assert read(indicator).gross_weight_mg > 0, "an item of 20 g is never tracked away"


def test_tracking_is_never_faster_than_the_rule() -> None:
    """A load that creeps up by 4 g a second while zero is shown is left standing."""
    indicator = resting(0)
    moved = []
    for n in range(1, 161):
        before_mg = indicator.zero_mg
        indicator.push(2_000 + round(n * 12.5), 50.0 * n, stable=True)
        moved.append(indicator.zero_mg - before_mg)
    assert sum(moved[:80]) <= E / 2
    assert sum(moved[80:]) <= E / 2


def test_zero_is_set_at_rest_and_within_reach_only() -> None:
    """Two per cent of Max each way; neither in motion nor with a tare."""
    indicator = resting(500 * GRAM)
    indicator.set_zero()
    assert read(indicator).center_of_zero
    indicator.push(9_000, 520 * GRAM, stable=False)
    with pytest.raises(RefusedError, match="moves"):
        indicator.set_zero()
    with pytest.raises(RefusedError, match="600 g"):
        resting(700 * GRAM).set_zero()
    tared = resting(300 * GRAM)
    tared.tare()
    with pytest.raises(RefusedError, match="tare"):
        tared.set_zero()


def test_tare_is_taken_off_and_named() -> None:
    """Weighed or preset, in whole intervals, and gross stays what it was."""
    indicator = resting(1_203 * GRAM)
    indicator.tare()
    rest(indicator, 1_703 * GRAM, 2, 3_000)
    weighed = read(indicator)
    assert (weighed.tare_weight_mg, weighed.tare_mode) == (1_205 * GRAM, TareMode.WEIGHED)
    assert (weighed.net_weight_mg, weighed.gross_weight_mg) == (500 * GRAM, 1_705 * GRAM)
    indicator.clear_tare()
    indicator.preset_tare(250 * GRAM)
    assert read(indicator).net_weight_mg == 1_455 * GRAM
    for wrong in (0, 30_005 * GRAM):
        with pytest.raises(RefusedError):
            indicator.preset_tare(wrong)
    with pytest.raises(RefusedError):
        resting(-10 * GRAM).tare()


def test_a_reading_names_its_software_and_is_never_used_twice() -> None:
    """Ids count up; the software's id is a checksum over every file of the room."""
    indicator = resting(200 * GRAM)
    first, second = read(indicator), read(indicator)
    assert second.reading_id == first.reading_id + 1
    assert first.software_id == software_id() == f"dashcart-metrology {checksum()[:12]}"
    assert "indicator.py" in {path.name for path in files()}
    spelled = opc(first)
    names = "GrossWeight NetWeight TareWeight TareMode WeightStable CenterOfZero Overload"
    assert set(names.split()) <= set(spelled)
    assert {"Underload", "LegalForTrade", "ReadingId", "SoftwareId"} <= set(spelled)
    assert spelled["GrossWeight"] == 200 * GRAM


def test_all_that_makes_a_reading_of_a_count_is_summed() -> None:
    """Whatever of drivers and metrology a counting driver imports, itself or by others."""
    summed = set(files())
    open_files, seen = {FOLDER.parent / "scales" / f"{kind}.py" for kind in COUNTING}, set[Path]()
    while open_files:
        path = open_files.pop()
        seen.add(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = [
            node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        ]
        legal = [name for name in imported if re.search(r"\.(metrology|scales)\.", name)]
        open_files |= {ROOT / f"{name.replace('.', '/')}.py" for name in legal} - seen
    assert {path.name for path in seen} >= {"weighing.py", "settling.py", "thermometer.py"}
    assert seen <= summed


def test_what_moves_or_is_unknown_is_not_for_trade() -> None:
    """In motion it says so; a lost load is no reading at all; trouble is passed on."""
    indicator = resting(500 * GRAM)
    indicator.push(5_000, 510 * GRAM, stable=False)
    assert read(indicator).trouble == "the load moves"
    rest(indicator, 500 * GRAM, 1, 6_000)
    indicator.trouble = "the floor slopes"
    assert (read(indicator).legal_for_trade, read(indicator).trouble) == (False, "the floor slopes")
    indicator.forget()
    assert indicator.reading() is None


def test_the_gate_holds_while_the_cart_is_shaken_or_leans() -> None:
    """Shaken from the first loud report until a little after the last; a slope must come back."""
    gate = Gate()
    assert not gate.shaken(0)
    gate.said(1_000, 30, 0)
    assert gate.shaken(1_000 + HOLD_MS - 1)
    assert not gate.shaken(1_000 + HOLD_MS)
    for n in range(60):
        gate.said(2_000 + 50 * n, 2, 60)
    leaning = gate.tilted
    for n in range(60):
        gate.said(6_000 + 50 * n, 2, 30)
    assert (leaning, gate.tilted) == (True, False)
    assert gate.upright(30_000_000 * (1 - 0.5 * 0.03**2)) == pytest.approx(30_000_000, abs=GRAM)


def stood(
    floor: Callable[[float], int], *, heard_until_s: float = 99.0
) -> tuple[Weighing, list[LoadSettled]]:
    """29 kg on a cart that rolls from 10 s to 20 s, on a floor of this slope; what settled."""
    dice = random.Random(4)
    weighing = Weighing(CART)
    settled: list[LoadSettled] = []
    for n in range(40 * 80):
        t_s, t_ms = n / 80, round(n * 12.5)
        rolls = 10 <= t_s < 20
        slope = floor(t_s)
        if n % 4 == 0 and t_s < heard_until_s:
            felt = max(0, round(dice.gauss(slope, 1)))
            weighing.moved(t_ms, 40 if rolls else 2, felt)
        load_mg = 29_000 * GRAM * math.cos(math.atan(slope / 1000))
        load_mg += dice.gauss(0, 80 * GRAM if rolls else 450)
        events = weighing.push(t_ms, (CART.counts(load_mg),))
        settled += [event for event in events if isinstance(event, LoadSettled)]
    return weighing, settled


@pytest.mark.parametrize(("before", "after"), [(0, 50), (50, 0), (20, 20), (30, 50)])
def test_a_cart_that_rolls_onto_a_slope_weighs_the_same(before: int, after: int) -> None:
    """29 kg, of which 50/1000 takes 36 g: one rest after it stopped, and no load came or went."""
    weighing, settled = stood(lambda t_s: before if t_s < 15 else after)
    assert len([one for one in settled if one.sensed_ms > 15_000]) == 1
    assert all(abs(one.after_mg - one.before_mg) <= 1_500 for one in settled)
    reading = weighing.indicator.reading()
    assert reading is not None
    assert reading.fine_gross_mg == pytest.approx(29_000 * GRAM, abs=1_000)
    assert reading.sound


def test_an_accelerometer_that_fell_silent_is_said() -> None:
    """The slope that it told last is a memory: nothing is sold by it any more."""
    weighing, _ = stood(lambda t_s: 50 if t_s < 15 else 0, heard_until_s=9.0)
    reading = weighing.indicator.reading()
    assert reading is not None
    assert (reading.sound, "accelerometer" in reading.trouble) == (False, True)
    assert not stood(lambda _: 0, heard_until_s=0.0)[0].indicator.trouble, "one without"
