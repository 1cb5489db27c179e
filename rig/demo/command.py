"""`python -m rig demo`: one whole trip with every part real, or a shop to play with.

With a display and without `--auto`: the touchscreen in a window and the shelf as a local web page,
until closed. Otherwise the scripted shopper makes the trip of rig/demo/scenario.toml; exit status
1 if the cart said anything else than written there.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from cart import arguments
from rig.cart_watch import CartWatch
from rig.demo.show import LiveReceipt, table_of
from rig.demo.stack import Options, Stack
from rig.shopper import Row, Scenario, ScenarioError, Shopper, load
from rig.supervisor import SupervisorError

SCENARIO = Path(__file__).parent / "scenario.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig demo`."""
    parser.add_argument("--auto", action="store_true", help="the scripted shopper, no window")
    parser.add_argument(
        "--broker", type=arguments.endpoint, metavar="HOST:PORT", help="use this broker"
    )
    parser.add_argument("--out", type=Path, default=Path("out/run"), help="default: %(default)s")
    parser.add_argument("--scenario", type=Path, default=SCENARIO, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the world's dice")


def run(asked: argparse.Namespace) -> int:
    """Open the shop; 0 all as expected, 1 not, 2 it could not be opened."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    windowed = has_display() and not asked.auto
    try:
        scenario = load(asked.scenario)
        with Stack(Options(asked.out, asked.broker, asked.seed, windowed)) as stack:
            return keep_open(stack) if windowed else play(stack, scenario)
    except (ScenarioError, SupervisorError, OSError) as error:
        print(f"python -m rig demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0 if windowed else 1


def has_display() -> bool:
    """Whether a window can be opened here."""
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def play(stack: Stack, scenario: Scenario) -> int:
    """The scripted trip. Prints the table last, also when a full disk takes the rest."""
    console = Console()
    rows: list[Row] = []
    with LiveReceipt(console) as live, CartWatch(stack.screen_socket, live.show) as watch:
        watch.wait_for(lambda snapshot: bool(snapshot.pairing), 5.0)
        shopper = Shopper(stack, watch)
        shopper.take_picture()
        for step in scenario.steps:
            live.step(step.name)
            rows.append(shopper.play(step))
            live.said(rows[-1])
    troubles = list(filter(None, (shopper.picture_trouble, _kept(stack.out / "trip.json", rows))))
    if troubles:
        print(f"python -m rig demo: {'; '.join(troubles)}", file=sys.stderr)
    if not stack.has_screen:
        print(f"no pictures: {stack.screen_trouble}", file=sys.stderr)
    console.print(table_of(rows))
    return 0 if all(row.same for row in rows) and not troubles else 1


def _kept(path: Path, rows: list[Row]) -> str:
    """Write the rows for other programs; why not, if they can't be."""
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(rows)) + b"\n")
    except OSError as error:
        return f"{path}: {error.strerror}; make room there, or choose another --out"
    return ""


def keep_open(stack: Stack) -> int:
    """The shop until its window is closed or Ctrl+C."""
    from rig.shelf import Shelf  # noqa: PLC0415 - the scripted trip needs no web page

    with Shelf(stack) as shelf:
        print(f"the shelf: {shelf.url}\nclose the window, or press Ctrl+C, to end", flush=True)
        shelf.open_in_browser()
        stack.wait_closed()
    return 0
