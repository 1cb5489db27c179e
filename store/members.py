"""Who is a member of this store, by the pseudonym of their app: the store's own list.

An app only says who it is; what that is worth is decided here. It must never hold a person's name.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from msgspec import json
from sqlalchemy import Connection, delete, insert, select

from cart import arguments
from store.asked import Command
from store.database import open_existing, transaction
from store.tables import members


def add_commands(command: Command) -> None:
    """Declare the command; `command` makes a parser."""
    member = command("member", set_member)
    member.add_argument(
        "shopper", type=arguments.name, help="the pseudonym: the app's name without app-"
    )
    member.add_argument("--end", action="store_true", help="a member no longer")


def set_member(options: argparse.Namespace) -> int:
    """Make a shopper a member from the next trip on, or end it."""
    there = open_existing(options.data, options.database, read_only=False)
    with closing(there) as database, transaction(database):
        (end if options.end else begin)(database, options.shopper)
    told = {"shopper": options.shopper, "member": not options.end}
    sys.stdout.write(json.encode(told).decode() + "\n")
    return 0


def is_member(database: Connection, shopper: str) -> bool:
    """Whether a shopper pays members' prices."""
    same = members.c.shopper == shopper
    return database.scalar(select(members.c.shopper).where(same)) is not None


def begin(database: Connection, shopper: str) -> None:
    """From the next trip on."""
    if not is_member(database, shopper):
        database.execute(insert(members).values(shopper=shopper))


def end(database: Connection, shopper: str) -> None:
    """From the next trip on; one that goes on stays as it began."""
    database.execute(delete(members).where(members.c.shopper == shopper))
