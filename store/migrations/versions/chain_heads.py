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
        numbers = sa.table(table, sa.column("number"), sa.column("sha256"))
        first = sa.select(sa.func.min(numbers.c.number)).scalar_subquery()
        newest = sa.select(sa.func.max(numbers.c.number)).scalar_subquery()
        head = sa.select(sa.literal(name), first, numbers.c.number, numbers.c.sha256)
        columns = ("chain", "first_number", "number", "sha256")
        heads = sa.table("heads", *map(sa.column, columns))
        op.execute(sa.insert(heads).from_select(columns, head.where(numbers.c.number == newest)))


def _link_credits() -> None:
    database, before = op.get_bind(), ""
    credits_ = sa.table("credits", *map(sa.column, (*LINKED, "sha256")))
    columns = [credits_.c[name] for name in LINKED]
    for row in database.execute(sa.select(*columns).order_by(credits_.c.number)).all():
        text = json.dumps([before, *row], separators=(",", ":"), ensure_ascii=False)
        before = hashlib.sha256(text.encode()).hexdigest()
        linked = sa.update(credits_).where(credits_.c.number == row.number)
        database.execute(linked.values(sha256=before))
