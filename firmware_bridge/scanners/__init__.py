"""The scanners the bridge can read: one driver a file, one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from firmware_bridge.port import Port
from firmware_bridge.scanners.base import Scanner
from firmware_bridge.scanners.hid_pos import HidScanner
from firmware_bridge.scanners.lines import LineScanner
from firmware_bridge.scanners.wedge import WedgeScanner
from firmware_bridge.streams import DeviceFile, Stream


@dataclass(frozen=True, slots=True)
class Driver:
    """A row: what makes the driver, and what opens its device when that is no serial port."""

    make: Callable[[], Scanner]
    opens: Callable[[str], Stream] | None = None


SCANNERS: dict[str, Driver] = {
    "keyboard": Driver(WedgeScanner, partial(DeviceFile, grab=True)),
    "serial": Driver(LineScanner),
    "usb-hid-pos": Driver(HidScanner, DeviceFile),
}


class UnknownScannerError(LookupError):
    """No scanner of this name; the message lists those there are."""


def open_scanner(name: str) -> Scanner:
    """A fresh driver from the table. It opens nothing: the caller moves the bytes."""
    return _row(name).make()


def open_stream(name: str, path: str, baud: int) -> Stream:
    """What this scanner's bytes come from. Raises PortLost when it can't be opened."""
    row = _row(name)
    return row.opens(path) if row.opens else Port(path, baud)


def _row(name: str) -> Driver:
    if name not in SCANNERS:
        raise UnknownScannerError(f"scanner {name!r}: choose from {', '.join(sorted(SCANNERS))}")
    return SCANNERS[name]
