"""Power cuts at any instruction: what a cart writes is recorded once, then cut off everywhere.

A cut leaves what was synced and any part of the rest (`disk_record`). After each the real journal
opens what is left: it must have every row it had promised, a file that was being replaced must be
the old or the new one, and nothing may have to be set aside.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from cart.contract.store import Entry
from cart.shell.journal import ALL, Journal
from rig.faults import cut_writer
from rig.faults.disk_record import FATES, Call, Disk, recorded
from rig.faults.trial import Trial

ROWS = 2_000
PROGRESS_CUTS = 500


def cuts(trial: Trial) -> None:
    """So many cuts as the trial has rounds, spread evenly over all calls."""
    calls, promised = record(trial.folder)
    trial.events += len(promised)
    cut_everywhere(trial, calls, promised)


def record(folder: Path) -> tuple[list[Call], Sequence[Entry]]:
    """What a writer without a cut does, and the rows that its journal has in the end."""
    whole = folder / "whole"
    whole.mkdir(parents=True)
    command = [sys.executable, "-m", "rig.faults.cut_writer", str(whole), str(ROWS)]
    calls = recorded(command, whole, folder / "trace")
    journal = Journal(whole)
    promised = journal.entries_after(0, ALL)
    journal.close()
    return calls, promised


def cut_everywhere(trial: Trial, calls: Sequence[Call], promised: Sequence[Entry]) -> None:
    """Open what each cut leaves, and count what is not as promised."""
    left = trial.folder / "left"
    for number, files, kept in _cuts(trial, calls):
        left.mkdir()
        for name, data in files.items():
            (left / name).write_bytes(data)
        _check(trial, left, promised, kept)
        shutil.rmtree(left)
        trial.killed("power", f"after call {number}")


def _cuts(
    trial: Trial, calls: Sequence[Call]
) -> Iterator[tuple[int, dict[str, bytes], dict[str, int]]]:
    """After how many calls, what a disk may hold then, and what had been promised by then."""
    disk, kept = Disk(), {"journal": 0, "file": 0}
    done = 0
    for number, call in enumerate(calls, 1):
        disk.take(call)
        if call.kind == "said":
            what, count = call.name.split()
            kept[what] = int(count)
        while done * len(calls) < number * trial.rounds:
            if done % PROGRESS_CUTS == 0:
                trial.progress(f"{trial.fault} {done}/{trial.rounds}")
            yield number, disk.after_a_cut(FATES[done % len(FATES)], trial.random), kept
            done += 1


def _check(trial: Trial, left: Path, promised: Sequence[Entry], kept: dict[str, int]) -> None:
    replaced = left / cut_writer.FILE_NAME
    found = replaced.read_bytes() if replaced.exists() else b""
    allowed = [cut_writer.content_of(kept["file"] + more) for more in (0, 1)]
    trial.lost += found not in (allowed if kept["file"] else [b"", *allowed])
    began_s = time.monotonic()
    journal = Journal(left)
    rows = journal.entries_after(0, ALL)
    trial.recoveries_ms.append((time.monotonic() - began_s) * 1_000)
    journal.close()
    trial.lost += max(0, kept["journal"] - len(rows), journal.trouble != "")
    trial.duplicated += rows != promised[: len(rows)]
