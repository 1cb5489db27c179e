"""Trips that moved from cart to cart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "moves",
        sa.Column("from_cart", sa.Text, primary_key=True),
        sa.Column("from_trip", sa.Text, primary_key=True),
        sa.Column("upto_seq", Whole, nullable=False),
        sa.Column("to_cart", sa.Text, nullable=False),
        sa.Column("to_trip", sa.Text, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
    )
