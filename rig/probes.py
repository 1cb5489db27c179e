"""What the shopper looks at: each probe turns what the cart or the store says into a few words.

The words are what rig/demo/scenario.toml expects. A probe must never compute what ought to be
there; it only reads.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cart.contract.screen import LineView, Snapshot
from cart.core.units import decimal_text
from rig.demo.stack import CART, Stack, python

BACK_S = 2.0


@dataclass
class Seen:
    """What a probe may look at: the newest snapshot, the running shop, and the last restarts."""

    snapshot: Snapshot
    stack: Stack
    back_s: dict[str, float] = field(default_factory=dict)
    receipt_came: str = ""


def money(amount_minor: int) -> str:
    """An amount in the demo store's dollars: 1465 is 14.65."""
    return decimal_text(amount_minor, 2)


def amount(line: LineView) -> str:
    """How much of it: pieces, or kilograms to the gram."""
    return str(line.quantity) if line.mass_mg is None else f"{line.mass_mg / 1_000_000:.3f} kg"


def _sure(seen: Seen) -> list[LineView]:
    return [line for line in seen.snapshot.lines if line.state == "sure"]


def _lines(seen: Seen) -> str:
    """All sure lines by their names, equal goods added up."""
    pieces: dict[str, str] = {}
    counts = Counter[str]()
    for line in _sure(seen):
        counts[line.name] += line.quantity
        pieces[line.name] = amount(line) if line.mass_mg is not None else str(counts[line.name])
    return ", ".join(f"{much} {name}" for name, much in sorted(pieces.items())) or "none"


def _newest(seen: Seen) -> str:
    newest = [line for line in _sure(seen) if line.newest]
    return ", ".join(f"{amount(line)} {line.name} {money(line.net_minor)}" for line in newest)


def _coupons(seen: Seen) -> str:
    """Every coupon that was shown, with what it takes off, or what it waits for."""
    shown = [
        f"{coupon.title} {money(coupon.amount_minor) if coupon.amount_minor else coupon.state}"
        for coupon in seen.snapshot.coupons
    ]
    return ", ".join(shown) or "none"


def _deals(seen: Seen) -> str:
    """Every deal that took something off, with all it took."""
    taken = Counter[str]()
    for line in _sure(seen):
        for saving in line.savings:
            taken[saving.title] += saving.amount_minor
    return ", ".join(f"{title} {money(minor)}" for title, minor in taken.items()) or "none"


def _evidence(seen: Seen) -> str:
    """Whether each line names a code or a look, and the mass before and after."""
    bare = [
        line.name
        for line in _sure(seen)
        if (line.evidence.code or line.evidence.look) is None
        or None in {line.evidence.before_mg, line.evidence.after_mg}
    ]
    return f"missing on {', '.join(bare)}" if bare else "on every line"


def _back(seen: Seen) -> str:
    late = {name: s for name, s in seen.back_s.items() if s > BACK_S}
    if not seen.back_s:
        return "nothing was killed"
    return ", ".join(f"{name} after {s:.1f} s" for name, s in late.items()) or "within 2 s"


def _questions(seen: Seen) -> str:
    """How often the shopper was asked in all, by the journal."""
    query = "SELECT count(*) FROM events WHERE kind = 'question_asked'"
    return str(_journal(seen.stack, query))


def _store_has(seen: Seen) -> str:
    """Whether the store's own table holds every row of the cart's journal."""
    ours = _journal(seen.stack, "SELECT max(seq) FROM events")
    theirs = next((row["events"] for row in _store(seen.stack, "carts")), 0)
    return "every event" if ours == theirs else f"{theirs} of {ours} events"


def _store_receipt(seen: Seen) -> str:
    """The store's own receipt of the trip: its total, and whether its lines are the cart's."""
    receipt = store_receipt(seen.stack)
    if not receipt.get("receipt_id"):
        return "none"
    theirs = [(line["name"], line["net_minor"]) for line in receipt["receipt"]["lines"]]
    ours = [(line.name, line.net_minor) for line in _sure(seen)]
    verdict = "the cart's lines" if theirs == ours else f"other lines: {theirs}"
    return f"{money(receipt['receipt']['total_minor'])}, {verdict}"


def store_receipt(stack: Stack) -> dict[str, Any]:
    """The newest trip's receipt as `python -m store receipt` gives it; {} if there is none."""
    trips = _store(stack, "trips")
    if not trips:
        return {}
    return next(iter(_store(stack, "receipt", trips[-1]["trip_id"])), {})


def _store(stack: Stack, command: str, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        python("store", command, *arguments, "--data", str(stack.store_data), "--json"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [row for row in rows if row.get("cart", CART) == CART]


def _journal(stack: Stack, query: str) -> int:
    path: Path = stack.cart_data / "journal.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        (value,) = database.execute(query).fetchone()
    return int(value or 0)


Probe = Callable[[Seen], str]

PROBES: dict[str, Probe] = {
    "screen": lambda seen: seen.snapshot.route,
    "shopper": lambda seen: seen.snapshot.shopper or "nobody",
    "lines": _lines,
    "newest": _newest,
    "total": lambda seen: money(seen.snapshot.total_minor),
    "saved": lambda seen: money(seen.snapshot.savings_minor),
    "tax": lambda seen: money(seen.snapshot.tax_minor),
    "deals": _deals,
    "says": lambda seen: next((notice.code for notice in seen.snapshot.notices), "nothing"),
    "coupons": _coupons,
    "benefits": lambda seen: money(seen.snapshot.snap_minor),
    "yellow": lambda seen: str(sum(line.state == "open" for line in seen.snapshot.lines)),
    "asks": lambda seen: "yes" if seen.snapshot.question else "no",
    "questions": _questions,
    "online": lambda seen: "yes" if seen.snapshot.online else "no",
    "evidence": _evidence,
    "back": _back,
    "store_has": _store_has,
    "store_receipt": _store_receipt,
    "store_receipt_came": lambda seen: seen.receipt_came,
}
