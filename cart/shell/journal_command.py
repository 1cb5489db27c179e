"""`python -m cart journal`: print a journal, one entry a line, as a replay would give it.

It reads only: a running cart isn't disturbed, and a damaged file isn't touched.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cart.shell.export import export_lines
from cart.shell.journal import FILE_NAME, salvage

MAGIC = b"SQLite format 3\0"  # how its file begins


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `python -m cart journal` takes."""
    parser.add_argument(
        "path", type=Path, metavar="PATH", help="a data folder, or a journal file in it"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write JSON Lines to standard output; 2 when there is no journal."""
    path: Path = arguments.path / FILE_NAME if arguments.path.is_dir() else arguments.path
    if not path.is_file() or not _is_database(path):
        sys.stderr.write(f"cart journal: {path}: no journal here; give a cart's data folder\n")
        return 2
    sys.stdout.buffer.writelines(export_lines(salvage(path)))
    return 0


def _is_database(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC
