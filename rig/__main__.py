"""`python -m rig`: one table of sub-commands, each loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "demo": ("rig.demo.command", "one whole shopping trip, or a shop to play with"),
    "world": ("rig.world", "the simulated world: chip, scanner, lens and what lies in the cart"),
    "chip": ("rig.chip", "the simulated microcontroller on a pty"),
    "replay": ("rig.replay", "replay a recorded trip and print its journal's export"),
    "hil": ("rig.hil.command", "measure on a bench, simulated or real"),
    "bench": ("rig.bench", "the figures of docs/MEASURED.md"),
}


def main(arguments: list[str]) -> int:
    """Run the sub-command named first; without one, show them and return 2."""
    asked = arguments[0] if arguments else ""
    if asked in COMMANDS:
        module = importlib.import_module(COMMANDS[asked][0])
        status: int = module.main(arguments[1:])
        return status
    helped = asked in {"-h", "--help"}
    lines = ["usage: python -m rig COMMAND [--help]", ""]
    lines += [f"  {name:8}{what}" for name, (_, what) in COMMANDS.items()]
    print("\n".join(lines), file=sys.stdout if helped else sys.stderr)
    return 0 if helped else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
