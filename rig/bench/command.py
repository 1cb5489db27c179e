"""`python -m rig bench`: every figure of docs/MEASURED.md that is about speed or memory."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console

from rig.bench import alone, bridge, money, scale, together
from rig.bench.figures import Figure, as_json, table
from rig.demo.stack import Options, Stack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig bench`."""
    parser.add_argument("--only", choices=("money",), help="the figures of one part")
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


def run(arguments: argparse.Namespace) -> int:
    """Measure everything once, about five minutes."""
    if arguments.only == "money":
        _show(money.figures(), as_table=not arguments.json)
        return 0
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="dashcart-bench-") as folder:
        figures = _alone(Path(folder), console) + _together(Path(folder), arguments.goods, console)
    console.print("weighing with hundreds of simulated carts …")
    figures += bridge.figures()
    figures += scale.figures(scale.SMALL if arguments.small else scale.LARGE)
    figures += money.figures()
    _show(figures, as_table=not arguments.json)
    return 0


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
