"""How often the shopper had each limited offer when a trip was granted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Of grants of before it is not known: the cart is believed."""
    with op.batch_alter_table("grants") as change:
        change.add_column(sa.Column("used", sa.LargeBinary))
