"""`python -m rig bench`: every figure of docs/MEASURED.md that is about speed or memory."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from rich.console import Console

from cart.arguments import new_file, whole
from rig.bench import alone, barcodes, bridge, fleet, fleet_chart, link, money, scale, together
from rig.bench.figures import Figure, as_json, table
from rig.demo.stack import Options, Stack

GOODS_MAX = 1_000
PARTS = ("shop", "scale", "money", "link", "fleet", "barcodes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig bench`."""
    parser.add_argument("--only", choices=PARTS, help="the figures of one part")
    parser.add_argument(
        "--json", action="store_true", help="a JSON list instead of tables, barcodes left out"
    )
    parser.add_argument(
        "--goods",
        type=whole(1, GOODS_MAX),
        default=40,
        metavar="N",
        help="goods put in for the latency to pixels (default: %(default)s)",
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="a quarter of an hour of rolling instead of ten, 100 carts instead of 1,000",
    )
    parser.add_argument(
        "--draw", type=new_file, metavar="PNG", help="a chart of what the fleet costs, by its carts"
    )
    parser.add_argument("--angles", action="store_true", help="barcodes turned, too (ten minutes)")


def run(arguments: argparse.Namespace) -> int:
    """Measure everything once, about five minutes."""
    console = Console(stderr=True)
    parts = (arguments.only,) if arguments.only else PARTS
    figures: list[Figure] = []
    if "shop" in parts:
        figures += _shop(arguments.goods, console)
    if "scale" in parts:
        figures += _scale(scale.SMALL if arguments.small else scale.LARGE, console)
    if "money" in parts:
        console.print("pricing baskets …")
        figures += money.figures()
    if "link" in parts:
        figures += link.figures(console, link.CARTS_SMALL if arguments.small else link.CARTS)
    if "fleet" in parts:
        figures += _fleet(arguments, console)
    if figures:
        _show(figures, as_table=not arguments.json)
    if "barcodes" in parts and not arguments.json:
        photos = Path(os.environ.get("DASHCART_DATA", "../shared/data")) / "barcodes"
        barcodes.show(photos, Console(), angles=arguments.angles)
    return 0


def _fleet(arguments: argparse.Namespace, console: Console) -> list[Figure]:
    measured = fleet.measure(console, fleet.CARTS_SMALL if arguments.small else fleet.CARTS)
    if arguments.draw is not None:
        fleet_chart.draw(measured, arguments.draw)
    return measured[max(measured)]


def _shop(goods: int, console: Console) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="dashcart-bench-") as folder:
        return _alone(Path(folder), console) + _together(Path(folder), goods, console)


def _scale(size: scale.Size, console: Console) -> list[Figure]:
    console.print("weighing with hundreds of simulated carts …")
    return [*bridge.figures(), *scale.figures(size)]


def _show(figures: list[Figure], *, as_table: bool) -> None:
    if as_table:
        Console().print(table(figures))
    else:
        print(json.dumps(as_json(figures), indent=1))


def _alone(folder: Path, console: Console) -> list[Figure]:
    console.print("committing …")
    committed = alone.commit(folder)
    console.print("starting cartd …")
    return [committed, alone.ready(folder)]


def _together(folder: Path, goods: int, console: Console) -> list[Figure]:
    console.print(f"shopping {goods} goods with every process running …")
    with Stack(Options(out=folder / "out")) as stack:
        if stack.has_screen:
            figures = together.pixels(stack, goods)
        else:
            console.print(f"no pixels: {stack.screen_trouble}")
            figures = []
        figures += together.memory(stack)
        figures.append(together.replay(stack))
    return figures
