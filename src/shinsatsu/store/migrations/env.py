"""Runs the migrations on the connection that `store/migrate.py` hands over; Alembic loads this file by its path."""

from alembic import context

from shinsatsu.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
