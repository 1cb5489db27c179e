"""`python -m rig audit`: counts again, from a run's exports, what got lost, doubled, reordered.

It trusts neither the run's own report nor the exports alone: they must also be what the databases
beside them hold, and no more kills may be noted than the logs show. It changes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from cart.arguments import say_error
from rig.faults import exports, restarts
from rig.faults.exports import ExportError, Row


@dataclass(frozen=True)
class Count:
    """What became of the events of a run.

    `lost`: journaled, but not stored as it was. `duplicated`: stored more often than journaled,
    which a row that no cart wrote is, too. `reordered`: stored after a later row of its journal."""

    events: int
    lost: int
    duplicated: int
    reordered: int

    @property
    def passed(self) -> bool:
        """Nothing lost, nothing doubled, nothing out of order."""
        return not (self.lost or self.duplicated or self.reordered)

    def __sub__(self, before: Count) -> Count:
        """What happened since."""
        pairs = zip(asdict(self).values(), asdict(before).values(), strict=True)
        return Count(*(now - then for now, then in pairs))


def count(journaled: Iterable[Row], stored: Iterable[Row]) -> Count:
    """Compare what carts wrote with what the store holds; both in the order of commits."""
    owed = set(journaled)
    events, found, duplicated, reordered = len(owed), set[Row](), 0, 0
    newest: dict[tuple[str, int], int] = {}
    for row in stored:
        if row in found or row not in owed:
            duplicated += 1
            continue
        found.add(row)
        journal = (row.cart, row.epoch)
        reordered += row.seq < newest.get(journal, 0)
        newest[journal] = max(row.seq, newest.get(journal, 0))
    return Count(events, len(owed - found), duplicated, reordered)


def count_databases(folder: Path) -> Count:
    """Count from the databases of a run that still goes on."""
    stored = exports.stored(folder)  # first: what is journaled later is not lost
    return count(_of_carts(folder), stored)


def _of_carts(folder: Path) -> list[Row]:
    return [row for cart in exports.cart_folders(folder) for row in exports.journaled(cart)]


def audit(folder: Path) -> tuple[dict[str, object], list[str]]:
    """The verdict on a run, and each part of it that is not what the rest shows.

    `kills` are those that the run reports: `kills_shown` are the ones that the logs show,
    `kills_played` power cuts, at which no process died. Raises ExportError."""
    stored = exports.read(folder / exports.STORE_EXPORT)
    carts = exports.cart_folders(folder)
    written = {cart: exports.read(cart / exports.JOURNAL_EXPORT) for cart in carts}
    if not carts:
        raise ExportError(f"{folder}: no carts; give a folder of: rig faults --out")
    counted = count([row for rows in written.values() for row in rows], stored)
    other = [str(cart) for cart in carts if written[cart] != exports.journaled(cart)]
    if stored != exports.stored(folder):
        other.append(str(folder / exports.STORE_EXPORT))
    kills = restarts.reported(folder)
    differing = [f"{name} is not what its database holds" for name in other]
    differing += restarts.too_many(folder, kills)
    noted = {
        "kills": kills.total(),
        "kills_shown": restarts.shown(folder, kills),
        "kills_played": kills[restarts.PLAYED],
    }
    passed = counted.passed and not differing
    return {"carts": len(carts), **asdict(counted), **noted, "passed": passed}, differing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `python -m rig audit`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="what `rig faults --out` kept")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Recount; 1 when anything was lost, doubled, reordered, or differs from its database."""
    try:
        verdict, differing = audit(arguments.folder)
    except OSError as error:
        say_error("audit", error, as_json=arguments.json)
        return 1
    for what in differing:
        say_error("audit", what, as_json=False)
    if arguments.json:
        print(json.dumps(verdict))
    else:
        print("\n".join(f"{name:12}{value}" for name, value in verdict.items()))
    return 0 if verdict["passed"] else 1
