"""files are found by their hash."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index("ix_attachments_sha256", ["workspace_id", "sha256"], unique=False)

    with op.batch_alter_table("deliverable_versions", schema=None) as batch_op:
        batch_op.create_index("ix_deliverable_versions_sha256", ["workspace_id", "sha256"], unique=False)
