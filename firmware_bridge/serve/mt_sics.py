"""MT-SICS towards the till or a laboratory's program: levels 0 and 1 without zeroing.

S waits for a load at rest, SI gives what there is, SIR repeats it. Zeroing is the cart's own
affair, so Z and ZI are "not executable". Source: the MT-SICS reference manuals.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from firmware_bridge.scales.units import MG_IN, mass_mg, parsed
from firmware_bridge.serve.display import Display, State

STABLE_WAIT_MS = 5_000
REPEAT_MS = 200
COMMAND_BYTES_MAX = 64
TARE = re.compile(r" +(\d+(?:\.\d+)?) (\w+)")
STATE_WORDS = {State.OVER: "+", State.UNDER: "-", State.UNFIT: "I", State.GONE: "I"}


class SicsLane:
    """See `Lane`."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._held = b""
        self._waits_since_ms: int | None = None  # an S that waits for a load at rest
        self._repeat_ms: int | None = None
        self._commands: dict[str, Callable[[str], str]] = {
            "@": lambda _: self._commands["I4"](""),
            "I0": self._list,
            "I1": lambda _: 'I1 A "01" "2.20" "2.20" "" ""',
            "I2": lambda _: f'I2 A "dashcart cart scale {display.max_mg // 1_000_000} kg"',
            "I3": lambda _: 'I3 A "1.00"',
            "I4": lambda _: 'I4 A "0"',
            "SI": lambda _: self._mass(),
            "T": lambda _: self._tare_load("T"),
            "TA": self._tare_given,
            "TAC": lambda _: "TAC A" if display.tare(0) else "TAC I",
            "TI": lambda _: self._tare_load("TI"),
            "Z": lambda _: "Z I",
            "ZI": lambda _: "ZI I",
        }

    def receive(self, data: bytes, now_ms: int) -> bytes:
        """What to send now."""
        *lines, held = (self._held + data).split(b"\n")
        self._held = held[-COMMAND_BYTES_MAX:]
        answers = [self._command(line, now_ms) for line in lines if line.strip()]
        answers.append(self._due(now_ms))
        return "".join(f"{answer}\r\n" for answer in answers if answer).encode()

    def _command(self, line: bytes, now_ms: int) -> str:
        self._waits_since_ms = self._repeat_ms = None  # any command ends what went on
        text = line.decode("ascii", "replace").rstrip("\r ")
        if text == "S":
            self._waits_since_ms = now_ms
            return ""
        if text == "SIR":
            self._repeat_ms = now_ms
            return ""
        name, blank, rest = text.partition(" ")
        if name not in self._commands or (rest and name != "TA"):
            return "ES"
        return self._commands[name](blank + rest)

    def _due(self, now_ms: int) -> str:
        """The answer that time brings: to an S that waits, or the next of SIR."""
        if self._repeat_ms is not None and now_ms >= self._repeat_ms:
            self._repeat_ms = now_ms + REPEAT_MS
            return self._mass()
        if self._waits_since_ms is None:
            return ""
        late = now_ms - self._waits_since_ms >= STABLE_WAIT_MS
        if self._display.shown().state is State.MOVING and not late:
            return ""
        self._waits_since_ms = None
        return self._mass(busy=late)

    def _mass(self, *, busy: bool = False) -> str:
        shown = self._display.shown()
        if shown.state in STATE_WORDS:
            return f"S {STATE_WORDS[shown.state]}"
        if shown.state is State.MOVING and busy:
            return "S I"
        return f"S {'S' if shown.state is State.STABLE else 'D'} {_kilograms(shown.net_mg)}"

    def _tare_load(self, name: str) -> str:
        state = self._display.shown().state
        if not self._display.tare():
            return f"{name} {STATE_WORDS.get(state, 'I')}"
        return f"{name} S {_kilograms(self._display.shown().tare_mg)}"

    def _tare_given(self, parameters: str) -> str:
        given = TARE.fullmatch(parameters)
        if parameters:
            if given is None or given[2] not in MG_IN:
                return "TA L"
            if not self._display.tare(mass_mg(*parsed(given[1]), given[2])):
                return "TA I"
        return f"TA A {_kilograms(self._display.shown().tare_mg)}"

    def _list(self, _parameters: str) -> str:
        levels = [
            (1 if name.startswith("T") else 0, name) for name in (*self._commands, "S", "SIR")
        ]
        *others, last = sorted(levels)
        lines = [f'I0 B {level} "{name}"' for level, name in others]
        return "\r\n".join([*lines, f'I0 A {last[0]} "{last[1]}"'])


def _kilograms(shown_mg: int) -> str:
    """A mass in the ten characters of the protocol, and its unit."""
    grams = abs(shown_mg) // 1000
    sign = "-" if shown_mg < 0 else ""
    return f"{f'{sign}{grams // 1000}.{grams % 1000:03}':>10} kg"
