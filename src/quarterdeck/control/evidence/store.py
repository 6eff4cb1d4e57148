"""Reading what stands behind a run, a task or a sum."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.evidence.model import Step
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.tables import calls, conversations
from quarterdeck.ledger.turns.model import decode_turn

MOST_STEPS = 2_000
DEEPEST = 5


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """Calls that continue each other, in a run."""

    id: str
    run_id: str
    first_call_id: str
    last_call_id: str
    started_at: int
    last_at: int
    calls: int
    cost: int
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A run in the tree: of the task itself, or of a task that one of its runs made."""

    id: str
    task_id: str
    agent_id: str
    attempt: int
    state: str
    made_by_run_id: str | None
    """The run that made its task."""


_WORKSPACE: sa.BindParameter[str] = sa.bindparam("workspace_id")
_ATTEMPTS = Prepared(
    sa.select(runs.c.id, runs.c.task_id, runs.c.agent_id, runs.c.attempt, runs.c.state)
    .where(runs.c.workspace_id == _WORKSPACE, one_of(runs.c.task_id, "ids"))
    .order_by(runs.c.id)
)
_MADE = Prepared(
    sa.select(tasks.c.id, tasks.c.origin_run_id).where(
        tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.origin_run_id, "ids")
    )
)
_CONVERSED: list[Any] = [conversations.c[name] for name in ConversationRow.__slots__]
_CONVERSATIONS = Prepared(
    sa.select(*_CONVERSED)
    .where(conversations.c.workspace_id == _WORKSPACE, one_of(conversations.c.run_id, "ids"))
    .order_by(conversations.c.started_at)
)


async def steps_of(tx: Transaction, workspace_id: str, run_id: str) -> list[Step]:
    """The calls of a run, oldest first; their turns as long as those are kept."""
    c, t = calls.c, turns.c
    query = (
        sa.select(c.id, c.started, c.duration, c.model, c.outcome, c.input_total, c.cost, c.conversation_id, t.turn)
        .select_from(calls.outerjoin(turns, sa.and_(t.workspace_id == c.workspace_id, t.call_id == c.id)))
        .where(c.workspace_id == workspace_id, c.run_id == run_id)
        .order_by(c.id)
        .limit(MOST_STEPS)
    )
    return [
        Step(
            row["id"],
            row["started"],
            row["duration"],
            row["model"],
            row["outcome"],
            row["input_total"],
            row["cost"],
            row["conversation_id"],
            decode_turn(row["turn"]) if row["turn"] is not None else None,
        )
        for row in await tx.rows(query)
    ]


async def attempts_of(tx: Transaction, workspace_id: str, task_id: str) -> list[AttemptRow]:
    """The runs of a task, and of the tasks that those made, and so on; the task's own first."""
    found: list[AttemptRow] = []
    made_by: dict[str, str | None] = {task_id: None}
    level = [task_id]
    for _ in range(DEEPEST):
        if not level:
            break
        rows = await tx.fetch_named(_ATTEMPTS, workspace_id=workspace_id, ids=level)
        found += [AttemptRow(**row, made_by_run_id=made_by[row["task_id"]]) for row in rows]
        made = await tx.fetch(_MADE, workspace_id=workspace_id, ids=[row["id"] for row in rows])
        level = [made_id for made_id, _ in made if made_id not in made_by]
        made_by |= {made_id: run_id for made_id, run_id in made}
    return found


async def conversations_of(
    tx: Transaction, workspace_id: str, run_ids: Collection[str]
) -> dict[str, list[ConversationRow]]:
    """The conversations of these runs, oldest first, by run."""
    found: dict[str, list[ConversationRow]] = {run_id: [] for run_id in run_ids}
    for row in await tx.fetch_named(_CONVERSATIONS, workspace_id=workspace_id, ids=sorted(found)):
        found[row["run_id"]].append(ConversationRow(**row))
    return found
