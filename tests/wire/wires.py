"""Four wires between a scale driver and a simulated chip, and the bench that joins them.

A new kind of wire is one class here: every scenario then runs over it too. Time is simulated.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from firmware_bridge import messages
from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.scales.base import LoadSettled, ScaleEvent
from firmware_bridge.scales.chip import ChipScale
from rig.chip import SimulatedChip
from rig.load_cell import LoadCell, Traits, draw_traits

STEP_MS = 5
Kind = TypeVar("Kind", bound=ScaleEvent)


class Wire(Protocol):
    """One direction of a cable."""

    def carry(self, data: bytes, now_ms: int) -> bytes:
        """Take what goes in now; give what comes out now."""


class PerfectWire:
    """Everything, at once."""

    def carry(self, data: bytes, now_ms: int) -> bytes:
        del now_ms
        return data


class TricklingWire:
    """One byte a call at a time, as a slow wire gives them; nothing is lost."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def carry(self, data: bytes, now_ms: int) -> bytes:
        del now_ms
        self._waiting += data
        share = max(1, len(self._waiting) // 2)
        out = bytes(self._waiting[:share])
        del self._waiting[:share]
        return out


class LossyWire:
    """Loses a fifth of what is written, and bends a byte in some of the rest."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def carry(self, data: bytes, now_ms: int) -> bytes:
        del now_ms
        if self._dice.random() < 0.2:
            return b""
        if data and self._dice.random() < 0.05:
            place = self._dice.randrange(len(data))
            data = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        return data


class LateWire:
    """Everything, 60 ms late."""

    DELAY_MS = 60

    def __init__(self) -> None:
        self._waiting: list[tuple[int, bytes]] = []

    def carry(self, data: bytes, now_ms: int) -> bytes:
        self._waiting.append((now_ms + self.DELAY_MS, data))
        due = [late for due_ms, late in self._waiting if due_ms <= now_ms]
        self._waiting = [entry for entry in self._waiting if entry[0] > now_ms]
        return b"".join(due)


WIRES: dict[str, Callable[[int], Wire]] = {
    "perfect": lambda _seed: PerfectWire(),
    "trickling": lambda _seed: TricklingWire(),
    "lossy": LossyWire,
    "late": lambda _seed: LateWire(),
}


class Bench:
    """A driver and a chip on a cable, in simulated time. `events` is all the driver said."""

    def __init__(
        self,
        make: Callable[[int], Wire] = WIRES["perfect"],
        *,
        seed: int = 1,
        traits: Traits | None = None,
        schema_hash: int = messages.SCHEMA_HASH,
        load_mg: int = 0,
    ) -> None:
        dice = random.Random(seed)
        self.cell = LoadCell(traits or draw_traits(dice), dice, load_mg)
        self.chip = SimulatedChip(self.cell, dice, schema_hash=schema_hash)
        self.scale = ChipScale(NOMINAL)
        self.events: list[ScaleEvent] = []
        self.now_ms = 0
        self.cut = False
        self._down, self._up = make(seed), make(seed + 1)
        self._extra = b""

    def inject(self, data: bytes) -> None:
        """Put bytes on the wire before the chip's next ones."""
        self._extra += data

    def run(self, duration_ms: int) -> list[ScaleEvent]:
        """Let time pass; what the driver said in it."""
        first = len(self.events)
        for _ in range(duration_ms // STEP_MS):
            self._step()
        return self.events[first:]

    def put(self, load_mg: int) -> None:
        """Make this the true load, now."""
        self.cell.set_load(load_mg, self._cell_s())

    def jolt(self, strength: float) -> None:
        """Hit the cart, now."""
        self.cell.jolt(strength, self._cell_s())

    def _cell_s(self) -> float:
        return self.now_ms / 1000

    def _step(self) -> None:
        self.now_ms += STEP_MS
        asked = self._down.carry(self.scale.to_send(self.now_ms), self.now_ms)
        said = self._extra + (b"" if self.cut else self.chip.receive(asked))
        self._extra = b""
        said += self.chip.tick(self.now_ms * 1000)
        heard = b"" if self.cut else self._up.carry(said, self.now_ms)
        self.events += self.scale.receive(heard, self.now_ms)


def only(kind: type[Kind], events: list[ScaleEvent]) -> list[Kind]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def changes_mg(events: list[ScaleEvent]) -> int:
    """The sum of all settled changes."""
    return sum(event.after_mg - event.before_mg for event in only(LoadSettled, events))
