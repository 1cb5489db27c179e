"""The tables of the first stores, whose SQLite files knew no versions yet.

Such a file is taken over: its rows move, in their order, into tables that are made anew, so that
an old store and a new one have the same from here on.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
TABLES = {"carts", "events", "trips", "offers", "grants", "payments", "catalogs"}
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them, and move in what a first store has."""
    database = op.get_bind()
    found = sa.inspect(database)
    columns = {
        table: ", ".join(column["name"] for column in found.get_columns(table))
        for table in found.get_table_names()
        if table in TABLES
    }
    for table in columns:
        op.rename_table(table, f"{table}_before")
    _make_ledger_tables()
    _make_counter_tables()
    for table, names in columns.items():
        op.execute(
            f"INSERT INTO {table} ({names})"  # noqa: S608 - every word is ours
            f" SELECT {names} FROM {table}_before ORDER BY rowid"
        )
        op.drop_table(f"{table}_before")


def _make_ledger_tables() -> None:
    op.create_table(
        "carts",
        sa.Column("cart", sa.Text, primary_key=True),
        *_whole("epoch", "online", "catalog_version"),
        *_text("boot_id", "app_version"),
    )
    op.create_table(
        "events",
        sa.Column("number", Whole, primary_key=True),
        *_text("cart", "kind", "hash"),
        *_whole("epoch", "seq"),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("cart", "epoch", "seq", name="events_once"),
    )
    op.create_table(
        "trips",
        sa.Column("cart", sa.Text, primary_key=True),
        sa.Column("trip_id", sa.Text, primary_key=True),
        *_whole("epoch", "first_seq"),
        sa.Column("last_seq", Whole),
        sa.Column("shopper", sa.Text),
    )


def _make_counter_tables() -> None:
    op.create_table("offers", sa.Column("cart", sa.Text, primary_key=True), *_text("nonce"))
    op.create_table(
        "grants",
        sa.Column("nonce", sa.Text, primary_key=True),
        *_text("cart", "shopper", "trip_id"),
        *_whole("member"),
        sa.UniqueConstraint("trip_id", name="grants_once"),
    )
    op.create_table(
        "payments",
        sa.Column("number", Whole, primary_key=True),
        *_text("cart", "trip_id"),
        *_whole("attempt", "total_minor"),
        sa.Column("receipt", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("cart", "trip_id", name="payments_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "catalogs",
        sa.Column("version", Whole, primary_key=True, autoincrement=False),
        *_text("sha256"),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("sha256", name="catalogs_once"),
    )


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _whole(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, Whole, nullable=False) for name in names]
