"""The scales the bridge can read: one driver a file, one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.metrology.calibration import Calibration
from firmware_bridge.port import BAUD, Port
from firmware_bridge.scales import hid_pos, mt_sics, sma, toledo8217
from firmware_bridge.scales.answering import AnsweringScale
from firmware_bridge.scales.base import CountingScale, Scale
from firmware_bridge.scales.chip import ChipScale
from firmware_bridge.scales.iio import IioScale
from firmware_bridge.streams import ConverterFolder, DeviceFile, Stream


@dataclass(frozen=True, slots=True)
class Driver:
    """A row: what makes the driver, and the line it is used on.

    `opens` is for devices that are no serial port; `baud` and `framing` are a port's usual ones.
    """

    make: Callable[[Calibration], Scale]
    opens: Callable[[str], Stream] | None = None
    baud: int = 9_600
    framing: str = "8N1"


DRIVERS: dict[str, Driver] = {
    "chip": Driver(ChipScale, baud=BAUD),
    "iio": Driver(IioScale, ConverterFolder),
    "mt-sics": Driver(lambda _: AnsweringScale(mt_sics.codec())),
    "sma": Driver(lambda _: AnsweringScale(sma.codec())),
    "toledo8217": Driver(lambda _: AnsweringScale(toledo8217.codec()), framing="7E1"),
    "toledo8217-lb": Driver(lambda _: AnsweringScale(toledo8217.codec("lb")), framing="7E1"),
    "usb-hid-pos": Driver(lambda _: AnsweringScale(hid_pos.HidCodec()), DeviceFile),
}


# Those that give counts: they can be diagnosed, calibrated and put through R76. The others weigh by
# themselves, and their makers' tools are for that.
COUNTING: dict[str, Callable[[Calibration], CountingScale]] = {
    "chip": ChipScale,
    "iio": IioScale,
}


class UnknownDriverError(LookupError):
    """No driver of this name; the message lists those there are."""


def open_driver(name: str, *, calibration: Calibration) -> Scale:
    """A fresh driver from the table. It opens nothing: the caller moves the bytes."""
    return _row(name).make(calibration)


def open_counting(name: str, *, calibration: Calibration) -> CountingScale:
    """A fresh driver of a scale that gives counts. UnknownDriverError for one that gives none."""
    if name not in COUNTING:
        _row(name)
        raise UnknownDriverError(
            f"scale driver {name!r}: it gives masses and no counts; choose from "
            f"{', '.join(sorted(COUNTING))}"
        )
    return COUNTING[name](calibration)


def open_stream(
    name: str, path: str, *, baud: int | None = None, framing: str | None = None
) -> Stream:
    """What this driver's bytes come from. `baud` and `framing` replace its usual ones.

    Raises PortLost when it can't be opened.
    """
    row = _row(name)
    if row.opens:
        return row.opens(path)
    return Port(path, baud or row.baud, framing or row.framing)


def _row(name: str) -> Driver:
    if name not in DRIVERS:
        raise UnknownDriverError(f"scale driver {name!r}: choose from {', '.join(sorted(DRIVERS))}")
    return DRIVERS[name]
