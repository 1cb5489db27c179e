"""`python -m firmware_bridge r76 --bench FILE [--json]`: 0 passed, 1 failed, 2 usage or bench."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from firmware_bridge.r76.bench import Bench, BenchError, NotWeighedError, open_bench, read_bench
from firmware_bridge.r76.report import page
from firmware_bridge.r76.tests import PLATE, TESTS, Row, fresh, not_weighed

INSTRUMENT = (
    f"Class III, Max {PLATE.max_mg // 1_000_000} kg, e = d = {PLATE.e_mg // 1000} g, "
    f"Min {PLATE.min_mg // 1000} g"
)
JSON_KEYS = ("test", "load_g", "error_e", "limit_e", "ok")


class Report(msgspec.Struct):
    """What was measured and how it is judged."""

    rows: list[Row]
    simulated: bool
    passed: bool


def as_json(report: Report) -> str:
    """What `--json` prints: the remarks are for people."""
    rows = [{key: getattr(row, key) for key in JSON_KEYS} for row in report.rows]
    whole = {"rows": rows, "simulated": report.simulated, "passed": report.passed}
    return msgspec.json.encode(whole).decode()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `r76`."""
    parser.add_argument("--bench", type=Path, required=True, help="TOML, see rig/hil/sim.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--report", type=Path, default=Path("out/r76.html"), help="default: %(default)s"
    )


def run(asked: argparse.Namespace) -> int:
    """Measure, report, judge; exit status."""
    try:
        bench = read_bench(asked.bench)
        _try(asked.report)
        rows, simulated = measure(bench)
        report = Report(rows, simulated, all(row.ok for row in rows))
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        text = page(bench.name, rows, simulated=simulated, instrument=INSTRUMENT, at=at)
        asked.report.write_text(text, encoding="utf-8")
    except (BenchError, OSError) as error:
        print(f"r76: {error}", file=sys.stderr)
        return 2
    print(as_json(report) if asked.json else _table(bench, report))
    print(f"r76: report in {asked.report}", file=sys.stderr)
    return 0 if report.passed else 1


def _try(report: Path) -> None:
    """Find out before an hour of measuring whether the report can be written. Raises OSError."""
    report.parent.mkdir(parents=True, exist_ok=True)
    existed = report.exists()
    report.open("ab").close()
    if not existed:
        report.unlink()


def measure(bench: Bench) -> tuple[list[Row], bool]:
    """Every row of the tests that the bench names; whether it is simulated. Raises BenchError."""
    unknown = sorted(set(bench.setup.tests) - set(TESTS))
    if unknown:
        raise BenchError(f"{bench.path}: tests: no {unknown[0]!r}, choose from {', '.join(TESTS)}")
    rows: list[Row] = []
    with open_bench(bench) as station:
        simulated = station.simulated or bench.setup.simulated
        if simulated is None:
            raise BenchError(f"{bench.path}: [r76] simulated: say true or false")
        station.pass_time(2.0)
        for name in bench.setup.tests or TESTS:
            try:
                fresh(station)
                for row in TESTS[name](station):
                    rows.append(row)  # noqa: PERF402 - what was measured stays when the rest fails
            except NotWeighedError as error:
                rows.append(not_weighed(name, str(error)))
        return rows, simulated or station.scale.firmware_version.startswith("simulated")


def _table(bench: Bench, report: Report) -> str:
    head = [bench.name] + (["SIMULATED: NOT A CONFORMITY TEST"] if report.simulated else [])
    return "\n".join([*head, *_lines(report.rows), "passed" if report.passed else "FAILED"])


def _lines(rows: Sequence[Row]) -> list[str]:
    return [
        f"  {row.test:14}{row.load_g:>9g} g{row.error_e:>+8.2f} e  of {row.limit_e:<5g}"
        f"{'ok' if row.ok else 'NOT OK':8}{row.remark}"
        for row in rows
    ]
