"""A scale of each kind at the far end of a wire, for tests of the drivers. Time is simulated.

Each shows a mass, stable or moving, and answers as its protocol says. A new driver needs one here.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Protocol

from firmware_bridge.metrology.calibration import NOMINAL
from rig.chip import SimulatedChip
from rig.load_cell import LoadCell, Traits

STX, CR, LF = b"\x02", b"\r", b"\n"
SETTLES_MS = 400


class Peer(Protocol):
    """The far end. `off` is a scale without power."""

    off: bool

    def put(self, mass_mg: int, now_ms: int) -> None:
        """Change the load; for a moment it is in motion."""

    def turn(self, asked: bytes, now_ms: int) -> bytes:
        """Take what was asked; what it sends by now."""


class Judging:
    """What peers have in common that say themselves whether they are stable."""

    def __init__(self) -> None:
        self.off = False
        self._mass_mg = 0
        self._stable_ms = 0
        self._heard = b""

    def put(self, mass_mg: int, now_ms: int) -> None:
        self._mass_mg = mass_mg
        self._stable_ms = now_ms + SETTLES_MS

    def turn(self, asked: bytes, now_ms: int) -> bytes:
        *questions, self._heard = (self._heard + asked).split(self.ends)
        stable = now_ms >= self._stable_ms
        return b"".join(self.answer(q, stable=stable) for q in questions if not self.off)

    ends = CR

    def answer(self, question: bytes, *, stable: bool) -> bytes:
        raise NotImplementedError

    @property
    def grams(self) -> int:
        """What it shows: whole grams."""
        return self._mass_mg // 1000


class Toledo(Judging):
    """15 kg, in kilograms."""

    ends = b"W"

    def answer(self, question: bytes, *, stable: bool) -> bytes:
        del question
        return STX + (self.figures.encode() if stable else b"?A") + CR

    @property
    def figures(self) -> str:
        return f"{self.grams // 1000:02}.{self.grams % 1000:03}"


class ToledoPounds(Toledo):
    """30 lb, in thousandths."""

    @property
    def figures(self) -> str:
        return f"{self._mass_mg / 453_592.37:06.3f}"


class Sics(Judging):
    """A balance in grams; a question whose bytes were bent is answered with an error."""

    ends = b"\r\n"

    def answer(self, question: bytes, *, stable: bool) -> bytes:
        if question != b"SI":
            return b"ES\r\n"
        return f"S {'S' if stable else 'D'} {self.grams:10} g\r\n".encode()


class Sma(Judging):
    """A counter scale in kilograms."""

    def answer(self, question: bytes, *, stable: bool) -> bytes:
        if question != b"\nW":
            return LF + b"?" + CR
        state = "Z" if not self.grams else " "
        motion = " " if stable else "M"
        return f"\n{state}1G{motion} {self.grams / 1000:10.3f}kg \r".encode()


class HidPos(Judging):
    """A postal scale in grams that reports every 50 ms."""

    def turn(self, asked: bytes, now_ms: int) -> bytes:
        del asked
        if self.off or now_ms % 50:
            return b""
        stable = 4 if self.grams else 2
        return struct.pack(
            "<BBBbH", 3, stable if now_ms >= self._stable_ms else 3, 2, 0, self.grams
        )


class Converter:
    """A quiet load cell behind the kernel's driver: 80 conversions a second, as text."""

    def __init__(self) -> None:
        self.off = False
        self._mass_mg = 0
        self._dice = random.Random(1)
        self._next_ms = 0.0

    def put(self, mass_mg: int, now_ms: int) -> None:
        del now_ms
        self._mass_mg = mass_mg

    def turn(self, asked: bytes, now_ms: int) -> bytes:
        del asked
        lines = b""
        while self._next_ms <= now_ms:
            counts = NOMINAL.counts(self._mass_mg + self._dice.gauss(0, 300))
            lines += b"%d\n" % (counts + 0x800000)
            self._next_ms += 12.5
        return b"" if self.off else lines


class Chip:
    """Our own chip, simulated."""

    def __init__(self) -> None:
        self.off = False
        self._cell = LoadCell(QUIET, random.Random(1))
        self._chip = SimulatedChip(self._cell, random.Random(2))

    def put(self, mass_mg: int, now_ms: int) -> None:
        self._cell.set_load(mass_mg, now_ms / 1000)

    def turn(self, asked: bytes, now_ms: int) -> bytes:
        said = self._chip.receive(asked) + self._chip.tick(now_ms * 1000)
        return b"" if self.off else said


QUIET = Traits(noise_mg=300, spike_probability=0)
PEERS: dict[str, Callable[[], Peer]] = {
    "chip": Chip,
    "iio": Converter,
    "mt-sics": Sics,
    "sma": Sma,
    "toledo8217": Toledo,
    "toledo8217-lb": ToledoPounds,
    "usb-hid-pos": HidPos,
}
