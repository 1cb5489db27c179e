"""The tables of the first stores, whose SQLite files knew no versions yet.

Such a file is taken over as it is (`store.database`); only a new database runs this step.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make them."""
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
    _make_counter_tables()


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
