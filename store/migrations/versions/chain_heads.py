"""The heads of the chains, and credits as links of a chain of their own."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
Whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LINKED = ("cart", "trip_id", "line_id", "quantity", "net_minor", "tax_minor", "deposit_minor",
          "snap_minor", "reason", "number")  # fmt: skip


def upgrade() -> None:
    """Make the table and the columns; link what was given back so far, as it stands."""
    with op.batch_alter_table("credits") as change:
        for name in ("deposit_minor", "snap_minor"):
            change.add_column(sa.Column(name, Whole, nullable=False, server_default="0"))
        change.add_column(sa.Column("sha256", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "heads",
        sa.Column("chain", sa.Text, primary_key=True),
        sa.Column("first_number", Whole, nullable=False),
        sa.Column("number", Whole, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
    )
    _link_credits()
    for name, table in (("receipts", "chain"), ("credits", "credits")):
        op.execute(
            f"INSERT INTO heads SELECT '{name}', (SELECT min(number) FROM {table}), number, sha256"  # noqa: S608 - every word is ours
            f" FROM {table} WHERE number = (SELECT max(number) FROM {table})"
        )


def _link_credits() -> None:
    database, before = op.get_bind(), ""
    found = database.execute(sa.text(f"SELECT {', '.join(LINKED)} FROM credits ORDER BY number"))  # noqa: S608 - every word is ours
    for row in found.mappings().all():
        text = json.dumps([before, *(row[name] for name in LINKED)], separators=(",", ":"),
                          ensure_ascii=False)  # fmt: skip
        before = hashlib.sha256(text.encode()).hexdigest()
        linked = sa.text("UPDATE credits SET sha256 = :sha256 WHERE number = :number")
        database.execute(linked, {"sha256": before, "number": row["number"]})
