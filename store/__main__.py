"""The store's commands: run the service, import a catalog, look at carts, trips and receipts."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import ArgumentError

from cart import arguments, mqtt
from cart.contract.lines import ContractError
from cart.core.catalog import Catalog, CatalogError
from cart.core.coding.iso import currency_digits
from store import (
    archive,
    catalogs,
    chain,
    clip_server,
    disputes,
    doubts,
    goods_commands,
    members,
    moving,
    sheets,
    show,
    trips,
    trust,
)
from store.asked import Command, utc_ms
from store.authority import AuthorityError
from store.database import (
    POSTGRESQL,
    hold_alone,
    open_database,
    open_existing,
    reading,
    transaction,
)
from store.keys import KeyFileError, public_of, signer_of
from store.paper import FORMATS, paper_of
from store.papers import papers_of
from store.role_keys import TrustFileError
from store.service import Service

DATABASE = f"{POSTGRESQL}://user@host/name; default: SQLite in the folder"
REFUSALS = (CatalogError, ContractError, KeyFileError, AuthorityError, TrustFileError)
DAYS_MAX = 99_999
QUANTITY_MAX = 1_000_000


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl+C; a line of JSON says when carts can be served."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    host, port = options.broker
    try:
        endpoint = mqtt.Endpoint(
            host, port, options.tls_ca, options.tls_certificate, options.tls_key, options.mqtt
        )
        endpoint.check_files()
    except ValueError as error:
        options.parser.error(str(error))
    ready = {"tenant": options.tenant, "store": options.store, "broker": f"{host}:{port}"}
    with (
        closing(open_database(options.data, options.database)) as database,
        closing(hold_alone(database, options.data)),
    ):
        signer = signer_of(options.data, options.key)
        daily = archive.Daily(options.after_days, options.drop_after_days)
        fleet = trust.fleet_of(options.data, signer)._replace(
            daily=daily, papers=papers_of(options.data, endpoint)
        )
        service = Service(
            endpoint,
            options.tenant,
            options.store,
            database,
            signer,
            clock=lambda: time.monotonic_ns() // 1_000_000,
            utc_ms=utc_ms,
            fleet=fleet,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        service.run(on_ready=lambda: _print_line({"ready": ready}))
    return 0


def import_catalog(options: argparse.Namespace) -> int:
    """Check a catalog, or one table of it, and keep it; a running service publishes it at once."""
    data = options.file.read_bytes()
    left_out = 0

    def given(newest: Catalog | None) -> bytes | Catalog:
        nonlocal left_out
        read = _read(options, data, newest or _empty_catalog(options))
        left_out = len(read.bad)
        return read.catalog if options.table or read.bad else data

    with closing(open_database(options.data, options.database)) as database:
        signer_of(options.data)
        catalog = catalogs.publish(database, given, goods_commands.hours_of(options))
    _print_line(
        {
            "version": catalog.version,
            "products": len(catalog.products),
            **({"left_out": left_out} if left_out else {}),
        }
    )
    return 0


def _read(options: argparse.Namespace, data: bytes, published: Catalog) -> sheets.Reading:
    """Read it, and name every bad row. Raises RowsRefusedError if they may not be left out."""
    read = sheets.read(data, options.table or "", published)
    show.print_bad_rows(read.bad, options.file.name, as_json=options.json)
    if read.bad and not options.skip_bad_rows:
        raise sheets.RowsRefusedError(
            f"nothing imported, bad rows: {len(read.bad)}; correct them, or leave them out"
            " with --skip-bad-rows"
        )
    _check_left(options, read)
    return read


def _check_left(options: argparse.Namespace, read: sheets.Reading) -> None:
    """Nobody means to sell nothing, or in another currency. Raises CatalogError."""
    table, currency = options.table or "products", read.catalog.currency
    if not getattr(read.catalog, table) and (table == "products" or read.bad):
        raise CatalogError(f"nothing imported: {options.file.name} leaves no row of {table}")
    if options.currency not in {None, currency}:
        raise CatalogError(
            f"nothing imported: the catalog is in {currency}; leave out --currency"
            f" {options.currency}, or import a whole catalog in it"
        )


def _empty_catalog(options: argparse.Namespace) -> Catalog:
    """What a table is put into where nothing is published yet: version 0, so that it becomes 1."""
    if options.table and not options.currency:
        options.parser.error("this is the first import: say --currency, such as USD")
    # A whole catalog brings its own; until then ISO 4217's word for "no currency" stands there.
    digits = currency_digits(options.currency or "USD") or 0
    return Catalog(0, options.currency or "XXX", products=(), currency_digits=digits)


def list_carts(options: argparse.Namespace) -> int:
    """List the carts that were ever here."""
    show.print_rows(_looked(options, show.carts), "carts", as_json=options.json)
    return 0


def list_trips(options: argparse.Namespace) -> int:
    """List the trips, newest last."""
    show.print_rows(_looked(options, show.trip_rows), "trips", as_json=options.json)
    return 0


def list_disputes(options: argparse.Namespace) -> int:
    """List what shoppers contest and where sums differ, oldest first."""
    show.print_rows(_looked(options, disputes.rows), "disputes", as_json=options.json)
    return 0


def _looked(
    options: argparse.Namespace, rows: Callable[[Connection], list[show.Row]]
) -> list[show.Row]:
    with closing(_existing(options)) as database, reading(database):
        return rows(database)


def credit_line(options: argparse.Namespace) -> int:
    """Give back pieces of a line of a paid trip; a running service tells the cart."""
    with closing(_existing(options, read_only=False)) as database, transaction(database):
        trip = _trip(database, options.trip)
        given = disputes.credit(database, trip, options.line, options.quantity, options.reason)
    _print_line(given)
    return 0


def move_trip(options: argparse.Namespace) -> int:
    """Move the trip at one cart to another that shows its code: a guest needs no app for it."""
    with closing(_existing(options, read_only=False)) as database, transaction(database):
        to_trip = moving.ask(database, options.from_cart, options.to_cart, utc_ms())
    _print_line({"from": options.from_cart, "to": options.to_cart, "trip_id": to_trip})
    return 0


def _trip(database: Connection, named: str) -> trips.Trip:
    """A trip by its id, or by that of its receipt."""
    trip = trips.find(database, named) or trips.find_paid(database, named)
    if trip is None:
        raise ContractError(f"no trip or receipt {named}; list them with: python -m store trips")
    return trip


def print_receipt(options: argparse.Namespace) -> int:
    """Print the receipt of a trip: with the evidence of each line, or as the shopper gets it."""
    with closing(_existing(options)) as database, reading(database):
        trip = _trip(database, options.trip)
        if options.paper:
            sys.stdout.buffer.write(FORMATS[options.paper](paper_of(database, trip, options.name)))
            sys.stdout.buffer.flush()
            return 0
        check = chain.check(database, trip, public_of(options.data).has_signed)
        priced = replace(doubts.as_paid(database, trip), check=check)
        show.print_receipt(priced, as_json=options.json)
    return 0 if priced.check in chain.RIGHT else 1


def pack_away(options: argparse.Namespace) -> int:
    """Pack the journal rows of trips closed long ago, and drop what was packed for long."""
    with closing(_existing(options, read_only=False)) as database, transaction(database):
        done = archive.archive(database, utc_ms(), options.after_days, options.drop_after_days)
    _print_line({"rows_packed": done.packed, "packs_dropped": done.dropped})
    return 0


def _existing(options: argparse.Namespace, *, read_only: bool = True) -> Connection:
    return open_existing(options.data, options.database, read_only=read_only)


def _print_line(value: object) -> None:
    print(json.encode(value).decode(), flush=True)


def _currency(text: str) -> str:
    if currency_digits(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r}: a currency of ISO 4217, such as USD")
    return text


def _url(text: str) -> str:
    try:
        is_ours = make_url(text).drivername == POSTGRESQL
    except (ValueError, ArgumentError):
        is_ours = False
    if not is_ours:
        raise argparse.ArgumentTypeError(f"write {POSTGRESQL}://user@host/name")
    return text


def _add_broker(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--broker", type=arguments.endpoint, required=True, metavar="HOST:PORT")
    serve.add_argument("--tenant", type=arguments.name, required=True, help="the chain")
    serve.add_argument("--store", type=arguments.name, required=True, help="the store of the chain")
    serve.add_argument(
        "--key", type=arguments.file, help="Ed25519 key (PEM); default: store.key, made once"
    )
    for part in ("ca", "certificate", "key"):
        serve.add_argument(f"--tls-{part}", type=arguments.file, help="needed off loopback")
    serve.add_argument(
        "--mqtt", choices=tuple(mqtt.PROTOCOLS), default="5", help="what the broker speaks"
    )


def _add_trips(command: Command) -> argparse.ArgumentParser:
    named = "a trip's id, or its receipt's, such as R00000007"
    receipt = command("receipt", print_receipt)
    receipt.add_argument("trip", type=arguments.words, help=named)
    receipt.add_argument("--paper", choices=tuple(FORMATS), help="as the shopper gets it")
    receipt.add_argument(
        "--name", type=arguments.words, default="dashcart store", help="the name in its head"
    )
    credit, pieces = command("credit", credit_line), arguments.whole(1, QUANTITY_MAX)
    credit.add_argument("trip", type=arguments.words, help=named)
    credit.add_argument("line", type=arguments.words, help="a line of its receipt, such as L3")
    credit.add_argument("--quantity", type=pieces, default=1, help="how many pieces; default: one")
    credit.add_argument("--reason", type=arguments.words, default="", help="why, for the books")
    move = command("move", move_trip)
    move.add_argument("from_cart", type=arguments.name, metavar="FROM", help="the cart of the trip")
    move.add_argument(
        "to_cart", type=arguments.name, metavar="TO", help="a cart that shows its code"
    )
    return receipt


def _parser() -> argparse.ArgumentParser:
    parser = arguments.Parser(prog="python -m store", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, work: Callable[[argparse.Namespace], int], *, has_data: bool = True
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=work.__doc__, description=work.__doc__)
        if has_data:
            folder = "folder of the store's files"
            made.add_argument("--data", type=Path, required=True, help=folder)
            made.add_argument("--database", type=_url, metavar="URL", help=DATABASE)
        made.set_defaults(work=work, parser=made, json=False)
        return made

    serve = command("run", run)
    _add_broker(serve)
    trust.add_commands(command)
    clip_server.add_commands(command)
    bring = command("import", import_catalog)
    bring.add_argument(
        "file", type=arguments.file, help="a catalog as JSON; a table of it as CSV or JSON"
    )
    bring.add_argument("--table", choices=tuple(sheets.TABLES), help="the file is this table only")
    bring.add_argument("--currency", type=_currency, help="of the first import of a table")
    bring.add_argument(
        "--skip-bad-rows", action="store_true", help="import the others all the same"
    )
    goods_commands.add_hour(bring)
    goods_commands.add_commands(command)
    members.add_commands(command)
    away, days_of = command("archive", pack_away), arguments.whole(0, DAYS_MAX)
    for name, days, what in (
        ("after", 30, "rows stay as they are so long after their trip was closed"),
        ("drop-after", 400, "packed rows and pseudonyms go so long after packing"),
    ):
        for each in (away, serve):
            words = f"{what}; default {days}"
            each.add_argument(f"--{name}-days", type=days_of, default=days, help=words)
    receipt = _add_trips(command)
    lists = (("carts", list_carts), ("trips", list_trips), ("disputes", list_disputes))
    for listed in (*(command(*each) for each in lists), receipt, bring):
        listed.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def main(given: Sequence[str] | None = None) -> int:
    """Run one command; 1 and one line on stderr when it can't be done."""
    parser = _parser()
    if not (sys.argv[1:] if given is None else given):
        parser.print_help(sys.stderr)
        return 2
    options = parser.parse_args(given)
    try:
        return int(options.work(options))
    except (*REFUSALS, OSError) as error:
        is_said = isinstance(error, sheets.RowsRefusedError)  # each row as an object of its own
        arguments.say_error("store", error, as_json=options.json and not is_said)
        return 1


if __name__ == "__main__":
    sys.exit(main())
