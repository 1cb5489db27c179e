"""The event logger: every change of a parameter that decides what a count weighs, for ever.

A text file that anybody can read, a line an event: counter, UTC time, parameter, old, new, and the
SHA-256 of the line before and this one. It is only ever appended to; there is no way here to
change or remove a line. Beside it the anchor, a file of its own, holds the newest counter and hash:
so a log that was changed, cut, emptied, removed or written anew elsewhere is named by `check`.
Whoever may write both files and knows this program can forge both; docs/metrology.md says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

HEADING = "counter\ttime (UTC)\tparameter\told\tnew\tsha256(line before's hash, this line)"
START = "0" * 64
TORN = "line cut off"
ANCHOR = ".anchor"  # after the log's whole name


class AuditError(Exception):
    """The logger's file can't be used, or does not hold; the message names the line."""


class NoLogError(AuditError):
    """There is no such file, and nothing tells that there ever was."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event."""

    counter: int
    time: str
    parameter: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class _State:
    """What stands in a log that holds; `torn` is what a loss of power left of a last line."""

    entries: list[Entry]
    newest_hash: str
    torn: str


class EventLogger:
    """Appends to one file, which may have other writers. AuditError when what stands there is bad.

    `entries`: what stood there when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self.entries = check(path)
        except NoLogError:
            self.entries = []

    def append(self, time: str, parameter: str, old: str, new: str) -> Entry:
        """Log one change, on the disk when this returns."""
        try:
            with _locked(self._path, "a+") as file:
                state = _state(self._path, file)
                if state.torn:  # it stays, and is made an event
                    file.write("\n")
                    state, _ = self._write(file, state, (time, TORN, state.torn, ""))
                return self._write(file, state, (time, parameter, old, new))[1]
        except OSError as error:
            raise AuditError(f"{self._path}: {error.strerror}") from error

    def _write(self, file: TextIO, before: _State, event: tuple[str, ...]) -> tuple[_State, Entry]:
        clean = [_clean(text) for text in event]
        entry = Entry(len(before.entries) + 1, *clean)
        text = "\t".join([str(entry.counter), *clean])
        chained = _chain(before.newest_hash, text)
        heading = "" if file.tell() else f"# {HEADING}\n"
        file.write(f"{heading}{text}\t{chained}\n")
        file.flush()
        os.fsync(file.fileno())
        _set_anchor(self._path, entry.counter, chained)
        return _State([*before.entries, entry], chained, ""), entry


def last_values(entries: Iterable[Entry]) -> dict[str, str]:
    """What each parameter was set to last."""
    return {entry.parameter: entry.new for entry in entries}


def check(path: Path) -> list[Entry]:
    """Every event of a log that holds. Raises AuditError naming the first bad line."""
    try:
        with _locked(path, "r") as file:
            return _state(path, file).entries
    except FileNotFoundError as error:
        counter, _ = _anchor(path)
        if counter:
            raise AuditError(f"{path}: the log is gone, and had {counter} events") from error
        raise NoLogError(f"{path}: there is no such file") from error
    except OSError as error:
        raise AuditError(f"{path}: {error.strerror}") from error


@contextlib.contextmanager
def _locked(path: Path, mode: Literal["r", "a+"]) -> Iterator[TextIO]:
    """The open log, which nobody else writes meanwhile."""
    with path.open(mode, encoding="utf-8", newline="\n") as file:
        fcntl.flock(file, fcntl.LOCK_SH if mode == "r" else fcntl.LOCK_EX)
        yield file


def _state(path: Path, file: TextIO) -> _State:
    """What stands in the log. Raises AuditError where chain or anchor do not hold."""
    file.seek(0)
    try:
        whole, _, torn = file.read().rpartition("\n")
    except UnicodeDecodeError as error:
        raise AuditError(f"{path}: {error}") from error
    hashes, entries = [START], []
    for entry, chained in _lines(path, whole.split("\n") if whole else []):
        entries.append(entry)
        hashes.append(chained)
    counter, newest = _anchor(path)
    missing = counter - len(entries)
    if missing > 0:
        raise AuditError(f"{path}: the last {missing} of {counter} events are gone")
    if hashes[counter] != newest:
        raise AuditError(f"{path}: up to line {counter + 1} it was written anew")
    if missing < -1:  # one more: power was lost before the anchor was set
        raise AuditError(f"{path}: its anchor {path.name}{ANCHOR} knows only {counter} events")
    return _State(entries, hashes[-1], torn)


def _anchor(path: Path) -> tuple[int, str]:
    """The newest counter and hash, as kept apart from the log."""
    anchor = path.with_name(path.name + ANCHOR)
    try:
        counter, _, newest = anchor.read_text(encoding="utf-8").strip().partition("\t")
        return int(counter), newest
    except FileNotFoundError:
        return 0, START
    except (OSError, ValueError) as error:
        raise AuditError(f"{anchor}: {error}") from error


def _set_anchor(path: Path, counter: int, newest: str) -> None:
    anchor = path.with_name(path.name + ANCHOR)
    new = anchor.with_name(anchor.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(f"{counter}\t{newest}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(anchor)


def _lines(path: Path, lines: list[str]) -> Iterator[tuple[Entry, str]]:
    """The events of the whole lines. A torn one counts where the next event tells of it."""
    before = START
    counter = 0
    for number, line in enumerate(lines, 1):
        after = lines[number].split("\t") if number < len(lines) else []
        torn = after[2:4] == [TORN, _clean(line)]
        if torn or (number == 1 and line == f"# {HEADING}"):
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
