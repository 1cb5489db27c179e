"""What Alembic runs: the steps that are missing, in the transaction of `store.database`."""

from __future__ import annotations

from alembic import context

from store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
