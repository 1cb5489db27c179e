"""What the scale indicated travels with the load change, whole, and a bad corner is said once."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from cart.core.observations import LoadChanged, SenseBack, SenseDoubted, SenseLost
from cart.core.weighed import Readings
from cart.shell.clock import monotonic_ms
from cart.shell.config import ScaleConfig
from cart.shell.scale_sense import Indicated, ScaleSense
from firmware_bridge.metrology.calibration import NOMINAL, Calibration
from firmware_bridge.metrology.identity import software_id
from firmware_bridge.metrology.indicator import Indicator
from firmware_bridge.metrology.reading import Reading
from firmware_bridge.scales import open_driver
from firmware_bridge.scales.base import CornerBad, ScaleEvent
from tests.shell.peers import SerialPeer
from tests.shell.test_senses import Ear, chip, put
from tests.waiting import serving, until

CALIBRATED = replace(NOMINAL, temperature_centi_c=2_100)


def reading_at(t_ms: int, indicator: Indicator, *, stable: bool = True) -> Reading:
    """One indication of a real indicator."""
    indicator.push(t_ms, 500_000, stable=stable)
    reading = indicator.reading()
    assert reading is not None
    return reading


@pytest.mark.parametrize(("calibration", "sound"), [(CALIBRATED, True), (NOMINAL, False)])
def test_a_load_change_carries_what_was_indicated(
    tmp_path: Path, calibration: Calibration, *, sound: bool
) -> None:
    """400 g on a real chip process: the readings before and after; a scale that nobody calibrated
    says so."""
    ear, link = Ear(), tmp_path / "scale"
    sense = ScaleSense(
        ScaleConfig(link), open_driver("chip", calibration=calibration), ear.inbox, monotonic_ms
    )
    with chip(link) as process, serving(sense.serve, sense.stop):
        first = ear.hear(LoadChanged)
        put(process, 400_000)
        moving, settled = ear.hear(LoadChanged), ear.hear(LoadChanged)
    assert first.readings is not None
    assert first.readings.before is None
    assert moving.readings is None
    assert settled.readings is not None
    before, after = settled.readings.before, settled.readings.after
    assert before is not None
    assert after is not None
    assert before.reading_id < after.reading_id
    assert (before.gross_mg, after.gross_mg) == (0, 400_000)
    assert before.software_id == after.software_id == software_id()
    assert (before.sound, after.sound, after.legal_for_trade) == (sound, sound, sound)
    assert before.trouble  # an empty cart is below Min, and its reading is sound all the same


def test_before_is_what_was_indicated_at_the_onset() -> None:
    """Not what came after it, not what moved, and not what rested before the last load change."""
    indicator, indicated = Indicator(), Indicated()
    for t_ms, stable in ((100, True), (300, False), (310, True), (500, True)):
        indicated.take(reading_at(t_ms, indicator, stable=stable))
    indicated.began(400)
    indicated.take(reading_at(900, indicator))
    readings = indicated.settled(900)
    assert readings is not None
    assert readings.before is not None
    assert readings.after is not None
    assert (readings.before.reading_id, readings.after.reading_id) == (3, 5)
    indicated.began(910)
    split = indicated.settled(1_200)
    assert split is not None
    assert (split.before, split.after) == (readings.after, None)
    indicated.began(1_210)
    after_split = indicated.settled(1_500)
    assert after_split is not None
    assert (after_split.before, after_split.after) == (None, None)


def test_the_second_of_two_in_one_swing_keeps_its_reading() -> None:
    """Its load is indicated before either of the two changes is told; the next starts from it."""
    indicator, indicated = Indicator(), Indicated()
    indicated.take(reading_at(100, indicator))
    indicated.began(200)
    indicated.take(reading_at(900, indicator))
    first = indicated.settled(500)
    indicated.began(510)
    second = indicated.settled(900)
    assert first is not None
    assert second is not None
    assert (first.after, second.before) == (None, None)
    assert second.after is not None
    indicated.began(1_000)
    indicated.take(reading_at(1_500, indicator))
    third = indicated.settled(1_500)
    assert third is not None
    assert third.before == second.after


def test_nothing_indicated_before_a_loss_is_before_a_later_change() -> None:
    """What came while the scale was away has no reading before; the next change has one again."""
    indicator, indicated = Indicator(), Indicated()
    indicated.take(reading_at(100, indicator))
    indicated.began(200)
    indicated.lost()
    indicated.take(reading_at(5_000, indicator))
    indicated.began(5_000)
    found = indicated.settled(5_000)
    assert found is not None
    assert (found.before, found.after is None) == (None, False)
    indicated.began(6_000)
    indicated.take(reading_at(6_500, indicator))
    later = indicated.settled(6_500)
    assert later is not None
    assert later.before == found.after


def test_a_change_across_a_loss_was_indicated_by_no_scale() -> None:
    """One of another make has nothing to say of it either; of the change after it, its mass."""
    indicated = Indicated()
    indicated.lost()
    assert indicated.settled(900) == Readings(None, None)
    indicated.began(1_000)
    assert indicated.settled(1_500) is None


def test_a_lost_scale_forgets_what_it_indicated(tmp_path: Path) -> None:
    """The driver remembers the load from before the loss; its reading goes with no load change."""
    ear, link = Ear(), tmp_path / "scale"
    driver = open_driver("chip", calibration=CALIBRATED)
    sense = ScaleSense(ScaleConfig(link), driver, ear.inbox, monotonic_ms)
    with serving(sense.serve, sense.stop):
        with chip(link):
            ear.hear(LoadChanged)
        ear.hear(SenseLost)
        with chip(link) as process:
            put(process, 400_000)
            ear.hear(SenseBack)
            found = ear.hear(LoadChanged)
    assert found.readings is not None
    assert found.readings.before is None
    assert found.readings.after is not None


def test_a_scale_that_indicates_nothing_says_none() -> None:
    """A scale of another make judges its mass itself."""
    indicated = Indicated()
    indicated.began(400)
    assert indicated.settled(900) is None


class Worn:
    """A driver whose scale has a bad corner, and says so at every turn."""

    bad_frames = 0
    turns = 0

    def receive(self, data: bytes, now_ms: int) -> list[ScaleEvent]:
        """Two corners, again and again."""
        del data, now_ms
        self.turns += 1
        return [CornerBad(channel, "front left drifts") for channel in (0, 1)]

    def to_send(self, now_ms: int) -> bytes:
        """Nothing."""
        del now_ms
        return b""

    def lost(self, now_ms: int) -> list[ScaleEvent]:
        """Nothing."""
        del now_ms
        return []


def test_a_bad_corner_is_said_once_for_each(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Logged for the technician and told to the mind, however often the driver says it."""
    caplog.set_level(logging.WARNING)
    ear, device = Ear(), SerialPeer(tmp_path / "scale")
    device.plug_in()
    worn = Worn()
    sense = ScaleSense(ScaleConfig(device.path), worn, ear.inbox, monotonic_ms)
    with serving(sense.serve, sense.stop):
        until(lambda: worn.turns > 3, "some turns")
    device.unplug()
    said = [one for one in ear.inbox.take(0) if isinstance(one, SenseDoubted)]
    assert [doubt.reason for doubt in said] == ["front left drifts"] * 2
    lines = [text for text in caplog.messages if text.startswith("corner_bad")]
    assert lines == [f"corner_bad channel={channel}: front left drifts" for channel in (0, 1)]
