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
TORN = "line cut off"


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
        self._torn = ""  # what a loss of power left of a line; it stays, and is made an event
        if path.exists():
            for entry, chained in _lines(path):
                self._hash, self.counter = chained, entry.counter
            self._torn = _torn(path)

    def append(self, time: str, parameter: str, old: str, new: str) -> Entry:
        """Log one change, on the disk when this returns."""
        if self._torn:
            torn, self._torn = self._torn, ""
            self._write("\n")
            self.append(time, TORN, torn, "")
        clean = [_clean(text) for text in (time, parameter, old, new)]
        entry = Entry(self.counter + 1, *clean)
        text = "\t".join([str(entry.counter), *clean])
        chained = _chain(self._hash, text)
        heading = "" if self._path.exists() else f"# {HEADING}\n"
        self._write(f"{heading}{text}\t{chained}\n")
        self._hash, self.counter = chained, entry.counter
        return entry

    def _write(self, text: str) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise AuditError(f"{self._path}: {error.strerror}") from error


def check(path: Path) -> list[Entry]:
    """Every event of a file whose chain holds. Raises AuditError naming the first bad line."""
    return [entry for entry, _ in _lines(path)]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path}: {error}") from error


def _torn(path: Path) -> str:
    """The text after the last whole line."""
    return _text(path).rpartition("\n")[2]


def _lines(path: Path) -> Iterator[tuple[Entry, str]]:
    """The events of the whole lines. A torn one counts where the next event tells of it."""
    lines = _text(path).split("\n")[:-1]
    before = START
    counter = 0
    for number, line in enumerate(lines, 1):
        after = lines[number].split("\t") if number < len(lines) else []
        torn = after[2:4] == [TORN, _clean(line)]
        if torn or (number == 1 and line.startswith("#")):
            continue
        parts = line.split("\t")
        told, _, chained = line.rpartition("\t")
        counter += 1
        if len(parts) != 6 or parts[0] != str(counter) or chained != _chain(before, told):
            raise AuditError(f"{path}: line {number} is not as it was written")
        yield Entry(counter, *parts[1:5]), chained
        before = chained


def _chain(before: str, text: str) -> str:
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def _clean(text: str) -> str:
    """One line without tabs: what stands in the file can't look like another entry."""
    return " ".join(text.split())
