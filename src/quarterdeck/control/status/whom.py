"""Whose shown status something that happened may have changed: so that a look need not be at everybody."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.dependencies.tables import dependencies
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, one_of

RELEVANT = (
    "agent.",
    "run.",
    "task.",
    "dependency.",
    "question.",
    "review.",
    "signal.",
    "lever.",
    "calls.ingested",
    "key.",
)
_SUBJECTS = ("agt_", "tsk_")
_WORKSPACE: sa.BindParameter[str] = sa.bindparam("workspace_id")
_OF_TASKS = Prepared(sa.select(tasks.c.agent_id).where(tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.id, "ids")))
_OF_WAITERS = Prepared(
    sa.select(tasks.c.agent_id)
    .select_from(
        dependencies.join(
            tasks, sa.and_(tasks.c.workspace_id == dependencies.c.workspace_id, tasks.c.id == dependencies.c.task_id)
        )
    )
    .where(dependencies.c.workspace_id == _WORKSPACE, one_of(dependencies.c.waits_for_id, "ids"))
)


def named_by(kind: str, subject_id: str, actor: str | None, data: Mapping[str, Any]) -> set[str] | None:
    """Ids of the agents and tasks that an event is about; None: it may concern everybody.

    What it names is all that changed (a run's events name its agent too), but for three kinds: a pause covers what
    stands below its scope, a signal of no agent is about a provider, and a task that goes to another agent does not
    say whose it was.
    """
    if kind.startswith("lever.") or kind == "task.assigned":
        return None
    if kind.startswith("signal.") and data.get("agent_id") is None:
        return None
    return {each for each in _ids(subject_id, actor, data) if each.startswith(_SUBJECTS)}


def _ids(subject_id: str, actor: str | None, data: Mapping[str, Any]) -> Iterator[str]:
    yield subject_id
    if actor is not None:
        yield actor
    for name in ("agent_id", "to_agent_id", "task_id", "waits_for_id"):
        if isinstance(data.get(name), str):
            yield data[name]
    for name in ("agent_ids", "task_ids"):
        yield from data.get(name) or ()


async def agents_of(tx: Transaction, workspace_id: str, ids: Collection[str]) -> set[str]:
    """Ids of the agents behind these ids: these, and who is to do these tasks or what waits for them."""
    found: set[str | None] = {each for each in ids if each.startswith("agt_")}
    some_tasks = sorted(each for each in ids if each.startswith("tsk_"))
    if some_tasks:
        found |= {row[0] for row in await tx.fetch(_OF_TASKS, workspace_id=workspace_id, ids=some_tasks)}
        found |= {row[0] for row in await tx.fetch(_OF_WAITERS, workspace_id=workspace_id, ids=some_tasks)}
    return {each for each in found if each is not None}
