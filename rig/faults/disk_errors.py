"""I/O errors at every call: what was acknowledged is stored, nothing else is, and each one is told.

`failing_disk.c` is compiled here and loaded into `python -m rig.faults.failing`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rig.faults.shop import FaultsError
from rig.faults.trial import Trial

SOURCE = Path(__file__).with_name("failing_disk.c")
STRIDE_QUICK = 20
# SQLite tries again what was refused once, and checkpoints when it likes: only of a disk that goes
# on failing to write is sure that somebody has to hear of it.
HEARD = ("write", "sync")


def everywhere(trial: Trial) -> None:
    """Every point in full, some of each kind in quick; a point is an event of this row."""
    trial.folder.mkdir(parents=True)
    for outcome in outcomes(trial.folder, 1 if trial.is_full else STRIDE_QUICK):
        trial.events += 1
        trial.lost += outcome["lost"]
        trial.duplicated += outcome["extra"]
        if not stood(outcome):
            trial.progress(f"{trial.fault}: {outcome}")
            trial.settled = False


def stood(outcome: dict[str, Any]) -> bool:
    """Whether a point was told by its one error where it must be, and every turn went in."""
    _, call, _, is_lasting, _ = outcome["point"]
    must_tell = is_lasting and call in HEARD
    is_told = outcome["told"] > 0 or not must_tell
    return bool(outcome["settled"] and is_told and not outcome["died"])


def outcomes(folder: Path, stride: int) -> list[dict[str, Any]]:
    """What became of every `stride`th point. Raises FaultsError when the program itself ends."""
    library, log = compiled(folder), folder / "failing.log"
    command = ["rig.faults.failing", str(folder), str(library), str(stride)]
    with log.open("w") as complaints:
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            env={**os.environ, "LD_PRELOAD": str(library)},
            stdout=subprocess.PIPE, stderr=complaints, check=False,
        )  # fmt: skip
    if ended.returncode:
        raise FaultsError(f"the points ended with status {ended.returncode}; see {log}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def compiled(folder: Path) -> Path:
    """The failing disk as a library in `folder`."""
    library = folder / "failing_disk.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library)]
    subprocess.run([*command, str(SOURCE), "-ldl"], check=True)
    return library
