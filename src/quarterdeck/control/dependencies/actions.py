"""Verbs on dependencies, and the graph around a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.control.dependencies import store, unblocking
from quarterdeck.control.dependencies.model import (
    MAX_WAITS_FOR,
    NAMED_IN_A_MESSAGE,
    Edge,
    Node,
    blocked_since,
    critical_path,
    path,
    reachable,
    reason,
)
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import CLOSED, Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid
from quarterdeck.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Graph:
    """What stands around a task. Lists are nearest first; `critical_path` is in the order of doing, the task last."""

    task: Task
    blocked_since: int | None
    reason: str | None
    waits_for: list[Node]
    """What it waits for itself, done or not."""
    chain: list[Node]
    """All that stands before it and is not done, itself or through others."""
    downstream: list[Node]
    """All that waits for it, itself or through others."""
    critical_path: list[Node]
    edges: list[Edge]


async def add(tx: Transaction, workspace_id: str, task_id: str, waits_for_id: str, *, actor: str | None = None) -> Task:
    """Let one task wait for another and tell `dependency.added`; an edge that is there already changes nothing.

    Raises NotFound; Invalid for a task that waits for itself, or for too many; Changed `task_closed` when the waiter is
    closed, `dependency_cycle` with the refs around the cycle when the other waits for it already.
    """
    if task_id == waits_for_id:
        raise Invalid("A task cannot wait for itself.", field="waits_for")
    # In the order of ids, so that two who lock the same pair do not wait for each other.
    locked = {one: await task_actions.locked(tx, workspace_id, one) for one in sorted((task_id, waits_for_id))}
    task, blocker = locked[task_id], locked[waits_for_id]
    edge = Edge(task_id, waits_for_id)
    await store.lock_graph(tx, workspace_id)
    if await store.exists(tx, workspace_id, edge):
        return task
    if task.state in CLOSED:
        raise Changed(f"{task.ref} is {task.state}; it waits for nothing any more.", code="task_closed")
    if await store.count(tx, workspace_id, task_id) >= MAX_WAITS_FOR:
        raise Invalid(f"A task waits for at most {MAX_WAITS_FOR} others.", field="waits_for")
    way = path(await store.edges_above(tx, workspace_id, waits_for_id), waits_for_id, task_id)
    if way is not None:
        raise await _cycle(tx, workspace_id, task, blocker, way)
    await store.insert(tx, workspace_id, edge, actor)
    await tx.emit(Event(workspace_id, "dependency.added", task_id, _said(task, blocker), actor))
    return task


async def remove(
    tx: Transaction, workspace_id: str, task_id: str, waits_for_id: str, *, actor: str | None = None
) -> Task:
    """Take an edge away and tell `dependency.removed`, and `task.unblocked` when it was the last that blocked.

    An edge that is not there changes nothing. Raises NotFound.
    """
    locked = {one: await task_actions.locked(tx, workspace_id, one) for one in sorted({task_id, waits_for_id})}
    task, blocker = locked[task_id], locked[waits_for_id]
    await store.lock_graph(tx, workspace_id)
    if not await store.delete(tx, workspace_id, Edge(task_id, waits_for_id)):
        return task
    await tx.emit(Event(workspace_id, "dependency.removed", task_id, _said(task, blocker), actor))
    left = (await store.waits(tx, workspace_id, [task_id]))[task_id]
    was_blocking = blocker.state is not TaskState.DONE and task.state not in CLOSED
    if was_blocking and all(wait.met_at is not None for wait in left):
        await unblocking.tell(tx, task, blocker.ref, actor)
    return task


async def graph(tx: Transaction, workspace_id: str, task_id: str) -> Graph:
    """Raises NotFound."""
    task = await task_actions.get(tx, workspace_id, task_id)
    above = await store.edges_above(tx, workspace_id, task_id)
    below = await store.edges_below(tx, workspace_id, task_id)
    edges = list(dict.fromkeys([*above, *below]))
    nodes = await store.nodes(
        tx, workspace_id, {task_id, *(e.task_id for e in edges), *(e.waits_for_id for e in edges)}
    )
    waits = (await store.waits(tx, workspace_id, [task_id]))[task_id]
    since = blocked_since(task.state, waits)
    chain = [node for node in _of(nodes, reachable(above, task_id)) if node.state is not TaskState.DONE]
    return Graph(
        task=task,
        blocked_since=since,
        reason=None if since is None else reason([wait.node for wait in waits if wait.met_at is None]),
        waits_for=[wait.node for wait in waits],
        chain=[] if since is None else chain,
        downstream=_of(nodes, reachable(below, task_id, downstream=True)),
        critical_path=_of(nodes, critical_path(above, nodes, task_id)),
        edges=edges,
    )


async def _cycle(tx: Transaction, workspace_id: str, task: Task, blocker: Task, way: Sequence[str]) -> Changed:
    nodes = await store.nodes(tx, workspace_id, way)
    refs = [task.ref, *(nodes[one].ref for one in way)]
    shown = refs
    if len(refs) > NAMED_IN_A_MESSAGE:
        half = NAMED_IN_A_MESSAGE // 2
        shown = [*refs[:half], f"… {len(refs) - 2 * half} more …", *refs[-half:]]
    return Changed(
        f"{blocker.ref} waits for {task.ref} already, so they would wait for each other: {' → '.join(shown)}.",
        code="dependency_cycle",
        cycle=refs,
    )


def _said(task: Task, blocker: Task) -> dict[str, str | None]:
    return {"ref": task.ref, "agent_id": task.agent_id, "waits_for_id": blocker.id, "waits_for": blocker.ref}


def _of(nodes: Mapping[str, Node], task_ids: Sequence[str]) -> list[Node]:
    return [nodes[one] for one in task_ids]
