"""Deals, recalls and aisles that are published beside the catalog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "published",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("version", Whole, primary_key=True, autoincrement=False),
        sa.Column("effective_utc_ms", Whole, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
