"""`python -m rig hostile`: a hundred and more attempts to get in, a row each.

A row says whether the attempt got hold of anything and who saw it refused. Exit status 1 if one
succeeded or passed unseen.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

from cart.arguments import folder, say_error
from cart.core.value import Value
from rig.hostile.attempts import Attempt, attempts
from rig.hostile.parts import parts
from rig.hostile.posing import posing
from rig.hostile.site import Site, SiteError


class Row(Value):
    """One attempt: what it got ("" nothing), and where it was seen ("" nowhere)."""

    kind: str
    name: str
    got: str
    seen: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object of everything")
    parser.add_argument("--out", type=folder, metavar="DIR", help="keep logs and files here")


def run(arguments: argparse.Namespace) -> int:
    """Try everything; 1 if anything succeeded or passed unseen."""
    kept = nullcontext(arguments.out) if arguments.out else tempfile.TemporaryDirectory()
    rows = []
    try:
        with kept as place:
            for row in campaign(Path(place)):
                rows.append(row)
                if not arguments.json:
                    _print(row)
    except (SiteError, OSError) as error:
        say_error("hostile", error, as_json=arguments.json)
        return 1
    summary = verdict_of(rows)
    if arguments.json:
        listed = [{name: getattr(row, name) for name in row.__struct_fields__} for row in rows]
        summary = {"rows": listed, **summary}
    sys.stdout.write(json.dumps(summary) + "\n")
    return 0 if summary["passed"] else 1


def _print(row: Row) -> None:
    verdict = f"GOT {row.got}" if row.got else f"refused, seen by {row.seen or 'NOBODY'}"
    sys.stdout.write(f"{row.kind:14}  {row.name:60}  {verdict}\n")
    sys.stdout.flush()


def verdict_of(rows: Iterable[Row]) -> dict[str, object]:
    """How many attempts, how many succeeded, how many nobody saw."""
    listed = list(rows)
    succeeded = sum(1 for row in listed if row.got)
    unseen = sum(1 for row in listed if not row.seen)
    return {"attempts": len(listed), "succeeded": succeeded, "unseen": unseen,
            "passed": not succeeded and not unseen}  # fmt: skip


def campaign(folder: Path) -> Iterator[Row]:
    """Every attempt in turn on one site; the victim is served in between and at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with Site(folder) as site:
        for attempt in (*attempts(), *parts()):
            yield _tried(site, attempt)
        site.traffic()
        site.stop_store()
        for attempt in posing():
            yield _tried(site, attempt)


def _tried(site: Site, attempt: Attempt) -> Row:
    signs, loot = site.signs(), site.loot()
    result = attempt.run(site)
    seen = attempt.seen if _is_seen(site, attempt, signs, told=result.told) else ""
    got = result.got
    if not got and attempt.still and site.loot() != loot:
        got = "something has changed"
    return Row(attempt.kind, attempt.name, got, seen)


def _is_seen(site: Site, attempt: Attempt, before: dict[str, int], *, told: bool) -> bool:
    if attempt.seen == "answer":
        return told
    try:
        site.until("it is seen", lambda: site.signs()[attempt.seen] > before[attempt.seen])
    except SiteError:
        return False
    return True
