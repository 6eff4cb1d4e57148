"""calls by what they are known as are found."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    with op.batch_alter_table("call_marks", schema=None) as batch_op:
        batch_op.create_index("ix_call_marks_fact", ["workspace_id", "fact", "call_id"], unique=False)
