"""`python -m rig hil --bench FILE [--json]`: measures on a bench; exit status 1 if it fails."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from cart.arguments import say_error
from firmware_bridge.port import Port, PortLost
from firmware_bridge.r76 import bench as bench_file
from firmware_bridge.scales import DRIVERS
from rig.hil.driver import BenchError, DriverConfig, LoadBench
from rig.hil.resource import RESOURCES, ResourceConfig
from rig.hil.strategy import MEASUREMENTS, Report, StrategyConfig, measure


class Bench(msgspec.Struct, forbid_unknown_fields=True):
    """A bench file. `r76` and `seed` are for `python -m firmware_bridge r76`, which reads it too.

    So is a `[fault]`: the chip here has none, and to measure without it would be a lie.
    """

    name: str
    resource: ResourceConfig
    driver: DriverConfig
    strategy: StrategyConfig
    r76: dict[str, object] | None = None
    seed: int | None = None
    fault: dict[str, object] | None = None

    def __post_init__(self) -> None:
        if self.fault is not None:
            raise ValueError("[fault]: only `python -m firmware_bridge r76` can simulate it")
        unknown = sorted(set(self.strategy.limits) - set(MEASUREMENTS))
        if unknown:
            raise ValueError(
                f"no measurement {unknown[0]!r}: choose from {', '.join(MEASUREMENTS)}"
            )
        if self.driver.scale not in DRIVERS:
            raise ValueError(f"no scale driver {self.driver.scale!r}: choose from {list(DRIVERS)}")
        if not self.strategy.steps_mg:
            raise ValueError("steps_mg needs at least one load")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig hil`."""
    parser.add_argument("--bench", type=Path, required=True, help="TOML file, see rig/hil/sim.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")


def run(asked: argparse.Namespace) -> int:
    """Measure and report: 0 passed, 1 not, 2 the bench file or the bench is wrong."""
    try:
        bench = _read(asked.bench)
        report = _measured(bench)
    except (BenchError, bench_file.BenchError, PortLost) as error:
        say_error("python -m rig hil", error, as_json=asked.json)
        return 2
    print(msgspec.json.encode(report).decode() if asked.json else _table(bench.name, report))
    return 0 if report.passed else 1


def _read(path: Path) -> Bench:
    try:
        return msgspec.convert(bench_file.read_bench(path).whole, Bench)
    except msgspec.ValidationError as error:
        raise BenchError(f"{path}: {error}") from error


def _measured(bench: Bench) -> Report:
    open_resource = RESOURCES[bench.resource.kind]
    with open_resource(bench.resource) as resource, Port(resource.port) as port:
        return measure(LoadBench(resource, bench.driver, port), bench.strategy)


def _table(name: str, report: Report) -> str:
    rows = [
        f"  {one.name:16}{one.value:>10g} {one.unit:4}{one.low:>8g} to {one.high:<8g}"
        f"{'ok' if one.ok else 'NOT OK'}"
        for one in report.measurements
    ]
    return "\n".join([name, *rows, "passed" if report.passed else "failed"])
