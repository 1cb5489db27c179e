"""What a driver's bytes may come from besides a serial port: a device file, or a folder of sysfs.

Each reads and fails like `port.Port`. They never ask what the bytes mean.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
import time
from pathlib import Path
from typing import Protocol

from firmware_bridge.port import READ_WAIT_S, Closing, PortLost

BULK_BYTES = 4_096
EVIOCGRAB = 0x40044590  # linux/input.h: what a grabbed device types reaches nobody else
CONVERSION_FILE = "in_voltage0_raw"  # channel A of an HX711, gain 128
CONVERSION_S = 1 / 80


class Stream(Closing, Protocol):
    """An open source of bytes. Any call may raise PortLost."""

    def read(self) -> bytes:
        """What has come; waits a little for a first byte."""

    def write(self, data: bytes) -> None:
        """Write all of `data`."""


class _ReadOnly(Closing):
    """What nothing can be said to."""

    def write(self, data: bytes) -> None:
        """Take nothing: these devices only speak."""
        assert not data, "no driver speaks to a device that only speaks"

    def close(self) -> None:
        """Nothing to close."""


class DeviceFile(_ReadOnly):
    """A hidraw or input event device, or any other file that gives bytes as they come."""

    def __init__(self, path: str, *, grab: bool = False) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise PortLost(f"{path}: cannot be opened ({error.strerror}). Is it there?") from error
        if grab and stat.S_ISCHR(os.fstat(self._file).st_mode):
            self._grab()

    def read(self) -> bytes:
        """What has come; waits a little for a first byte. PortLost when it ended."""
        try:
            if not select.select([self._file], [], [], READ_WAIT_S)[0]:
                return b""
            data = os.read(self._file, BULK_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise PortLost(f"{self.path}: gone while reading ({error.strerror})") from error
        if not data:
            raise PortLost(f"{self.path}: the other end is gone")
        return data

    def close(self) -> None:
        """Close it; a grabbed device types for everybody again."""
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _grab(self) -> None:
        try:
            fcntl.ioctl(self._file, EVIOCGRAB, 1)
        except OSError as error:
            self.close()
            raise PortLost(
                f"{self.path}: cannot be had alone ({error.strerror}); who else reads it?"
            ) from error


class ConverterFolder(_ReadOnly):
    """The sysfs folder of an industrial I/O converter: each read waits for one conversion."""

    def __init__(self, path: str) -> None:
        self._file = Path(path) / CONVERSION_FILE
        if not self._file.exists():
            raise PortLost(f"{self._file}: not there. Is the kernel's hx711 driver loaded?")
        self._next_s = time.monotonic()

    def read(self) -> bytes:
        """One conversion as a line; nothing where the kernel had none to give."""
        # No conversion comes sooner, and a folder that answers without waiting for one would keep
        # the reader's thread at full load.
        time.sleep(max(0.0, self._next_s - time.monotonic()))
        self._next_s = time.monotonic() + CONVERSION_S
        try:
            return self._file.read_bytes()
        except FileNotFoundError as error:
            raise PortLost(f"{self._file}: gone while reading") from error
        except OSError:
            return b""  # the kernel says EIO when the converter wasn't ready in time
