"""When a catalog holds, and the change that leads to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """What was published before holds, and no change leads to it."""
    effective = sa.Column("effective_utc_ms", Whole, nullable=False, server_default="0")
    op.add_column("catalogs", effective)
    op.add_column("catalogs", sa.Column("delta", sa.LargeBinary))
