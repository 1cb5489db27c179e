"""What each protocol's words mean, byte for byte, and that units are converted exactly."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.metrology.calibration import NOMINAL, NOMINAL_CORNERS
from firmware_bridge.port import PortLost
from firmware_bridge.scales import (
    DRIVERS,
    UnknownDriverError,
    hid_pos,
    mt_sics,
    open_driver,
    open_stream,
    sma,
    toledo8217,
)
from firmware_bridge.scales.answering import (
    NET_MASS,
    Alive,
    Answer,
    Codec,
    InMotion,
    Malformed,
    Unwell,
    Weight,
)
from firmware_bridge.scales.base import LoadSettled, LossReason, ScaleLost
from firmware_bridge.scales.units import MG_IN, mass_mg, parsed
from tests.wire.wires import only

CODECS: dict[str, Callable[[], Codec]] = {
    "toledo8217": toledo8217.codec,
    "toledo8217-lb": partial(toledo8217.codec, "lb"),
    "mt-sics": mt_sics.codec,
    "sma": sma.codec,
    "usb-hid-pos": hid_pos.HidCodec,
}
SICS_REST = b"S S     100.00 g\r\n"
# A pound is 453 592.37 mg, an ounce 28 349.523125 mg.
WORDS: list[tuple[str, bytes, Answer]] = [
    ("toledo8217", b"\x0201.250\r", Weight(1_250_000, 1_000, stable=True)),
    ("toledo8217", b"\x0201.250N\r", Unwell("the scale shows a net mass: clear its tare")),
    ("toledo8217", b"\x0201.25\r", toledo8217.NOT_KILOGRAMS),
    ("toledo8217-lb", b"\x0201.25\r", Weight(566_990, 4_536, stable=True)),
    ("toledo8217-lb", b"\x0201.250\r", Weight(566_990, 454, stable=True)),
    ("toledo8217-lb", b"\x0201.25N\r", NET_MASS),
    ("toledo8217", b"\x02?A\r", InMotion()),
    ("toledo8217", b"\x02?B\r", Unwell("overload: take something off the scale")),
    ("toledo8217", b"\x02?\x02\r", Unwell("overload: take something off the scale")),
    ("toledo8217", b"\x02?D\r", Unwell("below zero: empty the scale and zero it")),
    ("toledo8217", b"\x02?P\r", Alive()),
    ("toledo8217", b"\x02?H\r", Unwell("the scale could not find zero: empty it and zero it")),
    ("toledo8217", b"\x02?I\r", InMotion()),
    ("toledo8217", b"\x021.250\r", Malformed()),
    ("toledo8217", b"01.250\r", Malformed()),
    ("toledo8217", b"\x02-1.250\r", Malformed()),
    ("toledo8217", b"\x0201,250\r", Malformed()),
    ("mt-sics", SICS_REST, Weight(100_000, 10, stable=True)),
    ("mt-sics", b"S D      -1.25 kg\r\n", Weight(-1_250_000, 10_000, stable=False)),
    ("mt-sics", b"SI S       0.00 kg\r\n", Weight(0, 10_000, stable=True)),
    ("mt-sics", b"S S   100.0000 g\r\n", Weight(100_000, 1, stable=True)),
    ("mt-sics", b"S S       1.00 lb\r\n", Weight(453_592, 4_536, stable=True)),
    ("mt-sics", b"S +\r\n", Unwell("overload: take something off the scale")),
    ("mt-sics", b"S -\r\n", Unwell("below its range: put the pan back and zero the scale")),
    ("mt-sics", b"S I\r\n", Alive()),
    ("mt-sics", b"S S       1.00 stone\r\n", Malformed()),
    ("mt-sics", b"S S    100.00 g\r\n", Malformed()),
    ("mt-sics", b"S S    1.0.0 g\r\n", Malformed()),
    ("mt-sics", b"ES\r\n", Malformed()),
    ("sma", b"\n 1G       1.250kg \r", Weight(1_250_000, 1_000, stable=True)),
    ("sma", b"\nZ1G       0.000lb_\r", Weight(0, 454, stable=True)),
    ("sma", b"\n 1gM       16.0oz \r", Weight(453_592, 2_835, stable=False)),
    ("sma", b"\n 1N        1.250kg \r", Malformed()),
    ("sma", b"\n 1N       1.250kg \r", NET_MASS),
    ("sma", b"\n 1nM       16.0oz \r", NET_MASS),
    ("sma", b"\nO1G      31.250kg \r", Unwell("overload: take something off the scale")),
    ("sma", b"\nE1G  ----------kg \r", Unwell(sma.TROUBLE[b"E"])),
    ("sma", b"\nT1G  ----------   \r", Unwell(sma.TROUBLE[b"T"])),
    ("sma", b"\nE1G ----------kg \r", Malformed()),
    ("sma", b"\n 1G  ----------kg \r", Malformed()),
    ("sma", b"\n 1G      1.250kg \r", Malformed()),
    ("sma", b"\n 1T       0.100kg \r", Malformed()),
    ("sma", b"\n?\r", Malformed()),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 4, 2, 0, 20), Weight(20_000, 1_000, stable=True)),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 4, 11, -1, 6452), Weight(18_291_112, 2_835, True)),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 3, 12, -2, 100), Weight(453_592, 4_536, False)),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 2, 2, 0, 0), Weight(0, 1_000, stable=True)),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 5, 2, 0, 9), Unwell(hid_pos.TROUBLE[5])),
    ("usb-hid-pos", struct.pack("<BBBbH", 4, 4, 2, 0, 20), Malformed()),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 4, 9, 0, 20), Malformed()),
    ("usb-hid-pos", struct.pack("<BBBbH", 3, 4, 2, 99, 20), Malformed()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "frame", "meaning"), WORDS)
def test_a_frame_means(name: str, frame: bytes, meaning: Answer) -> None:
    """Each kind of answer, and near misses: those are counted and never a mass."""
    assert CODECS[name]().feed(frame) == [meaning]


@given(st.data(), st.sampled_from(sorted(CODECS)))
def test_answers_do_not_depend_on_the_pieces(data: st.DataObject, name: str) -> None:
    """However the wire cuts the stream, good frames among junk included, the answers are one."""
    frames = [frame for driver, frame, _ in WORDS if driver == name]
    parts = data.draw(st.lists(st.sampled_from(frames) | st.binary(max_size=30), max_size=8))
    stream = b"".join(parts)
    size = data.draw(st.integers(1, 40))
    codec = CODECS[name]()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    got = [answer for piece in pieces for answer in codec.feed(piece)]
    whole = CODECS[name]().feed(stream)
    assert [a for a in got if a != Malformed()] == [a for a in whole if a != Malformed()]
    assert (Malformed() in got) == (Malformed() in whole)


@given(st.binary(max_size=200), st.sampled_from([row for row in WORDS if row[2] != Malformed()]))
def test_after_junk_no_good_frame_is_lost(junk: bytes, row: tuple[str, bytes, Answer]) -> None:
    """Whatever came before: at most the first frame after it goes, and all others are read."""
    name, frame, meaning = row
    assert CODECS[name]().feed(junk + frame * 4)[-3:] == [meaning] * 3


def usb_reports(*fields: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Reports of a USB scale: id, status, unit, scaling, mass."""
    return st.builds(lambda *values: struct.pack("<BBBbH", *values), *fields)


