"""Turns a resource and a protocol into figures: put a load on, wait for it to settle, tell both."""

from __future__ import annotations

import time
from dataclasses import dataclass

import msgspec

from firmware_bridge.metrology.calibration import NOMINAL
from firmware_bridge.port import Port
from firmware_bridge.scales import open_driver
from firmware_bridge.scales.base import LoadSettled
from rig.hil.protocol import events
from rig.hil.resource import Resource

SETTLE_S = 10.0


class DriverConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`scale` is a driver's name in firmware_bridge.scales."""

    scale: str = "chip"


class BenchError(RuntimeError):
    """The bench gave no figure; the text says what did not come."""


@dataclass(frozen=True)
class Step:
    """One change of the load: how long it took to be known, and how far off it was."""

    settle_ms: int
    error_mg: int


class LoadBench:
    """A scale on a port whose load we can set."""

    def __init__(self, resource: Resource, config: DriverConfig, port: Port) -> None:
        self._resource = resource
        self._port = port
        self._scale = open_driver(config.scale, calibration=NOMINAL)
        self._load_mg = 0
        self._settled()

    def step_to(self, load_mg: int) -> Step:
        """Put the load to `load_mg` and wait until the scale says so. Raises BenchError."""
        before_ms = time.monotonic_ns() // 1_000_000
        self._resource.set_load_mg(load_mg)
        settled = self._settled()
        took_ms = time.monotonic_ns() // 1_000_000 - before_ms
        change_mg = load_mg - self._load_mg
        self._load_mg = load_mg
        return Step(took_ms, abs(settled.after_mg - settled.before_mg - change_mg))

    def _settled(self) -> LoadSettled:
        for event in events(self._port, self._scale, SETTLE_S):
            if isinstance(event, LoadSettled):
                return event
        raise BenchError(f"{self._port.path}: nothing settled in {SETTLE_S:g} s; is it a scale?")
