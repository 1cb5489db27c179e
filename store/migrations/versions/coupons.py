"""Coupons and bottle vouchers that are good once, and for which trip each is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "coupons",
        sa.Column("coupon_id", sa.Text, primary_key=True),
        sa.Column("cart", sa.Text, nullable=False),
        sa.Column("epoch", Whole, nullable=False),
        sa.Column("first_seq", Whole, nullable=False),
        sa.Column("used", sa.Boolean, nullable=False),
    )
