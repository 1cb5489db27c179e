"""`python -m firmware_bridge software`: the software id of the metrology, and its event logger.

With `--log FILE` the events of that file follow. Exit status 1 says that it does not hold, or that
the calibration file which it names is not as it was logged; 2 that there is no such log.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from firmware_bridge.metrology import audit, identity
from firmware_bridge.metrology.calibration import (
    NAMED_IN_LOG,
    CalibrationError,
    load,
    unlogged,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `software`."""
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--log", type=Path, help="an event logger's file to check and show")


def run(asked: argparse.Namespace) -> int:
    """Show it: 0; 1 when log or calibration are not as they were written; 2 without a log."""
    try:
        entries = _events(asked.log) if asked.log else []
    except audit.NoLogError as error:
        print(f"software: {error}", file=sys.stderr)
        return 2
    except (audit.AuditError, CalibrationError) as error:
        print(f"software: {error}", file=sys.stderr)
        return 1
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in identity.files()}
    if asked.json:
        events = [asdict(entry) for entry in entries]
        whole = {"software_id": identity.software_id(), "sha256": identity.checksum()}
        print(json.dumps({**whole, "files": sums, "events": events}))
        return 0
    print(f"{identity.software_id()}\nsha256 {identity.checksum()}")
    for name, digest in sums.items():
        print(f"  {digest}  {name}")
    for entry in entries:
        print(f"  {entry.counter}  {entry.time}  {entry.parameter}: {entry.old} -> {entry.new}")
    return 0


def _events(log: Path) -> list[audit.Entry]:
    """The events of a log that holds, and whose calibration file is as it says."""
    entries = audit.check(log)
    file = audit.last_values(entries).get(NAMED_IN_LOG)
    if file:
        trouble = unlogged(load(log.parent / file), entries)
        if trouble:
            raise audit.AuditError(f"{log.parent / file}: {trouble}")
    return entries
