"""projects and more of tasks."""

import sqlalchemy as sa
from alembic import op

from quarterdeck.kernel.text import tokens

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("lead_agent_id", sa.Text(), nullable=True),
        sa.Column("review", sa.Text(), nullable=False),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("archived_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "lead_agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_projects_workspace_id_lead_agent_id_agents"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_projects_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_projects")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_projects_workspace_id_name_key")),
    )
    op.create_table(
        "task_texts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "task_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_task_texts_workspace_id_task_id_tasks"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_texts")),
        sa.UniqueConstraint("workspace_id", "task_id", name=op.f("uq_task_texts_workspace_id_task_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "task_watchers",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_task_watchers_member_id_members")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "task_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_task_watchers_workspace_id_task_id_tasks"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "task_id", "member_id", name=op.f("pk_task_watchers")),
    )
    with op.batch_alter_table("task_watchers", schema=None) as batch_op:
        batch_op.create_index("ix_task_watchers_member", ["workspace_id", "member_id", "task_id"], unique=False)

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("project_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("parent_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("budget", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("held", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("held_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("held_by", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("hold_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("avoid_agent_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("origin_run_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("schedule_id", sa.Text(), nullable=True))
        batch_op.drop_index("ix_tasks_claimable")
        batch_op.create_index(
            "ix_tasks_accountable", ["workspace_id", "accountable_id", "state", "number"], unique=False
        )
        batch_op.create_index("ix_tasks_origin_run", ["workspace_id", "origin_run_id"], unique=False)
        batch_op.create_index("ix_tasks_parent", ["workspace_id", "parent_id", "number"], unique=False)
        batch_op.create_index("ix_tasks_project", ["workspace_id", "project_id", "state", "number"], unique=False)
        batch_op.create_index("ix_tasks_schedule", ["workspace_id", "schedule_id", "number"], unique=False)
        batch_op.create_foreign_key(
            "fk_tasks_parent_id_tasks", "tasks", ["workspace_id", "parent_id"], ["workspace_id", "id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_tasks_workspace_id_project_id_projects"),
            "projects",
            ["workspace_id", "project_id"],
            ["workspace_id", "id"],
        )
        batch_op.drop_column("search")

    claimable = sa.text("(state = 'ready' OR state = 'in_progress' AND run_id IS NULL) AND NOT held")
    op.create_index(
        "ix_tasks_claimable",
        "tasks",
        ["workspace_id", "priority", "due_order", "number", "agent_id"],
        sqlite_where=claimable,
        postgresql_where=claimable,
    )
    for name, where in (("ix_tasks_held", "held"), ("ix_tasks_budgeted", "budget IS NOT NULL")):
        op.create_index(
            name,
            "tasks",
            ["workspace_id", "state", "agent_id"],
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    _make_searchable()


def _make_searchable() -> None:
    """The full-text index, and the terms of the tasks that are there."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for statement in (
            "CREATE VIRTUAL TABLE task_fts USING fts5"
            "(terms, content='task_texts', content_rowid='id', tokenize='ascii', prefix='2 4', detail='full')",
            "CREATE TRIGGER task_fts_insert AFTER INSERT ON task_texts BEGIN"
            " INSERT INTO task_fts(rowid, terms) VALUES (new.id, new.terms); END",
            "CREATE TRIGGER task_fts_delete AFTER DELETE ON task_texts BEGIN"
            " INSERT INTO task_fts(task_fts, rowid, terms) VALUES ('delete', old.id, old.terms); END",
            "CREATE TRIGGER task_fts_update AFTER UPDATE OF terms ON task_texts BEGIN"
            " INSERT INTO task_fts(task_fts, rowid, terms) VALUES ('delete', old.id, old.terms);"
            " INSERT INTO task_fts(rowid, terms) VALUES (new.id, new.terms); END",
        ):
            connection.exec_driver_sql(statement)
    else:
        connection.exec_driver_sql("CREATE INDEX task_fts ON task_texts USING gin (to_tsvector('simple', terms))")
    rows = connection.execute(sa.text("SELECT workspace_id, id, title, brief FROM tasks")).all()
    insert = sa.text("INSERT INTO task_texts (workspace_id, task_id, terms) VALUES (:workspace_id, :task_id, :terms)")
    for workspace_id, task_id, title, brief in rows:
        terms = " ".join(term for word in tokens(f"{title}\n{brief}") for term in word)
        connection.execute(insert, {"workspace_id": workspace_id, "task_id": task_id, "terms": terms})
