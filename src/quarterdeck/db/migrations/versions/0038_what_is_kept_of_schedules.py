"""what is kept of schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    with op.batch_alter_table("schedule_firings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("given", sa.JSON(none_as_null=True), nullable=True))

    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.add_column(sa.Column("resumed_at", sa.BigInteger(), nullable=True))
