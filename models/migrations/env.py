"""Alembic's environment: runs the migrations on the connection that it is given."""

from alembic import context

from models.registry import metadata


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    # The job engine keeps tables of its own in the same database; Alembic must not see them.
    return kind != "table" or name in metadata.tables


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_name=_ours,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
