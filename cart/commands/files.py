"""What the commands share: a catalog from a file, an error on one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from cart.contract.lines import ContractError, encode
from cart.core.catalog import CatalogError, CatalogIndex, parse_catalog
from cart.core.value import Value

USAGE_ERROR = 2

# Answers one line; the second argument is how errors name that line. Raises ContractError.
Answer = Callable[[bytes, str], msgspec.Struct]


class ErrorLine(Value):
    """The answer to a line that could not be understood."""

    error: str


def read_index(path: Path) -> CatalogIndex:
    """Read an unsigned catalog. Raises CatalogError, also for a file that cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CatalogError(
            f"cannot read {path}: {error.strerror}; give a catalog file that exists"
        ) from error
    try:
        return CatalogIndex(parse_catalog(data))
    except CatalogError as error:
        raise CatalogError(f"{path}: {error}") from error


def complain(command: str, error: str | Exception) -> int:
    """Say on one line of standard error what is wrong; return the exit status for it."""
    sys.stderr.write(f"{command}: {error}\n")
    return USAGE_ERROR


def answers(lines: Iterable[bytes], answer: Answer) -> Iterator[bytes]:
    """One JSON line for each line that is not blank: the answer, or {"error"} that names it."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield encode(answer(line, f"line {number}"))
            except ContractError as error:
                yield encode(ErrorLine(error=str(error)))


def answer_standard_input(answer: Answer) -> int:
    """Answer standard input line by line, each at once, so that a program can talk to us."""
    for line in answers(sys.stdin.buffer, answer):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    return 0
