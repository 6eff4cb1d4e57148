"""/tasks/{id}/dependencies and /tasks/{id}/graph."""

from fastapi import APIRouter
from pydantic import BaseModel

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.dependencies import actions
from quarterdeck.control.dependencies.model import Node
from quarterdeck.control.http import Db, Reader, Worker
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskWaitedFor, shown
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.control.tasks.views import TaskOut, shown_task

router = APIRouter(tags=["tasks"])


class DependencyIn(RequestBody):
    waits_for: str
    """The id of the task that has to be done first."""


class GraphTaskOut(TaskWaitedFor):
    state_since: Instant
    agent: Named | None


class EdgeOut(BaseModel):
    task_id: str
    waits_for_id: str


class GraphOut(BaseModel):
    """What stands around a task. Lists are nearest first; `critical_path` is in the order of doing, the task last."""

    task_id: str
    state: TaskState
    blocked: bool
    blocked_since: Instant | None
    reason: str | None
    waits_for: list[GraphTaskOut]
    chain: list[GraphTaskOut]
    """All that stands before it and is not done."""
    downstream: list[GraphTaskOut]
    critical_path: list[GraphTaskOut]
    edges: list[EdgeOut]


@router.post("/tasks/{task_id}/dependencies", operation_id="add_dependency")
async def add_dependency(task_id: str, body: DependencyIn, actor: Worker, db: Db) -> TaskOut:
    """Let this task wait for another: nobody can claim it until the other is done. A cycle is refused, and named."""
    async with db.transaction() as tx:
        task = await actions.add(tx, actor.workspace_id, task_id, body.waits_for, actor=actor.id)
        return await shown_task(tx, task)


@router.delete("/tasks/{task_id}/dependencies/{waits_for_id}", operation_id="remove_dependency")
async def remove_dependency(task_id: str, waits_for_id: str, actor: Worker, db: Db) -> TaskOut:
    """Let this task wait for that one no more."""
    async with db.transaction() as tx:
        task = await actions.remove(tx, actor.workspace_id, task_id, waits_for_id, actor=actor.id)
        return await shown_task(tx, task)


@router.get("/tasks/{task_id}/graph", operation_id="get_task_graph")
async def get_task_graph(task_id: str, actor: Reader, db: Db) -> GraphOut:
    """Why it waits and since when, all that stands before it, and all that waits for it."""
    async with db.read() as tx:
        graph = await actions.graph(tx, actor.workspace_id, task_id)
        everyone = [*graph.waits_for, *graph.chain, *graph.downstream, *graph.critical_path]
        names = await agent_store.named(tx, actor.workspace_id, {n.agent_id for n in everyone if n.agent_id})

    def out(nodes: list[Node]) -> list[GraphTaskOut]:
        return [_node(node, names) for node in nodes]

    return GraphOut(
        task_id=graph.task.id,
        state=graph.task.state,
        blocked=graph.blocked_since is not None,
        blocked_since=shown(graph.blocked_since),
        reason=graph.reason,
        waits_for=out(graph.waits_for),
        chain=out(graph.chain),
        downstream=out(graph.downstream),
        critical_path=out(graph.critical_path),
        edges=[EdgeOut(task_id=edge.task_id, waits_for_id=edge.waits_for_id) for edge in graph.edges],
    )


def _node(node: Node, names: dict[str, str]) -> GraphTaskOut:
    return GraphTaskOut(
        id=node.id,
        ref=node.ref,
        title=node.title,
        state=node.state.value,
        state_since=shown(node.state_since) or "",
        agent=None if node.agent_id is None else Named(id=node.agent_id, name=names[node.agent_id]),
    )