SAID = st.one_of(
    usb_reports(
        st.just(3), st.integers(3, 4), st.sampled_from([2, 12]), st.integers(-2, 0),
        st.integers(0, 500),
    ),
    usb_reports(
        st.integers(2, 4), st.integers(0, 12), st.integers(0, 13), st.integers(-128, 127),
        st.integers(0, 65_535),
    ),
    st.binary(max_size=70),
)  # fmt: skip


@given(st.lists(st.tuples(SAID, st.integers(1, 5)), max_size=12))
def test_no_report_of_a_usb_scale_invents_a_weight(said: list[tuple[bytes, int]]) -> None:
    """Any bytes, reports near right ones among them: a mass settles when it came three times."""
    scale = open_driver("usb-hid-pos", calibration=NOMINAL)
    stream = b"".join(piece * times for piece, times in said)
    events = [
        event for t_ms, byte in enumerate(stream) for event in scale.receive(bytes([byte]), t_ms)
    ]
    windows = [stream[start : start + 6] for start in range(len(stream) - 5)]
    often = {window for window in windows if stream.count(window) >= 3}
    known = {
        answer.mass_mg
        for window in often
        for answer in hid_pos.HidCodec().feed(window)
        if isinstance(answer, Weight) and answer.stable
    }
    assert {event.after_mg for event in only(LoadSettled, events)} <= known


def test_a_scale_that_is_only_busy_is_lost() -> None:
    """Answers without a mass keep nobody waiting: after two seconds the old mass counts no more."""
    scale = open_driver("mt-sics", calibration=NOMINAL)
    said = [event for t in range(0, 500, 100) for event in scale.receive(SICS_REST, t)]
    assert [event.after_mg for event in only(LoadSettled, said)] == [100_000]
    later = [event for t in range(500, 3_000, 100) for event in scale.receive(b"S I\r\n", t)]
    assert [event.reason for event in only(ScaleLost, later)] == [LossReason.SILENT]


