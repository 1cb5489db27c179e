"""A chip that goes on speaking while what it says is no weight any more: never a stale mass."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware_bridge.frames import Frame, FrameReader, encode
from firmware_bridge.messages import (
    FROM_CHIP,
    Ack,
    AckResult,
    Environment,
    FromChip,
    Motion,
    ResetCause,
    Samples,
)
from firmware_bridge.metrology.calibration import NOMINAL_CORNERS
from firmware_bridge.scales.base import (
    LoadLive,
    LoadSettled,
    LossReason,
    ScaleBack,
    ScaleLost,
    Weighed,
)
from firmware_bridge.scales.chip import ChipScale
from firmware_bridge.scales.thermometer import Thermometer
from rig.chip import SimulatedChip
from rig.platform import Platform
from tests.wire.wires import Bench, changes_mg, only

Bend = Callable[[FromChip], FromChip]  # what is said instead
LOAD_MG = 5_000_000
GRAM = 1_000
WARMED = replace(  # a cart that corrects for warmth
    NOMINAL_CORNERS, temperature_centi_c=2_000, zero_mg_per_c=420, span_ppm_per_c=30
)


class BendingWire:
    """Carries every frame, or what `bend` makes of it."""

    def __init__(self) -> None:
        self.bend: Bend = lambda message: message
        self._reader = FrameReader()

    def carry(self, data: bytes, now_ms: int) -> bytes:
        """Take what goes in; give what comes out."""
        del now_ms
        return b"".join(self._bent(frame) for frame in self._reader.feed(data))

    def _bent(self, frame: Frame) -> bytes:
        message = self.bend(FROM_CHIP[frame.type].decode(frame.payload))
        return encode(Frame(message.TYPE, frame.sequence, message.encode()))


def started() -> tuple[Bench, BendingWire]:
    """A bench whose first load has settled, and the wire from its chip."""
    bench, wire = Bench(load_mg=LOAD_MG), BendingWire()
    bench._up = wire
    bench.run(3_000)
    assert only(LoadSettled, bench.events)
    return bench, wire


def no_samples(message: FromChip) -> FromChip:
    """The chip talks of the weather only."""
    return Environment(message.first_us, 12_000, 2_000) if isinstance(message, Samples) else message


def another_mask(message: FromChip) -> FromChip:
    """The converter is left out, and no FAULT says why."""
    return replace(message, channels=0b10) if isinstance(message, Samples) else message


def empty(message: FromChip) -> FromChip:
    """Frames of samples without a sample."""
    return replace(message, counts=()) if isinstance(message, Samples) else message


@pytest.mark.parametrize("bend", [no_samples, another_mask, empty])
def test_a_chip_without_rows_of_samples_is_lost(bend: Bend) -> None:
    """Whatever else it says: within two seconds the mass is taken back, and it comes again."""
    bench, wire = started()
    wire.bend = bend
    events = bench.run(2_000)
    assert [event.reason for event in only(ScaleLost, events)] == [LossReason.SILENT]
    assert "no whole row" in only(ScaleLost, events)[0].detail
    events = bench.run(10_000)
    assert not only(LoadLive, events)
    assert not only(ScaleLost, events)
    wire.bend = lambda message: message
    events = bench.run(3_000)
    assert only(ScaleBack, events)
    assert changes_mg(events) == pytest.approx(0, abs=GRAM)


def test_a_chip_that_refuses_to_stream_is_lost() -> None:
    """START_STREAM answered BAD_VALUE: the loss is said, and it is asked again."""
    bench, wire = Bench(load_mg=LOAD_MG), BendingWire()
    bench._up = wire

    def refusing(message: FromChip) -> FromChip:
        if isinstance(message, Ack):
            return replace(message, result=AckResult.BAD_VALUE)
        return no_samples(message)

    wire.bend = refusing
    assert [event.reason for event in only(ScaleLost, bench.run(4_000))] == [LossReason.SILENT]
    wire.bend = lambda message: message
    assert only(LoadSettled, bench.run(4_000))


@pytest.mark.parametrize("counts", [0, -1, 4_711])
def test_a_converter_that_repeats_one_value_is_lost(counts: int) -> None:
    """The noise of a real one never stands still: a line that hangs is no load at rest."""
    bench, wire = started()

    def hung(message: FromChip) -> FromChip:
        if isinstance(message, Samples):
            return replace(message, counts=(counts,) * len(message.counts))
        return message

    wire.bend = hung
    events = bench.run(2_000)
    assert [event.reason for event in only(ScaleLost, events)] == [LossReason.SENSOR]
    assert "repeats one value" in only(ScaleLost, events)[0].detail
    assert not only(LoadSettled, events)
    wire.bend = lambda message: message
    assert only(ScaleBack, bench.run(3_000))


def test_a_converter_that_never_did_anything_else_weighs_nothing() -> None:
    """From the first sample on one value: not for a moment a mass."""
    bench, wire = Bench(load_mg=LOAD_MG), BendingWire()
    bench._up = wire
    wire.bend = lambda message: (
        replace(message, counts=(0,) * len(message.counts))
        if isinstance(message, Samples)
        else message
    )
    events = bench.run(3_000)
    assert [event.reason for event in only(ScaleLost, events)] == [LossReason.SENSOR]
    assert not only(LoadLive, events)
    assert not only(LoadSettled, events)


def corrected() -> tuple[Bench, BendingWire]:
    """A cart at home temperature that corrects for warmth, with 20 kg at rest."""
    bench, wire, dice = Bench(), BendingWire(), random.Random(5)
    platform = Platform(dice)
    platform.place(20_000_000, "centre", 0.0)
    bench.chip, bench.scale = SimulatedChip(platform, dice), ChipScale(WARMED)
    bench._up = wire
    bench.run(4_000)
    assert troubles(bench) == {""}
    return bench, wire


def troubles(bench: Bench) -> set[str]:
    """What the readings of the next half second say."""
    return {event.reading.trouble for event in only(Weighed, bench.run(500))}


def warm(centi_c: int) -> Bend:
    """The thermometer says this."""
    return lambda message: (
        replace(message, temperature_centi_c=centi_c)
        if isinstance(message, Environment)
        else message
    )


@pytest.mark.parametrize("centi_c", [-5_000, 32_767, -32_768, 9_000])
def test_a_broken_thermometer_moves_no_load(centi_c: int) -> None:
    """What no load cell bears was not measured: the mass stays, and soon it is no longer legal."""
    bench, wire = corrected()
    wire.bend = warm(centi_c)
    assert not only(LoadSettled, bench.run(12_000))
    (trouble,) = troubles(bench)
    assert "thermometer says nothing" in trouble
    wire.bend = lambda message: message
    bench.run(1_500)
    assert troubles(bench) == {""}


def test_a_thermometer_that_stops_is_missed() -> None:
    """No ENVIRONMENT at all: the last warmth is kept, and the doubt is said."""
    bench, wire = corrected()
    wire.bend = lambda message: (
        Motion(message.at_us, 0, 0, 1_000, 0, 0) if isinstance(message, Environment) else message
    )
    assert not only(LoadSettled, bench.run(12_000))
    assert "thermometer" in troubles(bench).pop()


def test_a_loose_wire_of_the_thermometer_moves_no_load() -> None:
    """Wild reports between right ones are passed over."""
    bench, wire = corrected()
    wild = iter([6_000, -3_000, 2_000] * 10)

    def loose(message: FromChip) -> FromChip:
        return warm(next(wild))(message) if isinstance(message, Environment) else message

    wire.bend = loose
    assert not only(LoadSettled, bench.run(20_000))
    assert troubles(bench) == {""}


def jumped() -> tuple[Bench, BendingWire]:
    """The same cart, after its thermometer has jumped by forty degrees and stayed there."""
    bench, wire = corrected()
    wire.bend = warm(6_000)
    bench.run(5_000)
    return bench, wire


def test_a_jump_that_lasts_is_not_sold_by() -> None:
    """Metal does not warm by forty degrees in a second: not legal any more."""
    bench, _wire = jumped()
    assert "thermometer jumped" in troubles(bench).pop()


@pytest.mark.parametrize("reset", [False, True])
def test_a_lost_link_takes_no_doubt_away(reset: bool) -> None:
    """The chip is silent for two seconds, or starts anew: what jumped is not sold by after it."""
    bench, wire = jumped()
    if reset:
        bench.chip.reset(ResetCause.BROWN_OUT, bench.now_ms * 1000)
    else:
        bench.cut = True
        assert only(ScaleLost, bench.run(2_000))
        bench.cut = False
    bench.run(4_000)
    assert "thermometer jumped" in troubles(bench).pop()
    wire.bend = lambda message: message
    bench.run(5_000)
    assert "thermometer jumped" in troubles(bench).pop()


@pytest.mark.parametrize(("away_s", "believed"), [(5, False), (540, False), (660, True)])
def test_a_short_absence_of_the_chip_warms_no_metal(away_s: int, believed: bool) -> None:
    """The first report after it is held against the last before; after long it is news."""
    thermometer = Thermometer(needed=True)
    thermometer.said(2_000, 1_000)
    thermometer.restart(1_000 + away_s * 500)
    thermometer.restart(1_000 + away_s * 1_000)
    thermometer.said(6_000, 1_500 + away_s * 1_000)
    assert thermometer.centi_c == (6_000 if believed else 2_000)


def test_a_slow_warming_is_followed() -> None:
    """A degree in ten seconds is a warm room, and all stays legal."""
    bench, wire = corrected()
    warmth = iter(range(2_000, 9_999, 10))

    def warming(message: FromChip) -> FromChip:
        return warm(next(warmth))(message) if isinstance(message, Environment) else message

    wire.bend = warming
    bench.run(20_000)
    assert bench.scale.temperature_centi_c == pytest.approx(2_190, abs=20)
    assert troubles(bench) == {""}
