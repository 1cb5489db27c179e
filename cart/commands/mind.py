"""`python -m cart mind`: the mind alone, observations in, facts and notices out, as JSON Lines.

For anybody who wants to judge the mind with a world of their own. It must never know more than
what stands on its input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from cart.commands.files import ErrorLine, complain, read_index
from cart.contract.lines import ContractError, decode
from cart.core import mind
from cart.core.catalog import CatalogError
from cart.core.events import Event
from cart.core.notices import Notice
from cart.core.observations import AnyObservation, Booted, CatalogArrived
from cart.core.receipt import Receipt
from cart.core.state import Turn


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--catalog",
        required=True,
        type=Path,
        metavar="FILE",
        help="unsigned JSON by docs/schemas/catalog.schema.json",
    )
    parser.add_argument("--cart-id", default="cart", help="names guest trips (default: cart)")
    parser.add_argument(
        "--jsonl",
        action="store_true",
        help="JSON Lines (the only form there is; named so that scripts say what they expect)",
    )
    parser.add_argument(
        "--receipt",
        action="store_true",
        help='also write {"receipt": …} after each change of the basket',
    )


def run(arguments: argparse.Namespace) -> int:
    """Read standard input to its end. Exit status 2 if the catalog can't be used."""
    try:
        index = read_index(arguments.catalog)
    except CatalogError as error:
        return complain("python -m cart mind", error)
    start = (Booted(0, arguments.cart_id), CatalogArrived(0, index.catalog))
    for line in answers(sys.stdin.buffer, start, with_receipt=arguments.receipt):
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()
    return 0


def answers(
    lines: Iterable[bytes], start: tuple[Booted, CatalogArrived], *, with_receipt: bool
) -> Iterator[bytes]:
    """What the mind says to each observation; a malformed line is answered with an error.

    A `Booted` among them starts the mind anew, with the same catalog."""
    state = mind.initial()
    for thought in start:
        state = mind.step(state, thought).state
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            observation: AnyObservation = decode(AnyObservation, line, f"line {number}")
        except ContractError as error:
            yield msgspec.json.encode(ErrorLine(error=str(error)))
            continue
        again = start[1:] if isinstance(observation, Booted) else ()
        for thought in (observation, *again):
            turn = mind.step(state, thought)
            state = turn.state
            yield from _said(turn, with_receipt=with_receipt)


def _said(turn: Turn, *, with_receipt: bool) -> Iterator[bytes]:
    said: list[dict[str, Event | Notice | Receipt | None]] = [
        {"event": event} for event in turn.events
    ]
    said += [{"notice": notice} for notice in turn.notices]
    if with_receipt and turn.events:
        said.append({"receipt": turn.state.receipt})
    yield from (msgspec.json.encode(item) for item in said)
