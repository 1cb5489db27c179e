"""The store's commands about its goods: a price, recalls, deals, where goods stand.

A running service publishes what they keep within half a second. They must never keep what the carts
would refuse.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sized
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from msgspec import json
from msgspec.structs import replace
from sqlalchemy import Connection

from cart import arguments
from cart.core.catalog import Catalog, CatalogError
from store import catalogs, published, sheets, show
from store.asked import Command, utc_ms
from store.database import open_existing, reading, transaction

CATALOG = "catalog"
DAY_MS = 86_400_000
AT_DAYS_MAX = 366  # beyond that an hour is a slip of the pen
PRICE = re.compile(r"[0-9]{1,9}([.,][0-9]{1,4})?")


def add_commands(command: Command) -> None:
    """Declare the commands; `command` makes a parser."""
    price = command("price", set_price)
    price.add_argument("sku", help="of the product")
    price.add_argument("price", type=_price, help="as people write it: 1.49")
    add_hour(price)
    publish = command("publish", publish_table)
    publish.add_argument("kind", choices=tuple(published.KINDS), help="what the file is")
    publish.add_argument(
        "file", type=arguments.file, nargs="?", help="CSV with a head, or a JSON list"
    )
    publish.add_argument("--end", action="store_true", help="no file: the catalog's hold again")
    publish.add_argument("--json", action="store_true", help="bad rows as one JSON object a line")
    add_hour(publish)
    back = command("withdraw", withdraw_waiting)
    back.add_argument("kind", choices=(CATALOG, *published.KINDS), help="what waits for its hour")


def add_hour(parser: argparse.ArgumentParser) -> None:
    """Let a command say from when on what it brings shall hold."""
    parser.add_argument(
        "--at",
        type=hour,
        default=0,
        dest="effective_utc_ms",
        metavar="TIME",
        help="from when on it holds, the store's local time: 2026-12-01T06:00; default: now."
        " What waits is taken back with: withdraw",
    )


def hours_of(options: argparse.Namespace) -> catalogs.Hours:
    """From when on a command's goods hold, and when it was given."""
    return catalogs.Hours(options.effective_utc_ms, utc_ms())


def set_price(options: argparse.Namespace) -> int:
    """Give one product another price; a trip that goes on pays the lower of the two."""
    data: Path = options.data
    with closing(open_existing(data, options.database, read_only=False)) as database:
        priced = partial(_with_price, sku=options.sku, price=options.price)
        catalog = catalogs.publish(database, priced, hours_of(options))
    told = {"version": catalog.version, "sku": options.sku, "price": str(options.price)}
    sys.stdout.write(json.encode(told).decode() + "\n")
    return 0


def publish_table(options: argparse.Namespace) -> int:
    """Publish recalls, deals or where goods stand, whole, in place of the catalog's."""
    data: Path = options.data
    if (options.file is None) != options.end:
        options.parser.error("give a file, or --end")
    with closing(open_existing(data, options.database, read_only=False)) as database:
        with reading(database):
            rows = None if options.end else _read(database, options)
        hours = (utc_ms(), options.effective_utc_ms)
        with transaction(database):
            version = published.add(database, options.kind, rows, *hours)
    told = {"kind": options.kind, "version": version, "rows": 0 if rows is None else len(rows)}
    sys.stdout.write(json.encode(told).decode() + "\n")
    return 0


def withdraw_waiting(options: argparse.Namespace) -> int:
    """Take back what waits for its hour: a catalog (and prices), or a table. What holds stays."""
    data, kind, now_utc_ms = options.data, options.kind, utc_ms()
    with closing(open_existing(data, options.database, read_only=False)) as database:
        if kind == CATALOG:
            told = {"version": catalogs.withdraw(database, now_utc_ms).version}
        else:
            with transaction(database):
                told = {"withdrawn": published.withdraw(database, kind, now_utc_ms)}
    sys.stdout.write(json.encode({"kind": kind, **told}).decode() + "\n")
    return 0


def _read(database: Connection, options: argparse.Namespace) -> Sized:
    """The rows of a file, as they fit the newest catalog; every bad one is named."""
    catalog = catalogs.newest(database)
    if catalog is None:
        raise CatalogError("no catalog yet; import one with: python -m store import")
    table = published.KINDS[options.kind][1]
    read = sheets.read(options.file.read_bytes(), table, catalog)
    show.print_bad_rows(read.bad, options.file.name, as_json=options.json)
    if read.bad:
        raise sheets.RowsRefusedError(f"nothing published, bad rows: {len(read.bad)}; correct them")
    rows: Sized = getattr(read.catalog, table)
    return rows


def _with_price(catalog: Catalog | None, sku: str, price: Decimal) -> Catalog:
    if catalog is None:
        raise CatalogError("no catalog yet; import one with: python -m store import")
    minor, (_, _, exponent) = price.scaleb(catalog.currency_digits), price.as_tuple()
    if isinstance(exponent, int) and -exponent > catalog.currency_digits:  # zeros, too
        raise CatalogError(f"{price}: at most {catalog.currency_digits} digits after the point")
    if all(product.sku != sku for product in catalog.products):
        raise CatalogError(f"no product has the sku {sku!r}")
    products = tuple(
        replace(product, price_minor=int(minor)) if product.sku == sku else product
        for product in catalog.products
    )
    return replace(catalog, version=catalog.version + 1, products=products)


def hour(text: str) -> int:
    """A local time as UTC in milliseconds, at most a year ahead."""
    try:
        told_ms = round(datetime.fromisoformat(text).astimezone().timestamp() * 1_000)
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"{text!r}: write it as 2026-12-01T06:00") from error
    if told_ms > utc_ms() + AT_DAYS_MAX * DAY_MS:
        raise argparse.ArgumentTypeError(f"{text!r}: at most {AT_DAYS_MAX} days ahead")
    return told_ms


def _price(text: str) -> Decimal:
    if not PRICE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r}: write it as 1.49")
    return Decimal(text.replace(",", "."))
