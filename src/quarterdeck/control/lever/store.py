"""All SQL of the stop lever."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.lever.model import Order, Scope, Verb
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

_STANDING = "lifted_at IS NULL AND (verb = 'pause' OR applied_at IS NULL)"
_OPEN_RUN = "state IN ('queued', 'running')"
_DEEPEST = 50

orders = sa.Table(
    "lever_orders",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("hold_s", sa.Integer, nullable=False),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("until_at", sa.BigInteger),
    sa.Column("applied_at", sa.BigInteger),
    sa.Column("lifted_at", sa.BigInteger),
    sa.Column("lifted_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("holds", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index(
        "ix_lever_orders_standing",
        "workspace_id",
        "scope",
        "subject_id",
        sqlite_where=sa.text(_STANDING),
        postgresql_where=sa.text(_STANDING),
    ),
    sa.CheckConstraint("verb IN ('pause', 'kill')", name="verb"),
    sa.CheckConstraint("scope IN ('run', 'agent', 'task', 'project', 'all')", name="scope"),
)

_ALL = sa.select(orders).where(sa.text(_STANDING)).order_by(orders.c.id)
_ALL_STANDING = Prepared(_ALL)
_STANDING_THERE = Prepared(_ALL.where(orders.c.workspace_id == sa.bindparam("workspace_id")))


async def insert(tx: Transaction, order: Order) -> None:
    await tx.execute(orders.insert().values({name: getattr(order, name) for name in Order.__slots__}))


async def find(tx: Transaction, workspace_id: str, order_id: str) -> Order | None:
    if not storable(order_id):
        return None
    row = await tx.row(sa.select(orders).where(_is(workspace_id, order_id)))
    return None if row is None else _order(row)


async def change(tx: Transaction, order: Order, *, unapplied: bool = False, **values: Any) -> Order | None:
    """Write it while it stands, or only while it is still to come; None when it does not any more."""
    row = await tx.row(
        orders.update()
        .where(_is(order.workspace_id, order.id), sa.text("applied_at IS NULL" if unapplied else _STANDING))
        .where(orders.c.lifted_at.is_(None))
        .values(**values)
        .returning(orders)
    )
    return None if row is None else _order(row)


async def standing(tx: Transaction, workspace_id: str | None = None) -> list[Order]:
    """Orders that are in force or still to come, oldest first; of every workspace when none is named."""
    if workspace_id is None:
        return [_order(row) for row in await tx.fetch_named(_ALL_STANDING)]
    return [_order(row) for row in await tx.fetch_named(_STANDING_THERE, workspace_id=workspace_id)]


async def on(tx: Transaction, workspace_id: str, scope: Scope, subject_id: str) -> list[Order]:
    """Those that stand on exactly this."""
    found = await standing(tx, workspace_id)
    return [order for order in found if order.scope is scope and order.subject_id == subject_id]


async def page(tx: Transaction, workspace_id: str, *, limit: int, after: str | None = None) -> Page[Order]:
    """Newest first; `after` is the id that the page before ended with."""
    query = sa.select(orders).where(orders.c.workspace_id == workspace_id)
    if after is not None:
        query = query.where(orders.c.id < after)
    found = [_order(row) for row in await tx.rows(query.order_by(orders.c.id.desc()).limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def above(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, list[str]]:
    """Each task's project and parents with theirs: all that a pause on which covers the task."""
    found: dict[str, list[str]] = {task_id: [] for task_id in task_ids}
    here = {task_id: task_id for task_id in task_ids}
    for _ in range(_DEEPEST):
        if not here:
            break
        rows = await tx.rows(
            sa.select(tasks.c.id, tasks.c.parent_id, tasks.c.project_id).where(
                tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(set(here.values())))
            )
        )
        known = {row["id"]: row for row in rows}
        further = {}
        for task_id, at in here.items():
            row = known.get(at)
            if row is None:
                continue
            found[task_id] += [each for each in (row["parent_id"], row["project_id"]) if each is not None]
            if row["parent_id"] is not None:
                further[task_id] = row["parent_id"]
        here = further
    return found


async def open_runs(tx: Transaction, workspace_id: str, scope: Scope, subject_id: str) -> list[str]:
    """Ids of the open runs that an order of this scope takes, oldest first."""
    query = sa.select(runs.c.id).where(runs.c.workspace_id == workspace_id, sa.text(f"runs.{_OPEN_RUN}"))
    if scope is Scope.RUN:
        query = query.where(runs.c.id == subject_id)
    elif scope is Scope.AGENT:
        query = query.where(runs.c.agent_id == subject_id)
    elif scope is Scope.TASK:
        query = query.where(runs.c.task_id.in_(_below(workspace_id, tasks.c.id == subject_id)))
    elif scope is Scope.PROJECT:
        query = query.where(runs.c.task_id.in_(_below(workspace_id, tasks.c.project_id == subject_id)))
    return [row["id"] for row in await tx.rows(query.order_by(runs.c.id))]


def _below(workspace_id: str, top: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Those tasks and all below them."""
    below = sa.select(tasks.c.id).where(tasks.c.workspace_id == workspace_id, top).cte("below", recursive=True)
    below = below.union(
        sa.select(tasks.c.id).where(tasks.c.workspace_id == workspace_id, tasks.c.parent_id == below.c.id)
    )
    return sa.select(below.c.id)


def _is(workspace_id: str, order_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(orders.c.workspace_id == workspace_id, orders.c.id == order_id)


def _order(row: Mapping[str, Any] | sa.RowMapping) -> Order:
    values: dict[str, Any] = {name: row[name] for name in Order.__slots__}
    return Order(**{**values, "verb": Verb(row["verb"]), "scope": Scope(row["scope"])})
