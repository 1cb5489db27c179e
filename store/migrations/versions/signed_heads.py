"""The store's signature under the head of each chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make its column; the next receipt is signed."""
    with op.batch_alter_table("heads") as change:
        change.add_column(sa.Column("signature", sa.Text, nullable=False, server_default=""))
