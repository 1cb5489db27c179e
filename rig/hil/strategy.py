"""What is measured on the bench, and what is good enough: a table of measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from rig.hil.driver import LoadBench, Step


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Both ends are allowed."""

    low: float
    high: float


class StrategyConfig(msgspec.Struct, forbid_unknown_fields=True):
    """`steps_mg` are the loads one after another; `limits` names rows of MEASUREMENTS."""

    steps_mg: tuple[int, ...]
    limits: dict[str, Limits]


class Measurement(msgspec.Struct):
    """One figure and its verdict."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    ok: bool


class Report(msgspec.Struct):
    """What a bench says at the end."""

    measurements: list[Measurement]
    passed: bool


MEASUREMENTS: dict[str, tuple[str, Callable[[Sequence[Step]], float]]] = {
    "settle_ms": ("ms", lambda steps: max(step.settle_ms for step in steps)),
    "step_error_mg": ("mg", lambda steps: max(step.error_mg for step in steps)),
}


def measure(bench: LoadBench, config: StrategyConfig) -> Report:
    """Walk through the loads, then judge every figure that has limits."""
    steps = [bench.step_to(load_mg) for load_mg in config.steps_mg]
    measurements = []
    for name, limits in config.limits.items():
        unit, figure = MEASUREMENTS[name]
        value = figure(steps)
        ok = limits.low <= value <= limits.high
        measurements.append(Measurement(name, value, unit, limits.low, limits.high, ok))
    return Report(measurements, all(measurement.ok for measurement in measurements))
