"""What a person at a terminal sees of the store: carts, trips and receipts, as tables or JSON.

It must never change the database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import json, to_builtins
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection, func, select
from sqlalchemy import Row as SomeRow

from cart.arguments import plain
from cart.contract.decoding import decoder_of
from cart.contract.fleet import Telemetry
from cart.contract.lines import ContractError
from cart.core.basket import Line
from cart.core.units import MILLIGRAMS_PER_KILOGRAM, decimal_text
from cart.core.weighed import Weighing
from store import doubts, tables, trips
from store.sheets import BadRow
from store.trips import PricedTrip

Row = dict[str, Any]
FOR_PROGRAMS = {"epoch", "signal_dbm", "uptime_ms", "files_version", "told_utc_ms"}


def carts(database: Connection) -> list[Row]:
    """One row a cart that was ever here; `events` counts the rows of all its journals."""
    here, told = tables.carts, tables.journals
    count = select(func.coalesce(func.sum(told.c.seq), 0)).where(told.c.cart == here.c.cart)
    events = count.scalar_subquery().label("events")
    columns = (here.c.cart, here.c.online, here.c.epoch, events, here.c.app_version)
    found = database.execute(select(*columns, here.c.catalog_version).order_by(here.c.cart))
    told_last = {row.cart: row for row in database.execute(select(tables.health))}
    rows = [{**row, "events": int(row["events"])} for row in found.mappings()]
    return [row | _health(told_last.get(row["cart"])) for row in rows]


def _health(told: SomeRow[Any] | None) -> Row:
    """What a cart said of its health, and when; None where it has said nothing."""
    said = None if told is None else decoder_of(Telemetry).decode(bytes(told.told))
    return {
        "battery_percent": None if said is None else said.battery_percent,
        "signal_dbm": None if said is None else said.signal_dbm,
        "uptime_ms": None if said is None else said.uptime_ms,
        "files_version": None if said is None else said.files_version,
        "files_trouble": None if said is None else said.files_trouble,
        "trust_trouble": None if said is None else said.trust_trouble,
        "told_utc_ms": None if told is None else told.utc_ms,
    }


def trip_rows(database: Connection) -> list[Row]:
    """One row a trip, newest last; a trip that can't be added up says why in `problem`."""
    return [_trip_row(database, trip) for trip in trips.all_trips(database)]


def print_rows(rows: Iterable[Row], title: str, *, as_json: bool) -> None:
    """Print rows as a table as wide as a terminal, or all of them as one JSON object a line."""
    rows = list(rows)
    if as_json:
        sys.stdout.writelines(json.encode(row).decode() + "\n" for row in rows)
        return
    if not rows:
        sys.stdout.write(f"{title}: none yet\n")
        return
    # Of the rest a terminal has not the width; what no row says is no column either.
    names = [
        name
        for name in rows[0]
        if name not in FOR_PROGRAMS and any(row[name] not in {None, ""} for row in rows)
    ]
    heads = [name.replace("_", " ") for name in names]
    _print_table(title, heads, (map(_cell, map(row.get, names)) for row in rows))


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def print_bad_rows(bad: Iterable[BadRow], file: str, *, as_json: bool) -> None:
    """Name each bad row: a line for a person on stderr, or a JSON object on stdout."""
    for row in bad:
        if as_json:
            print(json.encode({"file": file, **to_builtins(row)}).decode())
        else:
            print(f"{file}: {row}", file=sys.stderr)


def print_receipt(trip: PricedTrip, *, as_json: bool) -> None:
    """Print a receipt with the evidence of each line."""
    if as_json:
        sys.stdout.write(json.encode(trip).decode() + "\n")
        return
    title = f"{trip.receipt_id or 'not paid yet'} · {trip.trip_id} · {trip.cart}"
    _print_table(title, ("what", "how much", "price", "why it is here"), _receipt_rows(trip))
    for words in trip.later:
        Console().print(Text(plain(f"said after the payment, not paid: {words}")))
    if trip.check:
        Console().print(Text(plain(f"receipt {trip.receipt_id}: {trip.check}")))


def _receipt_rows(trip: PricedTrip) -> Iterator[tuple[str, ...]]:
    receipt = trip.receipt
    digits = receipt.currency_digits
    evidence = {line.line_id: line for line in trip.lines}
    for line in receipt.lines:
        amount = f"{line.quantity}" if line.mass_mg is None else kilograms(line.mass_mg)
        price = decimal_text(line.price_minor, digits)
        yield line.name, amount, price, why(evidence.get(line.line_id))
        for modifier in line.modifiers:
            yield f"  {modifier.title}", "", decimal_text(modifier.amount_minor, digits)
    for tax in receipt.taxes:
        yield f"tax {tax.category}", "", decimal_text(tax.tax_minor, digits)
    if receipt.deposit_minor:
        yield "deposits", "", decimal_text(receipt.deposit_minor, digits)
    for fee in receipt.fees:
        yield fee.title, str(fee.quantity), decimal_text(fee.amount_minor, digits)
    yield f"total {receipt.currency}", "", decimal_text(receipt.total_minor, digits)


def _print_table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print what carts and sheets say as it stands: nothing in it is markup, or acts."""
    table = Table(*map(escape, heads), title=Text(plain(title)))
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console().print(table)


def why(line: Line | None) -> str:
    """The evidence of a line in one phrase; None where it was dropped."""
    if line is None:
        return "no longer kept"
    evidence = line.evidence
    parts = []
    if evidence.code is not None:
        parts.append(f"code {evidence.code.text[:40]}")
    if evidence.look is not None:
        parts.append(f"look {evidence.look.sku}")
    if evidence.before_mg is not None and evidence.after_mg is not None:
        parts.append(f"{kilograms(evidence.before_mg)} -> {kilograms(evidence.after_mg)}")
    if line.weighing is not None:
        parts.append(weighed(line.weighing))
    return ", ".join([*parts, f"by {evidence.decided_by}"])


def weighed(weighing: Weighing) -> str:
    """A weighing as the cart stated it: net, tare, and which readings of which software."""
    parts = [f"net {kilograms(weighing.net_mg)}", f"tare {kilograms(weighing.tare_mg)}"]
    if weighing.software_id:
        ids = f"{weighing.reading_before_id}-{weighing.reading_id}"
        parts.append(f"readings {ids} of {weighing.software_id}")
    return " ".join(parts)


def kilograms(mass_mg: int) -> str:
    """A mass to the gram, such as 0.404 kg."""
    return f"{mass_mg / MILLIGRAMS_PER_KILOGRAM:.3f} kg"


def _trip_row(database: Connection, trip: trips.Trip) -> Row:
    row: Row = {
        "trip_id": trip.trip_id,
        "cart": trip.cart,
        "shopper": trip.shopper,
        "closed": trip.last_seq is not None,
        "receipt_id": "",
        "lines": 0,
        "total_minor": None,
        "problem": "",
    }
    try:
        priced = doubts.as_paid(database, trip)
    except ContractError as error:
        return {**row, "problem": str(error)}
    found = {
        "receipt_id": priced.receipt_id,
        "lines": len(priced.receipt.lines),
        "total_minor": priced.receipt.total_minor,
    }
    return {**row, **to_builtins(found)}
