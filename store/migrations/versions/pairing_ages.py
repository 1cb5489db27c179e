"""How old a code on a screen is, until when a grant is given again, and who is a member."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Codes and grants of before are old."""
    for table, column in (("offers", "utc_ms"), ("grants", "expires_utc_ms")):
        with op.batch_alter_table(table) as change:
            change.add_column(sa.Column(column, Whole, nullable=False, server_default="0"))
    op.create_table("members", sa.Column("shopper", sa.Text, primary_key=True))
