"""What a failing disk interrupts: a journal, the store's database, a file that is replaced.

    LD_PRELOAD=LIBRARY python -m rig.faults.failing FOLDER LIBRARY STRIDE

A point is one call that fails (the nth write, say), with one error, once or from then on; each
works on files of its own, and a line of JSON tells what became of it. It must never mend a disk
before the trouble was told, nor take for stored what the program itself believes.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from rig.faults.failing_subjects import SUBJECTS, Subject

CALLS = ("write", "sync", "truncate", "read")
SHORT = "short"
ERRORS = {
    "write": ("EIO", "ENOSPC", SHORT), "sync": ("EIO",), "truncate": ("EIO",), "read": ("EIO",),
}  # fmt: skip
TURNS, TRIES, TRIES_UNTIL_MENDED = 10, 5, 2
DEATHS = (sqlite3.Error, SQLAlchemyError, OSError)


class Point(NamedTuple):
    """Where the disk of `what` fails: at which call, with which error, once or from then on."""

    what: str
    call: str
    error: str
    is_lasting: bool
    nth: int


@dataclass
class Outcome:
    """What became of a point: how often the disk failed and how often that was told; turns that
    were acknowledged and are lost, or are there without being so; exceptions other than the one
    that tells of it; and whether in the end every turn went in."""

    point: Point
    failed: int = 0
    told: int = 0
    lost: int = 0
    extra: int = 0
    died: list[str] = field(default_factory=list)
    settled: bool = True


class Disk:
    """The disk of this process, as the library makes it."""

    def __init__(self, library: str) -> None:
        self._library = ctypes.CDLL(library)

    def fail(self, folder: Path, point: Point) -> None:
        """From now on the point's call fails for files of a folder."""
        is_short = point.error == SHORT
        number = errno.ENOSPC if is_short else getattr(errno, point.error)
        where = (os.fsencode(folder.resolve()), CALLS.index(point.call), ctypes.c_long(point.nth))
        self._library.disk_fails_at(*where, number, int(point.is_lasting), int(is_short))

    def mend(self) -> int:
        """It is well again; how often it failed."""
        return int(self._library.disk_mended())


class Run:
    """One point: turn after turn, each tried until it goes in, over restarts where it dies."""

    def __init__(self, disk: Disk, point: Point, folder: Path) -> None:
        self._disk = disk
        self._folder = folder / "here"
        self._killed = folder / "killed"
        self._kind = SUBJECTS[point.what]
        self._subject: Subject | None = None
        self._acknowledged = 0
        self.outcome = Outcome(point)

    def go(self) -> Outcome:
        """Do it all, and count."""
        shutil.copytree(self._kind.template(self._folder.parent), self._folder)
        self._disk.fail(self._folder, self.outcome.point)
        for turn in range(TURNS):
            if turn == TURNS // 2:
                self._end()  # a boot finds what stands already
            tries = iter(range(TRIES))
            while not self._goes_in(turn) and (number := next(tries, None)) is not None:
                if number == TRIES_UNTIL_MENDED:
                    self._mend()
            self.outcome.settled &= self._acknowledged == turn + 1
        self._mend()
        self._end()
        self._compare(self._folder, extra_max=0)
        if self._killed.exists():
            self._compare(self._killed, extra_max=1)
        return self.outcome

    def _goes_in(self, turn: int) -> bool:
        try:
            if self._subject is None:
                self._subject = self._kind(self._folder)
            self._subject.write(turn)
        except self._kind.told:
            self.outcome.told += 1
            if not self._killed.exists():
                # What a SIGKILL at this moment would leave.
                shutil.copytree(self._folder, self._killed)
                self._acknowledged_then = self._acknowledged
            return False
        except DEATHS as error:
            self.outcome.died.append(repr(error))
            self._end()
            return False
        self._acknowledged = turn + 1
        return True

    def _end(self) -> None:
        subject, self._subject = self._subject, None
        if subject is not None:
            with suppress(*DEATHS):
                subject.close()

    def _mend(self) -> None:
        self.outcome.failed += self._disk.mend()

    def _compare(self, folder: Path, extra_max: int) -> None:
        """Hold what a new process finds there against what was acknowledged."""
        try:
            subject = self._kind(folder)
            stored = subject.stored()
            subject.close()
        except DEATHS as error:
            self.outcome.died.append(repr(error))
            return
        acknowledged = self._acknowledged_then if folder == self._killed else self._acknowledged
        self.outcome.lost += max(0, acknowledged - stored)
        self.outcome.extra += max(0, stored - acknowledged - extra_max)


def outcomes(disk: Disk, folder: Path, stride: int) -> Iterator[Outcome]:
    """Every `stride`th point of each kind, until none of that kind is left to fail."""
    kinds = [
        (what, call, error, is_lasting)
        for what in SUBJECTS
        for call in CALLS
        for error in ERRORS[call]
        for is_lasting in (False, True)
    ]
    for place, kind in enumerate(kinds):
        nth = 1 + place % stride
        while True:
            here = folder / "point"
            here.mkdir()
            outcome = Run(disk, Point(*kind, nth), here).go()
            shutil.rmtree(here)
            if not outcome.failed:
                break
            yield outcome
            nth += stride


def main(arguments: list[str]) -> None:
    """Run the points, and tell of each."""
    folder, library, stride = Path(arguments[0]), arguments[1], int(arguments[2])
    for outcome in outcomes(Disk(library), folder, stride):
        sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
