"""All SQL of dependencies."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.tables import workspaces
from quarterdeck.control.dependencies.model import Edge, Node, Wait
from quarterdeck.control.dependencies.tables import dependencies, is_blocked
from quarterdeck.control.tasks.model import CLOSED, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, one_of

_NODE = (tasks.c.id, tasks.c.number, tasks.c.title, tasks.c.state, tasks.c.state_since, tasks.c.agent_id)
_NODES = Prepared(
    sa.select(*_NODE).where(tasks.c.workspace_id == sa.bindparam("workspace_id"), one_of(tasks.c.id, "ids"))
)
_WAITS = Prepared(
    sa.select(dependencies.c.task_id, dependencies.c.created_at.label("since"), *_NODE)
    .select_from(
        dependencies.join(
            tasks,
            sa.and_(tasks.c.workspace_id == dependencies.c.workspace_id, tasks.c.id == dependencies.c.waits_for_id),
        )
    )
    .where(dependencies.c.workspace_id == sa.bindparam("workspace_id"), one_of(dependencies.c.task_id, "ids"))
    .order_by(dependencies.c.created_at, tasks.c.number)
)


async def lock_graph(tx: Transaction, workspace_id: str) -> None:
    """Hold the workspace's graph until the transaction ends: two edges that together make a cycle come one by one,
    and so do two tasks that are done at once, of which the later one finds that nothing else blocks.

    Always the last lock that is taken: who holds it waits for nobody.
    """
    await tx.row(sa.select(workspaces.c.id).where(workspaces.c.id == workspace_id).with_for_update(key_share=True))


async def insert(tx: Transaction, workspace_id: str, edge: Edge, created_by: str | None) -> None:
    await tx.execute(
        dependencies.insert().values(
            workspace_id=workspace_id,
            task_id=edge.task_id,
            waits_for_id=edge.waits_for_id,
            created_by=created_by,
            created_at=tx.now,
        )
    )


async def exists(tx: Transaction, workspace_id: str, edge: Edge) -> bool:
    return await tx.row(sa.select(dependencies.c.created_at).where(_is(workspace_id, edge))) is not None


async def delete(tx: Transaction, workspace_id: str, edge: Edge) -> bool:
    """Whether it was there."""
    return await tx.changed(dependencies.delete().where(_is(workspace_id, edge)))


async def count(tx: Transaction, workspace_id: str, task_id: str) -> int:
    found: int = await tx.scalar(
        sa.select(sa.func.count()).where(dependencies.c.workspace_id == workspace_id, dependencies.c.task_id == task_id)
    )
    return found


async def edges_above(tx: Transaction, workspace_id: str, task_id: str) -> list[Edge]:
    """Every edge on a way from a task along what it waits for."""
    return await _closure(tx, workspace_id, task_id, dependencies.c.task_id, dependencies.c.waits_for_id)


async def edges_below(tx: Transaction, workspace_id: str, task_id: str) -> list[Edge]:
    """Every edge on a way from a task to those that wait for it."""
    return await _closure(tx, workspace_id, task_id, dependencies.c.waits_for_id, dependencies.c.task_id)


async def nodes(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, Node]:
    rows = await tx.fetch(_NODES, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {row[0]: _node(row) for row in rows}


async def waits(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, list[Wait]]:
    """What each of a page of tasks waits for, or waited for, oldest edge first."""
    found: dict[str, list[Wait]] = {task_id: [] for task_id in task_ids}
    if not found:
        return found
    for task_id, since, *node in await tx.fetch(_WAITS, workspace_id=workspace_id, ids=sorted(found)):
        found[task_id].append(Wait(_node(node), since))
    return found


async def has_waiters(tx: Transaction, workspace_id: str, task_id: str) -> bool:
    query = sa.select(dependencies.c.task_id).where(
        dependencies.c.workspace_id == workspace_id, dependencies.c.waits_for_id == task_id
    )
    return await tx.scalar(query.limit(1)) is not None


async def open_waiters(tx: Transaction, workspace_id: str, task_id: str) -> list[str]:
    """Open tasks that wait for this one, oldest first."""
    rows = await tx.rows(
        sa.select(tasks.c.id)
        .select_from(
            dependencies.join(
                tasks,
                sa.and_(tasks.c.workspace_id == dependencies.c.workspace_id, tasks.c.id == dependencies.c.task_id),
            )
        )
        .where(
            dependencies.c.workspace_id == workspace_id,
            dependencies.c.waits_for_id == task_id,
            tasks.c.state.not_in([state.value for state in CLOSED]),
        )
        .order_by(tasks.c.number)
    )
    return [row["id"] for row in rows]


async def free_waiters(tx: Transaction, workspace_id: str, task_id: str) -> list[str]:
    """Open tasks that wait for this one and are blocked by nothing now."""
    rows = await tx.rows(
        sa.select(tasks.c.id)
        .select_from(
            dependencies.join(
                tasks,
                sa.and_(tasks.c.workspace_id == dependencies.c.workspace_id, tasks.c.id == dependencies.c.task_id),
            )
        )
        .where(
            dependencies.c.workspace_id == workspace_id,
            dependencies.c.waits_for_id == task_id,
            tasks.c.state.not_in([state.value for state in CLOSED]),
            ~is_blocked(tasks, tasks),
        )
        .order_by(tasks.c.number)
    )
    return [row["id"] for row in rows]


async def _closure(
    tx: Transaction, workspace_id: str, task_id: str, here: sa.Column[Any], there: sa.Column[Any]
) -> list[Edge]:
    # UNION, not UNION ALL: a task that many ways lead to is followed once.
    reached = (
        sa.select(there.label("id"))
        .where(dependencies.c.workspace_id == workspace_id, here == task_id)
        .cte("reached", recursive=True)
    )
    reached = reached.union(
        sa.select(there.label("id")).where(dependencies.c.workspace_id == workspace_id, here == reached.c.id)
    )
    rows = await tx.rows(
        sa.select(dependencies.c.task_id, dependencies.c.waits_for_id).where(
            dependencies.c.workspace_id == workspace_id,
            sa.or_(here == task_id, here.in_(sa.select(reached.c.id))),
        )
    )
    return [Edge(row["task_id"], row["waits_for_id"]) for row in rows]


def _is(workspace_id: str, edge: Edge) -> sa.ColumnElement[bool]:
    return sa.and_(
        dependencies.c.workspace_id == workspace_id,
        dependencies.c.task_id == edge.task_id,
        dependencies.c.waits_for_id == edge.waits_for_id,
    )


def _node(row: Sequence[Any]) -> Node:
    task_id, number, title, state, state_since, agent_id = row
    return Node(task_id, f"T-{number}", title, TaskState(state), state_since, agent_id)
