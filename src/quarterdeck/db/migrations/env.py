"""What Alembic runs for every command. It is always handed a connection by `quarterdeck.db.migrate`."""

from alembic import context

from quarterdeck.db.migrate import is_migrated
from quarterdeck.db.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=lambda name, kind, _: is_migrated(name, kind),
    include_object=lambda _, name, kind, *__: is_migrated(name, kind),
    compare_type=True,
    compare_server_default=False,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
