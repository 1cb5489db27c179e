"""The chain of paid receipts, and what was given back on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their tables; what was paid before has no link, and none is made up for it."""
    op.create_table(
        "chain",
        sa.Column("number", Whole, primary_key=True, autoincrement=False),
        sa.Column("upto_seq", Whole, nullable=False),
        sa.Column("journal_sha256", sa.Text, nullable=False),
        sa.Column("before_sha256", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
    )
    op.create_table(
        "credits",
        sa.Column("number", Whole, primary_key=True),
        sa.Column("cart", sa.Text, nullable=False),
        sa.Column("trip_id", sa.Text, nullable=False),
        sa.Column("line_id", sa.Text, nullable=False),
        sa.Column("quantity", Whole, nullable=False),
        sa.Column("net_minor", Whole, nullable=False),
        sa.Column("tax_minor", Whole, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Index("credits_by_trip", "cart", "trip_id"),
        sqlite_autoincrement=True,
    )
