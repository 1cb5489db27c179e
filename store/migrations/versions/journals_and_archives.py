"""Where each journal stands, when each trip was closed, and packed rows of old trips.

Trips get a number, for their order; yes and no become a type of their own.
"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change them; nothing that is stored gets lost."""
    op.create_table(
        "journals",
        sa.Column("cart", sa.Text, primary_key=True),
        sa.Column("epoch", Whole, primary_key=True, autoincrement=False),
        sa.Column("seq", Whole, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
    op.execute(
        "INSERT INTO journals SELECT cart, epoch, seq, hash FROM events WHERE seq ="
        " (SELECT max(seq) FROM events AS of_journal"
        " WHERE of_journal.cart = events.cart AND of_journal.epoch = events.epoch)"
    )
    op.create_table(
        "archives",
        sa.Column("cart", sa.Text, primary_key=True),
        sa.Column("epoch", Whole, primary_key=True, autoincrement=False),
        sa.Column("last_seq", Whole, primary_key=True, autoincrement=False),
        sa.Column("first_seq", Whole, nullable=False),
        sa.Column("packed_utc_ms", Whole, nullable=False),
        sa.Column("rows", sa.LargeBinary, nullable=False),
    )
    _number_trips()
    _say_yes_or_no("carts", "online")
    _say_yes_or_no("grants", "member")


def _number_trips() -> None:
    op.rename_table("trips", "trips_before")
    op.create_table(
        "trips",
        sa.Column("number", Whole, primary_key=True),
        sa.Column("cart", sa.Text, nullable=False),
        sa.Column("trip_id", sa.Text, nullable=False),
        sa.Column("epoch", Whole, nullable=False),
        sa.Column("first_seq", Whole, nullable=False),
        sa.Column("last_seq", Whole),
        sa.Column("shopper", sa.Text),
        sa.Column("closed_utc_ms", Whole),
        sa.UniqueConstraint("cart", "trip_id", name="trips_once"),
    )
    op.create_index("trips_by_id", "trips", ["trip_id"])
    op.create_index("trips_open", "trips", ["cart", "epoch", "last_seq"])
    # Nobody wrote down when the trips so far were closed: they age from now on.
    closed = f"CASE WHEN last_seq IS NOT NULL THEN {time.time_ns() // 1_000_000} END"
    order = "rowid" if op.get_bind().dialect.name == "sqlite" else "ctid"
    columns = "cart, trip_id, epoch, first_seq, last_seq, shopper"
    op.execute(
        f"INSERT INTO trips ({columns}, closed_utc_ms)"  # noqa: S608 - every word is ours
        f" SELECT {columns}, {closed} FROM trips_before ORDER BY {order}"
    )
    op.drop_table("trips_before")


def _say_yes_or_no(table: str, column: str) -> None:
    with op.batch_alter_table(table) as change:
        change.alter_column(
            column, type_=sa.Boolean(), existing_nullable=False, postgresql_using=f"{column} <> 0"
        )
