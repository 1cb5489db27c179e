"""`python -m rig faults`: every fault between a cart and its store, a row each, then a recount.

Real processes: carts, the store, a broker, and our own bad network between them. It must never
mend what a fault did: what is not acknowledged in time is reported.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Final, get_args

from rich.console import Console
from rich.table import Table

from cart.arguments import folder, say_error
from rig.bench.figures import percentile
from rig.broker import BrokerError, Kind
from rig.faults import exports, goods, peer_ends, peers
from rig.faults.audit import Count, count_databases
from rig.faults.restarts import KILLS
from rig.faults.shop import AnyKind, FaultsError, Shop
from rig.faults.table import FAULTS, Fault
from rig.faults.trial import Progress, Result, Trial
from rig.hostile.site import SiteError

CARTS = ("cart-1", "cart-2")
CHAIN: Final = "rabbitmq"
PACKAGES: dict[AnyKind, tuple[str, ...]] = {
    "iotcore": (), "mosquitto": ("mosquitto",), CHAIN: ("rabbitmq-server",),
}  # fmt: skip
COLUMNS = ("fault", "events", "kills", "lost", "duplicated", "reordered", "recovery_ms_p95")

KILLED = ("broker killed", "cart killed")
WRONG = ("lost", "duplicated", "reordered", "settled")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig faults`."""
    parser.add_argument("--quick", action="store_true", help="every row in small, some minutes")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--out", type=folder, metavar="DIR", help="keep exports, databases and logs"
    )
    parser.add_argument(
        "--broker",
        choices=(*get_args(Kind), CHAIN),
        help="default: mosquitto where it is installed; rabbitmq: a chain's cluster of three",
    )
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", choices=names, action="append", help="one row; may be repeated")
    parser.add_argument(
        "--peers",
        action="store_true",
        help="only kills of broker and cart, beside raw paho, ohmqtt and reliomq",
    )
    parser.add_argument("--seed", type=int, default=7, help="of the random moments")
    parser.set_defaults(parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the table; 0 when every row passed."""
    out: Path | None = arguments.out
    if out is not None and out.exists() and any(out.iterdir()):
        arguments.parser.error(f"--out {out}: it holds files; give a new folder")
    kind: AnyKind = arguments.broker or ("mosquitto" if shutil.which("mosquitto") else "iotcore")
    faults = _chosen(arguments, kind)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that every process is ended
    with tempfile.TemporaryDirectory(prefix="dashcart-faults-") as temporary:
        folder = out or Path(temporary)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            work = run_beside_peers if arguments.peers else run_table
            random = Random(arguments.seed)
            results = work(folder, kind, faults, random, _progress, quick=arguments.quick)
        except (FaultsError, OSError) as error:
            say_error("faults", error, as_json=arguments.json)
            return 1
    show(results, as_json=arguments.json)
    ours = results[:1] if arguments.peers else results
    return 0 if all(result.passed for result in ours) else 1


def _chosen(arguments: argparse.Namespace, kind: AnyKind) -> list[Fault]:
    """The rows to run; ends the command with what is missing for them."""
    wanted = [fault for fault in FAULTS if not arguments.only or fault.name in arguments.only]
    faults = [fault for fault in wanted if kind != CHAIN or fault.on_a_chain]
    if arguments.peers:
        faults = [fault for fault in FAULTS if fault.name in KILLED]
        if kind != "mosquitto" or arguments.only:
            arguments.parser.error("--peers: goes with mosquitto, and without --only")
        if absent := peers.missing():
            arguments.parser.error(f"--peers: no {', '.join(absent)}; install dashcart[bench]")
    needed = [(f"--broker {kind}", PACKAGES[kind]), *((f.name, f.needs) for f in faults)]
    for what, programs in needed:
        for program in programs:
            if not shutil.which(program):
                arguments.parser.error(f"{what}: install it with: apt-get install {program}")
    return faults


def run_table(
    folder: Path,
    kind: AnyKind,
    faults: Sequence[Fault],
    random: Random,
    progress: Progress,
    *,
    quick: bool,
) -> list[Result]:
    """Run these rows in one shop, and leave its exports beside its databases."""
    (folder / KILLS).touch()
    results = []
    with Shop(folder, kind, CARTS) as shop:
        goods.publish(folder, version=1, products=10)
        before = Count(0, 0, 0, 0)
        for fault in faults:
            own = folder / "rows" / fault.name.replace(" ", "_").replace("/", "_")
            rounds = fault.quick if quick else fault.full
            trial = Trial(fault.name, shop, rounds, not quick, random, own, progress)
            began_s = time.monotonic()
            try:
                fault.work(trial)
            except (FaultsError, SiteError, BrokerError) as error:
                progress(f"{fault.name}: {error}")
                trial.settled = False
            now = count_databases(folder)
            results.append(_result(trial, fault, now - before, time.monotonic() - began_s))
            progress(f"{_line(results[-1])}")
            before = now
    exports.write(folder)
    return results


def run_beside_peers(
    folder: Path,
    kind: AnyKind,
    faults: Sequence[Fault],
    random: Random,
    progress: Progress,
    *,
    quick: bool,
) -> list[Result]:
    """Ours first, then a row for each peer, with as many kills."""
    rounds = peers.ROUNDS_QUICK if quick else peers.ROUNDS
    own = folder / "dashcart"
    own.mkdir()
    as_often = [replace(fault, quick=rounds, full=rounds) for fault in faults]
    ours = run_table(own, kind, as_often, random, progress, quick=quick)
    named = [*peer_ends.PEERS]
    return [peers.merged(ours), *peers.run_peers(folder, named, random, progress, quick=quick)]


def _result(trial: Trial, fault: Fault, counted: Count, seconds: float) -> Result:
    vanished = sum(cart.vanished for cart in trial.shop.carts)
    return Result(
        fault=trial.fault,
        events=trial.events,
        kills=trial.kills,
        lost=counted.lost + trial.lost + vanished,
        duplicated=counted.duplicated + trial.duplicated,
        reordered=counted.reordered + trial.reordered,
        recovery_ms_p95=round(percentile(trial.recoveries_ms or [0.0], 95)),
        settled=trial.settled,
        seconds=round(seconds, 1),
        recovery_ms_max=fault.recovery_ms_max,
        live_ms_p99=round(percentile(trial.live_ms or [0.0], 99)),
    )


def show(results: Sequence[Result], *, as_json: bool) -> None:
    """Print the report."""
    passed = all(result.passed for result in results)
    if as_json:
        print(json.dumps({"rows": [asdict(result) for result in results], "passed": passed}))
        return
    shown = Table(title="passed" if passed else "NOT passed")
    for column in COLUMNS:
        shown.add_column(column, justify="left" if column == "fault" else "right")
    for result in results:
        shown.add_row(*(str(getattr(result, column)) for column in COLUMNS))
    Console().print(shown)
    for result in results:
        if result.late:
            Console().print(f"{result.fault}: too late: {result.late}")


def _progress(text: str) -> None:
    print(f"faults: {text}", file=sys.stderr, flush=True)


def _line(result: Result) -> str:
    if result.passed:
        return f"{result.fault}: passed in {result.seconds} s"
    counted = ", ".join(f"{name} {getattr(result, name)}" for name in WRONG)
    return f"{result.fault}: NOT passed in {result.seconds} s: {counted} {result.late}".rstrip()