@given(st.integers(-(10**7), 10**7), st.integers(-3, 6), st.sampled_from(sorted(MG_IN)))
def test_units_are_exact(digits: int, decimals: int, unit: str) -> None:
    """The milligrams are the true ones, rounded once, half away from zero."""
    true_mg = Fraction(digits) / Fraction(10) ** decimals * Fraction(*MG_IN[unit])
    got_mg = mass_mg(digits, decimals, unit)
    assert abs(got_mg - true_mg) <= Fraction(1, 2)
    assert mass_mg(-digits, decimals, unit) == -got_mg


def test_a_pound_is_sixteen_ounces() -> None:
    """The two units agree with each other and with the kilogram."""
    assert mass_mg(16, 0, "oz") == mass_mg(1, 0, "lb") == 453_592
    assert mass_mg(100_000, 0, "lb") == 45_359_237_000
    assert parsed(" -01.250") == (-1250, 3)


def test_a_converter_is_a_folder_of_the_kernel(tmp_path: Path) -> None:
    """Each read gives the conversion of now; without the folder, or after it went: PortLost."""
    with pytest.raises(PortLost, match="hx711 driver loaded"):
        open_stream("iio", str(tmp_path))
    conversion = tmp_path / "in_voltage0_raw"
    raw = NOMINAL.counts(0) + 0x800000
    conversion.write_text(f"{raw}\n", encoding="ascii")
    with open_stream("iio", str(tmp_path)) as stream:
        assert stream.read() == b"%d\n" % raw
        conversion.write_text("8388608\n", encoding="ascii")
        assert stream.read() == b"8388608\n"
        conversion.unlink()
        with pytest.raises(PortLost, match="gone while reading"):
            stream.read()


def test_a_converter_may_block_until_it_has_converted(tmp_path: Path) -> None:
    """A FIFO gives its line only when that is written, as the kernel does."""
    path = tmp_path / "in_voltage0_raw"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(b"8388608\n",), daemon=True)
    with open_stream("iio", str(tmp_path)) as stream:
        writer.start()
        assert stream.read() == b"8388608\n"
    writer.join(10)


@pytest.mark.parametrize("raw", [8_388_608, 8_472_818, 8_388_607])
def test_a_converter_whose_line_hangs_is_lost(raw: int) -> None:
    """The kernel hands on what a line stuck low reads, the middle of the range: never a mass."""
    scale = open_driver("iio", calibration=NOMINAL)
    events = [event for n in range(200) for event in scale.receive(b"%d\n" % raw, n * 12)]
    (lost,) = events
    assert isinstance(lost, ScaleLost)
    assert lost.reason is LossReason.SENSOR
    assert "repeats one value" in lost.detail


def test_a_calibration_of_other_cells_is_refused() -> None:
    """One converter can't be weighed with the calibration of four: a clear loss, and no mass."""
    scale = open_driver("iio", calibration=NOMINAL_CORNERS)
    events = [event for t_ms in range(9) for event in scale.receive(b"8472818\n", t_ms)]
    assert [event.reason for event in only(ScaleLost, events)] == [LossReason.CHANNELS]
    assert len(events) == 1


def test_a_device_file_gives_its_reports_and_can_go(tmp_path: Path) -> None:
    """Nothing at first, then what is written, then PortLost when the other end is gone."""
    path = tmp_path / "hidraw0"
    with pytest.raises(PortLost, match="Is it there"):
        open_stream("usb-hid-pos", str(path))
    os.mkfifo(path)
    report = struct.pack("<BBBbH", 3, 4, 2, 0, 20)
    with open_stream("usb-hid-pos", str(path)) as stream:
        assert stream.read() == b""
        with path.open("wb", buffering=0) as device:
            device.write(report)
            assert stream.read() == report
        with pytest.raises(PortLost, match="other end is gone"):
            stream.read()


def test_a_port_that_is_none_is_refused_by_every_driver(tmp_path: Path) -> None:
    """The message names the path; an unknown driver is named with those there are."""
    for name in DRIVERS:
        with pytest.raises(PortLost, match="nowhere"):
            open_stream(name, str(tmp_path / "nowhere"))
    with pytest.raises(UnknownDriverError, match="'abacus': choose from chip"):
        open_stream("abacus", "x")
