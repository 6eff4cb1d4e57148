"""What a run that has ended teaches: how long its agent is usually quiet, how long between outputs, what it costs."""

import itertools
from collections.abc import Collection

import sqlalchemy as sa

from quarterdeck.control.deliverables.store import versions
from quarterdeck.control.runs.store import runs
from quarterdeck.control.signals import usual
from quarterdeck.control.signals.facts import keys_of
from quarterdeck.control.signals.usual import What
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction
from quarterdeck.ledger import rollups
from quarterdeck.ledger.derived_tables import wire_activity

_RUN_ID: sa.BindParameter[str] = sa.bindparam("run_id")
_WORKSPACE: sa.BindParameter[str] = sa.bindparam("workspace_id")
_RUN = Prepared(
    sa.select(runs.c.agent_id, runs.c.state, runs.c.created_at, runs.c.started_at, runs.c.ended_at, tasks.c.schedule_id)
    .join(tasks, sa.and_(tasks.c.workspace_id == runs.c.workspace_id, tasks.c.id == runs.c.task_id))
    .where(runs.c.workspace_id == _WORKSPACE, runs.c.id == _RUN_ID)
)
_MODEL = Prepared(
    sa.select(wire_activity.c.model).where(
        wire_activity.c.workspace_id == _WORKSPACE, wire_activity.c.subject_id == _RUN_ID
    )
)
_HANDED_IN = Prepared(
    sa.select(versions.c.created_at)
    .where(versions.c.workspace_id == _WORKSPACE, versions.c.run_id == _RUN_ID)
    .order_by(versions.c.created_at)
)


async def learn_from(tx: Transaction, workspace_id: str, run_id: str, silences: Collection[int]) -> None:
    """Take in a run that has ended. What was stopped or failed teaches only how long its agent was quiet."""
    which = {"workspace_id": workspace_id, "run_id": run_id}
    row = next(iter(await tx.fetch_named(_RUN, **which)), None)
    if row is None or row["ended_at"] is None:
        return
    model = next((found for (found,) in await tx.fetch(_MODEL, **which)), None)
    keys = keys_of(row["agent_id"], model, row["schedule_id"])
    if silences:
        await usual.learn(tx, workspace_id, What.SILENCE, dict.fromkeys(keys, silences))
    if row["state"] != "succeeded":
        return
    began = row["started_at"] or row["created_at"]
    marks = [began, *(at for (at,) in await tx.fetch(_HANDED_IN, **which)), row["ended_at"]]
    gaps = [later - earlier for earlier, later in itertools.pairwise(marks) if later > earlier]
    cost = (await rollups.figures(tx, workspace_id, "run", [run_id]))[run_id].cost
    await usual.learn(tx, workspace_id, What.OUTPUT, dict.fromkeys(keys, gaps))
    await usual.learn(tx, workspace_id, What.LENGTH, {key: [row["ended_at"] - began] for key in keys})
    if cost > 0:
        await usual.learn(tx, workspace_id, What.COST, {key: [cost] for key in keys})
