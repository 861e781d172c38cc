"""Run by Alembic, on the connection that store.migrate hands over; never from Alembic's own command line."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=True,
    version_table="schema_version",
)
with context.begin_transaction():
    context.run_migrations()
