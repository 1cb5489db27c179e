"""The snapshots of baskets whose rows the store can't read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "snaps",
        sa.Column("cart", sa.Text, primary_key=True),
        sa.Column("trip_id", sa.Text, primary_key=True),
        sa.Column("epoch", Whole, nullable=False),
        sa.Column("upto_seq", Whole, nullable=False),
        sa.Column("basket", sa.LargeBinary, nullable=False),
    )
