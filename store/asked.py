"""What the store's commands share: how one is declared, and which carts one may speak of.

It must never make a store, an authority or a cart: it looks at what is there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from sqlalchemy import select

from store.authority import Authority
from store.database import open_existing, reading
from store.provisioning import Provisioning
from store.tables import carts

AUTHORITY = "authority"
TRUST = "trust"  # where the signed metadata lies
CARTS_SHOWN = 20


class Command(Protocol):
    """Makes the parser of a command; one without `has_data` works on no folder of a store."""

    def __call__(
        self, name: str, work: Callable[[argparse.Namespace], int], *, has_data: bool = True
    ) -> argparse.ArgumentParser:
        """The parser, to which the command adds its arguments."""


def check_cart(options: argparse.Namespace) -> None:
    """End with status 2 for a cart that was never here nor let in.

    Raises DatabaseError where there is no store."""
    known = _carts(options)
    if options.cart not in known:
        shown = ", ".join(sorted(known)[:CARTS_SHOWN]) or "none yet"
        more = ", ..." if len(known) > CARTS_SHOWN else ""
        options.parser.error(f"{options.cart!r} was never here; known carts: {shown}{more}")


def _carts(options: argparse.Namespace) -> set[str]:
    folder: Path = options.data / AUTHORITY
    with closing(open_existing(options.data, options.database)) as database, reading(database):
        here = set(database.scalars(select(carts.c.cart)))
    if not (folder / "ca.key").is_file():
        return here
    return here | Provisioning(Authority(folder), lambda: 0).carts()


def utc_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
