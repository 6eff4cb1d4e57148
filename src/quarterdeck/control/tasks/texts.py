"""Full-text search of tasks: FTS5 on SQLite, tsvector on PostgreSQL, behind one table of terms.

The terms are made here (`kernel.text.tokens`), not by the stores, so that both find the same words of every script.
"""

import sqlalchemy as sa

from quarterdeck.control.tasks.model import Task
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction, metadata
from quarterdeck.db.migrate import leave_to_code
from quarterdeck.db.schema import BigSerial
from quarterdeck.kernel.text import tokens

MAX_TERMS = 20_000
MAX_WORDS = 20
"""Of a search; further ones are not looked at."""

task_texts = sa.Table(
    "task_texts",
    metadata,
    sa.Column("id", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.UniqueConstraint("workspace_id", "task_id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sqlite_autoincrement=True,
)

SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE task_fts USING fts5"
    "(terms, content='task_texts', content_rowid='id', tokenize='ascii', prefix='2 4', detail='full')",
    "CREATE TRIGGER task_fts_insert AFTER INSERT ON task_texts BEGIN"
    " INSERT INTO task_fts(rowid, terms) VALUES (new.id, new.terms); END",
    "CREATE TRIGGER task_fts_delete AFTER DELETE ON task_texts BEGIN"
    " INSERT INTO task_fts(task_fts, rowid, terms) VALUES ('delete', old.id, old.terms); END",
    "CREATE TRIGGER task_fts_update AFTER UPDATE OF terms ON task_texts BEGIN"
    " INSERT INTO task_fts(task_fts, rowid, terms) VALUES ('delete', old.id, old.terms);"
    " INSERT INTO task_fts(rowid, terms) VALUES (new.id, new.terms); END",
)
POSTGRESQL_INDEX = ("CREATE INDEX task_fts ON task_texts USING gin (to_tsvector('simple', terms))",)

# No migration tool knows either: the migration that makes the table says the same words.
leave_to_code("task_fts*")
for _dialect, _statements in (("sqlite", SQLITE_INDEX), ("postgresql", POSTGRESQL_INDEX)):
    for _statement in _statements:
        sa.event.listen(task_texts, "after_create", sa.DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]


def terms_of(title: str, brief: str, labels: tuple[str, ...]) -> str:
    """What is searched of a task."""
    words = tokens("\n".join([title, " ".join(labels), brief]), most=MAX_TERMS)
    return " ".join(term for word in words for term in word)


async def write(tx: Transaction, task: Task, *, new: bool = False) -> None:
    terms = terms_of(task.title, task.brief, task.labels)
    if new:
        await tx.execute(task_texts.insert().values(workspace_id=task.workspace_id, task_id=task.id, terms=terms))
    else:
        await tx.execute(
            task_texts.update()
            .where(task_texts.c.workspace_id == task.workspace_id, task_texts.c.task_id == task.id)
            .values(terms=terms)
        )


def wanted(words: str) -> tuple[tuple[str, ...], ...]:
    """What to look for; empty when the words hold nothing of the kind."""
    return tuple(tuple(word) for word in tokens(words, most=MAX_WORDS))


def expression(looked_for: tuple[tuple[str, ...], ...], *, is_sqlite: bool) -> str:
    """All these words, or words that begin so, as the store's search understands it."""
    if is_sqlite:
        return " AND ".join(" + ".join([*word[:-1], f"{word[-1]}*"]) for word in looked_for)
    return " & ".join("(" + " <-> ".join([*word[:-1], f"{word[-1]}:*"]) + ")" for word in looked_for)


_FTS = sa.table("task_fts", sa.column("rowid", sa.Integer), sa.column("task_fts", sa.Text))
NEWEST_FIRST = _FTS.c.rowid.desc()
"""As by their numbers, for a task's words are written right after it, by one writer at a time."""


def joined() -> tuple[sa.Join, sa.ColumnElement[bool]]:
    """On SQLite: tasks behind the index of their words, and the condition that they fit the expression `fts`.

    With `NEWEST_FIRST` the index is walked from its end, and only until a page is full.
    """
    here = sa.and_(tasks.c.workspace_id == task_texts.c.workspace_id, tasks.c.id == task_texts.c.task_id)
    joined = _FTS.join(task_texts, task_texts.c.id == _FTS.c.rowid).join(tasks, here)
    return joined, _FTS.c.task_fts.op("MATCH")(sa.bindparam("fts"))


def matching(*, is_sqlite: bool) -> sa.Select[tuple[str]]:
    """Ids of the tasks that fit the expression `fts`. Parameters: `workspace_id`, `fts`."""
    query = sa.select(task_texts.c.task_id).where(task_texts.c.workspace_id == sa.bindparam("workspace_id"))
    if is_sqlite:
        found = sa.text("SELECT rowid FROM task_fts WHERE task_fts MATCH :fts")
        return query.where(task_texts.c.id.in_(found.columns(sa.Column("rowid", sa.Integer))))
    return query.where(sa.text("to_tsvector('simple', task_texts.terms) @@ CAST(:fts AS tsquery)"))
