"""`python -m cart`: the commands of the cart, one row each. It must never hold logic."""

from __future__ import annotations

import importlib
import os
import sys
from datetime import UTC, date, datetime

from cart.arguments import Parser

COMMANDS = {
    "run": ("cart.shell.daemon", "run the cart's daemon, cartd"),
    "enrol": ("cart.shell.enrolment", "get this cart's certificate with a claim of the store"),
    "trusted": ("cart.shell.trusted_command", "check a model or a configuration against the store"),
    "fetch": ("cart.shell.fetching", "bring in the newest models and configuration, signed"),
    "journal": ("cart.shell.journal_command", "print a journal, one fact a line"),
    "mind": ("cart.commands.mind", "feed observations to the mind, read facts and notices"),
    "code": ("cart.commands.code", "say what scanned codes mean"),
    "price": ("cart.commands.price", "price baskets"),
    "contract": ("cart.commands.contract", "write or check the generated contract documents"),
}


def today_here() -> date:
    """Today's date where this machine stands: the one place where a command reads the clock."""
    return datetime.now(tz=UTC).astimezone().date()


def main(arguments: list[str]) -> int:
    """Run one command; without one print the help and return 2."""
    parser = Parser(prog="python -m cart", description="The cart's commands.")
    parser.set_defaults(clock=today_here)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    chosen = next((word for word in arguments if word in COMMANDS), None)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if name == chosen:  # only the chosen command's room is entered
            importlib.import_module(module).add_arguments(command)
    parsed = parser.parse_args(arguments)
    if parsed.command is None:
        parser.print_help()
        return 2
    module = COMMANDS[parsed.command][0]
    try:
        status: int = importlib.import_module(module).run(parsed)
    except BrokenPipeError:
        if not module.startswith("cart.commands"):
            raise
        # Whoever read the answers has had enough of them; nothing is left to flush at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
