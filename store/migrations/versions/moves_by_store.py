"""When a person of the store moved a trip, so that the new cart is told until it has it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make its column; moves of before were apps'."""
    with op.batch_alter_table("moves") as change:
        change.add_column(sa.Column("asked_utc_ms", Whole, nullable=False, server_default="0"))
