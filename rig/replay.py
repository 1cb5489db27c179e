"""`python -m rig replay FILE [--journal DB]`: what a recorded trip makes of the journal, again.

Prints the canonical export; with `--journal` compares it with that journal's own, byte for byte.
It must import nothing heavy: another Python with only msgspec, biip and mcap replays too.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from itertools import zip_longest
from pathlib import Path

from cart.contract.lines import ContractError
from cart.shell.export import export_lines
from cart.shell.journal import salvage
from cart.shell.replay import replay_record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig replay`."""
    parser.add_argument("file", type=Path, help="a record: trips/*.mcap of a cart's data folder")
    parser.add_argument("--journal", type=Path, help="compare with this journal.sqlite instead")


def run(asked: argparse.Namespace) -> int:
    """Print the export (0), or say whether it equals the journal's (0 same, 1 different)."""
    try:
        replayed = replay_record(asked.file)
        kept = _kept(asked.journal) if asked.journal else None
    except (OSError, ContractError, sqlite3.Error) as error:
        print(f"python -m rig replay: {error}", file=sys.stderr)
        return 2
    if kept is None:
        sys.stdout.buffer.write(replayed)
        return 0
    return _compare(replayed, kept)


def _kept(path: Path) -> bytes:
    """The journal's own canonical export. Reads only: the cart may be running, the file damaged."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such journal")
    return b"".join(export_lines(salvage(path)))


def _compare(replayed: bytes, kept: bytes) -> int:
    if replayed == kept:
        print(f"same: {len(kept.splitlines())} entries, byte for byte")
        return 0
    if kept.startswith(replayed):
        counts = f"{len(replayed.splitlines())} of {len(kept.splitlines())}"
        print(f"the record ends early: it gives the first {counts} entries", file=sys.stderr)
        return 1
    pairs = zip_longest(replayed.splitlines(), kept.splitlines(), fillvalue=b"(nothing)")
    for number, (ours, theirs) in enumerate(pairs, 1):
        if ours != theirs:
            print(f"different from entry {number} on:", file=sys.stderr)
            print(f"  replayed: {ours.decode()}\n  journal:  {theirs.decode()}", file=sys.stderr)
            break
    return 1
