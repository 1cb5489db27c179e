"""The event logger: every change of a parameter that decides what a count weighs, for ever.

A text file that anybody can read, a line an event: counter, UTC time, parameter, old, new, and the
SHA-256 of the line before and this one. It is only ever appended to; there is no way here to
change or remove a line, and a line that was changed or removed elsewhere is named by `check`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADING = "counter\ttime (UTC)\tparameter\told\tnew\tsha256(line before's hash, this line)"
START = "0" * 64


class AuditError(Exception):
    """The logger's file can't be used, or does not hold; the message names the line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event."""

    counter: int
    time: str
    parameter: str
    old: str
    new: str


class EventLogger:
    """Appends to one file. Raises AuditError when what stands there does not hold."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash, self.counter = START, 0
        if path.exists():
            for entry, chained in _lines(path):
                self._hash, self.counter = chained, entry.counter

    def append(self, time: str, parameter: str, old: str, new: str) -> Entry:
        """Log one change, on the disk when this returns."""
        clean = [_clean(text) for text in (time, parameter, old, new)]
        entry = Entry(self.counter + 1, *clean)
        text = "\t".join([str(entry.counter), *clean])
        chained = _chain(self._hash, text)
        heading = "" if self._path.exists() else f"# {HEADING}\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{heading}{text}\t{chained}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AuditError(f"{self._path}: {error.strerror}") from error
        self._hash, self.counter = chained, entry.counter
        return entry


def check(path: Path) -> list[Entry]:
    """Every event of a file whose chain holds. Raises AuditError naming the first bad line."""
    return [entry for entry, _ in _lines(path)]


def _lines(path: Path) -> Iterator[tuple[Entry, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path}: {error}") from error
    before = START
    counter = 0
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if number == 1 and line.startswith("#"):
            continue
        parts = line.split("\t")
        told, _, chained = line.rpartition("\t")
        counter += 1
        if len(parts) != 6 or parts[0] != str(counter) or chained != _chain(before, told):
            raise AuditError(f"{path}: line {number} is not as it was written")
        yield Entry(counter, *parts[1:5]), chained
        before = chained
    if not text.endswith("\n") and text:
        raise AuditError(f"{path}: the last line is cut off")


def _chain(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def _clean(text: str) -> str:
    """One line without tabs: what stands in the file can't look like another entry."""
    return " ".join(text.split())
