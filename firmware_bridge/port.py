"""The serial port: the only file that knows pyserial. Bytes in, bytes out, one way to fail.

It never waits for a whole frame: it reads what has come, and one byte when nothing has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

import serial

BAUD = 115_200
READ_WAIT_S = 0.02
WRITE_WAIT_S = 0.5


class PortLost(Exception):  # noqa: N818 - it says what happened, like ScaleLost
    """The port is missing, busy, or went away. The message says which and what to do."""


class Closing(Protocol):
    """What a `with` block closes at its end."""

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Port(Closing):
    """An open serial port, exclusive. Prefer /dev/serial/by-id/... as `path`.

    `framing` is data bits, parity (N, E, O) and stop bits, such as "7E1".
    """

    def __init__(self, path: str, baud: int = BAUD, framing: str = "8N1") -> None:
        self.path = path
        if not Path(path).exists():
            raise PortLost(f"{path}: no such port. Is the scale plugged in? See /dev/serial/by-id")
        try:
            self._serial = serial.Serial(
                path,
                baudrate=baud,
                bytesize=int(framing[0]),
                parity=framing[1],
                stopbits=int(framing[2]),
                timeout=READ_WAIT_S,
                write_timeout=WRITE_WAIT_S,
                exclusive=True,
            )
        except (OSError, serial.SerialException) as error:
            raise PortLost(_why_not_open(path, error)) from error

    def read(self) -> bytes:
        """What has come; waits at most `READ_WAIT_S` for a first byte. PortLost when it went."""
        try:
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except (OSError, serial.SerialException, TypeError) as error:
            # pyserial turns a device closed under it into a TypeError of os.read(None)
            raise PortLost(f"{self.path}: gone while reading ({error})") from error

    def write(self, data: bytes) -> None:
        """Write all of `data`. PortLost when the port went or takes nothing more."""
        if not data:
            return
        try:
            self._serial.write(data)
        except (OSError, serial.SerialException) as error:
            raise PortLost(f"{self.path}: gone while writing ({error})") from error

    def close(self) -> None:
        """Close the port; a port that went already is closed too."""
        try:
            self._serial.close()
        except (OSError, serial.SerialException):
            return  # nothing is left to close


def _why_not_open(path: str, error: Exception) -> str:
    text = str(error)
    if "exclusive" in text.lower() or "busy" in text.lower():
        return f"{path}: in use by another program ({text})"
    if "ermission" in text:
        return f"{path}: no permission. Add this user to the group that owns the port ({text})"
    return f"{path}: cannot be opened ({text})"
