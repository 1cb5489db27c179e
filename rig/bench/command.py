"""`python -m rig bench`: every figure of docs/MEASURED.md that is about speed or memory."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path

from rich.console import Console

from rig.bench import alone, barcodes, bridge, scale, together
from rig.bench.figures import Figure, as_json, table
from rig.demo.stack import Options, Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig bench`."""
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")
    parser.add_argument(
        "--goods",
        type=int,
        default=40,
        metavar="N",
        help="goods put in for the latency to pixels (default: %(default)s)",
    )
    parser.add_argument(
        "--small", action="store_true", help="a quarter of an hour of rolling instead of ten"
    )
    parser.add_argument("--barcodes", action="store_true", help="only the readers of barcodes")
    parser.add_argument("--angles", action="store_true", help="barcodes turned, too (ten minutes)")
    parser.add_argument("--scale", action="store_true", help="only the scale and its bridge")


def run(arguments: argparse.Namespace) -> int:
    """Measure everything once, about five minutes."""
    console = Console(stderr=True)
    photos = Path(os.environ.get("DASHCART_DATA", "../shared/data")) / "barcodes"
    if arguments.barcodes:
        barcodes.show(photos, Console(), angles=arguments.angles)
        return 0
    figures: list[Figure] = []
    if not arguments.scale:
        with tempfile.TemporaryDirectory(prefix="dashcart-bench-") as folder:
            figures += _alone(Path(folder), console)
            figures += _together(Path(folder), arguments.goods, console)
    console.print("weighing with hundreds of simulated carts …")
    figures += bridge.figures()
    figures += scale.figures(scale.SMALL if arguments.small else scale.LARGE)
    if arguments.json:
        print(json.dumps(as_json(figures), indent=1))
    else:
        Console().print(table(figures))
    if not (arguments.json or arguments.scale):
        barcodes.show(photos, Console(), angles=arguments.angles)
    return 0


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
