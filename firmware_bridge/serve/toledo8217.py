"""A Mettler Toledo 8217 towards the till; scales/toledo8217.py says what the bytes are.

W asks for the mass, T takes the load or five digits of grams off, C clears that. Zeroing is the
cart's own affair, so Z only gets the status, as it does from a scale that may not zero now.
"""

from __future__ import annotations

from firmware_bridge.scales.toledo8217 import (
    ALWAYS,
    CENTER_OF_ZERO,
    MOTION,
    NET,
    OVER_CAPACITY,
    UNDER_ZERO,
)
from firmware_bridge.serve.display import Display, Shown, State

STX, CR, LF = b"\x02", b"\r", b"\n"
TARE_DIGITS = 5
BIT_OF = {State.OVER: OVER_CAPACITY, State.UNDER: UNDER_ZERO, State.STABLE: 0}


class ToledoLane:
    """See `Lane`. Most commands are one byte; only a tare goes on until CR."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._echoing = False
        self._tare: bytes | None = None

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """What to send now."""
        del now_ms
        return b"".join(self._byte(data[place : place + 1]) for place in range(len(data)))

    def _byte(self, byte: bytes) -> bytes:
        if self._echoing:
            self._echoing = byte != b"F"
            return byte if self._echoing else b""
        if self._tare is not None:
            return self._tare_byte(self._tare, byte)
        return self._command(byte)

    def _command(self, byte: bytes) -> bytes:
        match byte:
            case b"W":
                return self._mass()
            case b"C":
                self._display.tare(0)
            case b"T":
                self._tare = b""
            case b"E":
                self._echoing = True
                return STX + b"E" + CR
        silent = byte in {b"T", CR, LF}
        return b"" if silent else self._status(self._display.shown())

    def _tare_byte(self, tare: bytes, byte: bytes) -> bytes:
        if byte.isdigit() and len(tare) < TARE_DIGITS:
            self._tare = tare + byte
            return b""
        self._tare = None
        if byte != CR:
            return self._byte(byte)  # no tare after all: a command of its own
        if len(tare) in {0, TARE_DIGITS}:
            self._display.tare(int(tare) * 1000 if tare else None)
        return self._status(self._display.shown())

    def _mass(self) -> bytes:
        shown = self._display.shown()
        if shown.state is not State.STABLE or shown.net_mg < 0:
            return self._status(shown)
        grams = shown.net_mg // 1000
        net = b"N" if shown.tare_mg else b""
        return STX + f"{grams // 1000:02}.{grams % 1000:03}".encode() + net + CR

    def _status(self, shown: Shown) -> bytes:
        """No mass; a scale that is gone or unfit says "in motion", which no till bills from."""
        bits = ALWAYS | BIT_OF.get(shown.state, MOTION)
        bits |= CENTER_OF_ZERO if shown.center_of_zero else 0
        bits |= NET if shown.tare_mg else 0
        bits |= UNDER_ZERO if shown.state is State.STABLE and shown.net_mg < 0 else 0
        return STX + b"?" + bytes([bits]) + CR
