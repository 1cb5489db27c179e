"""The simulated chip as a real process on a real pty, for tests that read a real port."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.port import Port, PortLost
from firmware_bridge.scales import open_driver
from firmware_bridge.scales.base import LoadSettled, ScaleEvent

START = """
import argparse, sys
from rig import chip
parser = argparse.ArgumentParser()
chip.add_arguments(parser)
sys.exit(chip.run(parser.parse_args()))
"""
DEADLINE_S = 10.0
SETTLED_MG = 1_500


class ChipProcess:
    """Starts it, tells it, ends it by its id."""

    def __init__(
        self, link: Path, seed: int = 1, command: list[str] | None = None, *, corners: bool = False
    ) -> None:
        self.link = link
        simulated = [sys.executable, "-c", START, "--link", str(link), "--seed", str(seed)]
        simulated += ["--corners"] * corners
        self.process = subprocess.Popen(
            command or simulated, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == {"ready": str(link)}

    def tell(self, line: str) -> dict[str, Any]:
        """One control line; the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Pull the plug."""
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


class Reader:
    """What the cart's reader thread does: move bytes between a port and a driver."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scale = open_driver("chip", calibration=NOMINAL)
        self.port: Port | None = Port(str(path))

    def until(self, kind: type[ScaleEvent]) -> ScaleEvent:
        """Read until an event of this kind comes."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            for event in self._read():
                if isinstance(event, kind):
                    return event
        raise AssertionError(f"no {kind.__name__} within {DEADLINE_S} s")

    def settles_at(self, mass_mg: int, settles_max: int = 5) -> int:
        """Read until the load stands at this mass; the sum of the changes on the way there.

        A hole in the samples, as a busy computer or a bad wire makes it, is a change of nothing.
        """
        change_mg = 0
        for _ in range(settles_max):
            event = self.until(LoadSettled)
            assert isinstance(event, LoadSettled)
            change_mg += event.after_mg - event.before_mg
            if abs(event.after_mg - mass_mg) <= SETTLED_MG:
                return change_mg
        raise AssertionError(f"{settles_max} settled loads, none at {mass_mg} mg")

    def _read(self) -> list[ScaleEvent]:
        now_ms = round(time.monotonic() * 1000)
        if self.port is None:
            self.port = Port(str(self.path))
        try:
            self.port.write(self.scale.to_send(now_ms))
            return self.scale.receive(self.port.read(), now_ms)
        except PortLost:
            self.close()
            return self.scale.lost(now_ms)

    def close(self) -> None:
        """Let the port go."""
        if self.port is not None:
            self.port.close()
        self.port = None
