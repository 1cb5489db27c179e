"""`python -m rig`: one table of sub-commands, each loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sys

from cart.arguments import Parser

COMMANDS = {
    "demo": ("rig.demo.command", "one whole shopping trip, or a shop to play with"),
    "world": ("rig.world", "the simulated world: chip, scanner, lens and what lies in the cart"),
    "chip": ("rig.chip", "the simulated microcontroller on a pty"),
    "certificates": ("rig.certificates", "a development authority with broker and carts"),
    "enrol": ("rig.enrol", "draw the demo store and write the gallery of its products"),
    "hostile": ("rig.hostile.command", "a hundred attempts to get in where one does not belong"),
    "replay": ("rig.replay", "replay a recorded trip and print its journal's export"),
    "hil": ("rig.hil.command", "measure on a bench, simulated or real"),
    "place": ("rig.hil.placer", "the simulated cart with its load placer, for r76"),
    "sequences": ("rig.sequence_figures", "what the eyes make of rendered hands and goods"),
    "faults": ("rig.faults.command", "faults between a cart and its store, a row each"),
    "audit": ("rig.faults.audit", "recount what a run of faults lost, doubled or reordered"),
    "bench": ("rig.bench.command", "the figures of docs/MEASURED.md"),
}


def main(arguments: list[str]) -> int:
    """Run the sub-command named first; without one, show them and return 2."""
    parser = Parser(prog="python -m rig", description=__doc__)
    table = parser.add_subparsers(dest="command", metavar="COMMAND")
    parsers = {
        name: table.add_parser(name, help=what, description=what)
        for name, (_, what) in COMMANDS.items()
    }
    asked = arguments[0] if arguments else ""
    if asked not in COMMANDS:
        parser.parse_args(arguments)
        parser.print_help(sys.stderr)
        return 2
    module = importlib.import_module(COMMANDS[asked][0])
    module.add_arguments(parsers[asked])
    status: int = module.run(parser.parse_args(arguments))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
