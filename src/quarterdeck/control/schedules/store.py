"""All SQL of schedules and their firings."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.schedules.model import (
    GRACE,
    CatchUp,
    Firing,
    Outcome,
    Overlap,
    Schedule,
    ScheduleState,
    Trigger,
)
from quarterdeck.control.tasks.model import CLOSED, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.control.templates.model import Draft
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

_QUEUED = "outcome = 'queued'"
_SIGNED = "signed IS NOT NULL"

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("trigger", sa.Text, nullable=False),
    sa.Column("cron", sa.Text),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("every_s", sa.BigInteger),
    sa.Column("anchor_at", sa.BigInteger, nullable=False),
    sa.Column("template_id", sa.Text),
    sa.Column("draft", sa.JSON(none_as_null=True)),
    sa.Column("variables", sa.JSON, nullable=False),
    sa.Column("overlap", sa.Text, nullable=False),
    sa.Column("catch_up", sa.Text, nullable=False),
    sa.Column("catch_up_limit", sa.Integer, nullable=False),
    sa.Column("pause_after", sa.Integer, nullable=False),
    sa.Column("owner_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("paused_reason", sa.Text),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("next_at", sa.BigInteger),
    sa.Column("fired_until", sa.BigInteger, nullable=False),
    sa.Column("resumed_at", sa.BigInteger),
    sa.Column("sealed_secret", sa.LargeBinary),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "template_id"], ["task_templates.workspace_id", "task_templates.id"]),
    sa.UniqueConstraint("workspace_id", "name_key"),
    sa.Index("ix_schedules_id", "id", unique=True),
    sa.Index("ix_schedules_next", "next_at"),
    sa.CheckConstraint("trigger IN ('cron', 'interval', 'webhook', 'api')", name="trigger"),
    sa.CheckConstraint("state IN ('active', 'paused')", name="state"),
    sa.CheckConstraint("(template_id IS NULL) <> (draft IS NULL)", name="one_text"),
)

firings = sa.Table(
    "schedule_firings",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("schedule_id", sa.Text, nullable=False),
    # Of one instant, of one delivery, there is one firing: whatever else goes wrong, the store refuses a second.
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("fired_at", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("given", sa.JSON(none_as_null=True)),
    sa.Column("signed", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "schedule_id", "key"),
    sa.ForeignKeyConstraint(["workspace_id", "schedule_id"], ["schedules.workspace_id", "schedules.id"]),
    sa.Index("ix_schedule_firings_at", "workspace_id", "schedule_id", "at"),
    sa.Index(
        "ix_schedule_firings_queued",
        "workspace_id",
        "schedule_id",
        "at",
        sqlite_where=sa.text(_QUEUED),
        postgresql_where=sa.text(_QUEUED),
    ),
    sa.Index(
        "ix_schedule_firings_signed",
        "workspace_id",
        "schedule_id",
        "signed",
        "at",
        sqlite_where=sa.text(_SIGNED),
        postgresql_where=sa.text(_SIGNED),
    ),
    sa.CheckConstraint("outcome IN ('created', 'skipped', 'queued', 'failed')", name="outcome"),
)
_WHAT = "a schedule"


async def insert(tx: Transaction, schedule: Schedule) -> None:
    """Raises Changed `name_taken`."""
    values = {name: getattr(schedule, name) for name in Schedule.__slots__}
    await named_rows.insert(tx, schedules, _columns(values), _WHAT)


async def update(tx: Transaction, schedule: Schedule, values: Mapping[str, Any], *, quiet: bool = False) -> Schedule:
    """Write `values` if the row is still at the version of `schedule`. Raises Changed, also `name_taken`.

    `quiet`: it stays at that version.
    """
    row = await named_rows.update(tx, schedules, schedule, _columns(values), _WHAT, step=0 if quiet else 1)
    return _schedule(row)


async def delete(tx: Transaction, schedule: Schedule) -> None:
    """With its firings; tasks that it made stay."""
    await tx.execute(
        firings.delete().where(firings.c.workspace_id == schedule.workspace_id, firings.c.schedule_id == schedule.id)
    )
    await tx.execute(schedules.delete().where(_is(schedule.workspace_id, schedule.id)))


async def find(tx: Transaction, workspace_id: str, schedule_id: str) -> Schedule | None:
    if not storable(schedule_id):
        return None
    row = await tx.row(sa.select(schedules).where(_is(workspace_id, schedule_id)))
    return None if row is None else _schedule(row)


async def lock(tx: Transaction, workspace_id: str, schedule_id: str) -> Schedule | None:
    """The schedule, held until the transaction ends: its firings come one by one."""
    if not storable(schedule_id):
        return None
    row = await tx.row(sa.select(schedules).where(_is(workspace_id, schedule_id)).with_for_update(key_share=True))
    return None if row is None else _schedule(row)


async def anywhere(tx: Transaction, schedule_id: str) -> Schedule | None:
    """By its id alone: how a webhook names it."""
    if not storable(schedule_id):
        return None
    row = await tx.row(sa.select(schedules).where(schedules.c.id == schedule_id))
    return None if row is None else _schedule(row)


async def declared_of(tx: Transaction, workspace_id: str) -> list[Schedule]:
    """Those that the configuration file made."""
    rows = await tx.rows(
        sa.select(schedules).where(schedules.c.workspace_id == workspace_id, schedules.c.declared.is_(True))
    )
    return [_schedule(row) for row in rows]


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Schedule | None:
    row = await tx.row(
        sa.select(schedules).where(schedules.c.workspace_id == workspace_id, schedules.c.name_key == comparable(name))
    )
    return None if row is None else _schedule(row)


async def names_using(tx: Transaction, workspace_id: str, template_id: str) -> list[str]:
    """Names of the schedules that make their tasks from a template."""
    rows = await tx.rows(
        sa.select(schedules.c.name)
        .where(schedules.c.workspace_id == workspace_id, schedules.c.template_id == template_id)
        .order_by(schedules.c.name_key)
    )
    return [row["name"] for row in rows]


async def page(
    tx: Transaction, workspace_id: str, *, state: ScheduleState | None = None, limit: int, after: str | None = None
) -> Page[Schedule]:
    """By name; `after` is the id that the page before ended with."""
    query = sa.select(schedules).where(schedules.c.workspace_id == workspace_id)
    if state is not None:
        query = query.where(schedules.c.state == state.value)
    return await named_rows.page(tx, schedules, workspace_id, query, _schedule, limit=limit, after=after)


_DUE = Prepared(
    sa.select(schedules.c.workspace_id, schedules.c.id)
    .where(schedules.c.next_at <= sa.bindparam("now", type_=sa.BigInteger))
    .order_by(schedules.c.next_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


async def due(tx: Transaction, limit: int) -> list[tuple[str, str]]:
    """Workspace and id of schedules of all workspaces that have to fire now, longest overdue first."""
    return [(workspace_id, an_id) for workspace_id, an_id in await tx.fetch(_DUE, now=tx.now, limit=limit)]


_AHEAD = Prepared(
    sa.select(schedules.c.workspace_id, schedules.c.id)
    .where(*(at > sa.bindparam("ahead", type_=sa.BigInteger) for at in (schedules.c.next_at, schedules.c.fired_until)))
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


async def ahead(tx: Transaction, limit: int) -> list[tuple[str, str]]:
    """Workspace and id of schedules that have fired in what is the future now: the clock was set back."""
    return [(workspace_id, an_id) for workspace_id, an_id in await tx.fetch(_AHEAD, ahead=tx.now + GRACE, limit=limit)]


async def with_free_queue(tx: Transaction, limit: int) -> list[tuple[str, str]]:
    """Workspace and id of schedules that have queued firings and no open task."""
    return [(workspace_id, an_id) for workspace_id, an_id in await tx.fetch(_with_free_queue(), limit=limit)]


@cache
def _with_free_queue() -> Prepared:
    return Prepared(
        sa.select(firings.c.workspace_id, firings.c.schedule_id)
        .where(sa.text(_QUEUED), ~_open_tasks(firings.c.workspace_id, firings.c.schedule_id))
        .distinct()
        .limit(sa.bindparam("limit", type_=sa.Integer))
    )


async def has_open_task(tx: Transaction, schedule: Schedule) -> bool:
    query = sa.select(_open_tasks(sa.literal(schedule.workspace_id), sa.literal(schedule.id)))
    return bool(await tx.scalar(query))


async def latest_tasks_failed(tx: Transaction, schedule: Schedule, count: int) -> bool:
    """Whether each of the last `count` tasks that it made came to nothing: out of attempts, or cancelled after some.

    Those from before it was resumed say nothing: somebody looked at them.
    """
    rows = await tx.rows(
        sa.select(tasks.c.state, tasks.c.last_failure)
        .where(tasks.c.workspace_id == schedule.workspace_id, tasks.c.schedule_id == schedule.id)
        .where(tasks.c.created_at >= (schedule.resumed_at or 0))
        .order_by(tasks.c.number.desc())
        .limit(count)
    )
    nothing = (TaskState.BACKLOG.value, TaskState.CANCELLED.value)
    return len(rows) == count and all(row["last_failure"] is not None and row["state"] in nothing for row in rows)


async def put_firing(tx: Transaction, firing: Firing) -> bool:
    """Whether there was none of its key yet."""
    values = {name: getattr(firing, name) for name in Firing.__slots__}
    insert = _insert(tx, firings).values(**values).on_conflict_do_nothing()
    return (await tx.execute(insert)).rowcount > 0


async def settle_firing(
    tx: Transaction, firing: Firing, outcome: Outcome, *, task_id: str | None = None, note: str | None = None
) -> None:
    """Write what came of a firing."""
    await tx.execute(
        firings.update()
        .where(
            firings.c.workspace_id == firing.workspace_id,
            firings.c.schedule_id == firing.schedule_id,
            firings.c.key == firing.key,
        )
        .values(outcome=outcome.value, task_id=task_id, note=note, fired_at=tx.now)
    )


async def find_firing(tx: Transaction, workspace_id: str, schedule_id: str, key: str) -> Firing | None:
    row = await tx.row(
        sa.select(firings).where(
            firings.c.workspace_id == workspace_id, firings.c.schedule_id == schedule_id, firings.c.key == key
        )
    )
    return None if row is None else _firing(row)


async def find_signed(tx: Transaction, workspace_id: str, schedule_id: str, signed: str, since: int) -> Firing | None:
    """The latest firing at `since` or later by which the same was signed."""
    row = await tx.row(
        sa.select(firings)
        .where(firings.c.workspace_id == workspace_id, firings.c.schedule_id == schedule_id)
        .where(firings.c.signed == signed, firings.c.at >= since)
        .order_by(firings.c.at.desc())
        .limit(1)
    )
    return None if row is None else _firing(row)


async def queued(tx: Transaction, schedule: Schedule, limit: int) -> list[Firing]:
    """Firings that wait for their turn, oldest first."""
    rows = await tx.rows(
        sa.select(firings)
        .where(
            firings.c.workspace_id == schedule.workspace_id,
            firings.c.schedule_id == schedule.id,
            sa.text(_QUEUED),
        )
        .order_by(firings.c.at, firings.c.key)
        .limit(limit)
    )
    return [_firing(row) for row in rows]


async def firing_page(
    tx: Transaction, workspace_id: str, schedule_id: str, *, limit: int, after: int | None = None
) -> Page[Firing]:
    """Latest first; `after` is the instant that the page before ended with."""
    query = sa.select(firings).where(firings.c.workspace_id == workspace_id, firings.c.schedule_id == schedule_id)
    if after is not None:
        query = query.where(firings.c.at < after)
    rows = await tx.rows(query.order_by(firings.c.at.desc(), firings.c.key).limit(limit + 1))
    found = [_firing(row) for row in rows]
    return Page(found[:limit], str(found[limit - 1].at) if len(found) > limit else None)


def _open_tasks(workspace_id: sa.ColumnElement[str], schedule_id: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        tasks.c.workspace_id == workspace_id,
        tasks.c.schedule_id == schedule_id,
        tasks.c.state.not_in([state.value for state in CLOSED]),
    )


def _insert(tx: Transaction, table: sa.Table) -> Any:
    from sqlalchemy.dialects import postgresql, sqlite  # noqa: PLC0415 - one of the two is needed

    return (sqlite if tx.connection.dialect.name == "sqlite" else postgresql).insert(table)


def _is(workspace_id: str, schedule_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(schedules.c.workspace_id == workspace_id, schedules.c.id == schedule_id)


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: getattr(value, "value", value) for name, value in values.items()}
    if written.get("draft") is not None:
        written["draft"] = written["draft"].to_json()
    return written


def _schedule(row: sa.RowMapping) -> Schedule:
    values: dict[str, Any] = {name: row[name] for name in Schedule.__slots__}
    return Schedule(
        **{
            **values,
            "trigger": Trigger(row["trigger"]),
            "draft": None if row["draft"] is None else Draft.from_json(row["draft"]),
            "overlap": Overlap(row["overlap"]),
            "catch_up": CatchUp(row["catch_up"]),
            "state": ScheduleState(row["state"]),
        }
    )


def _firing(row: sa.RowMapping) -> Firing:
    values: dict[str, Any] = {name: row[name] for name in Firing.__slots__}
    return Firing(**{**values, "outcome": Outcome(row["outcome"])})
