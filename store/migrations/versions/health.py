"""What each cart has said last of its health."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make its table."""
    op.create_table(
        "health",
        sa.Column("cart", sa.Text, primary_key=True),
        sa.Column("utc_ms", Whole, nullable=False),
        sa.Column("told", sa.LargeBinary, nullable=False),
    )
