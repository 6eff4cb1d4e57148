"""All SQL of claiming: which task an agent should do next, taking it, and why there is none."""

from functools import cache

import sqlalchemy as sa

from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.control.tasks.store import task_of
from quarterdeck.control.tasks.tables import CLAIMABLE, projects, tasks
from quarterdeck.db import Prepared, Transaction
from quarterdeck.ledger.derived_tables import rollups
from quarterdeck.ledger.rollups import Grain

_CLAIMANT: sa.BindParameter[str] = sa.bindparam("claimant", type_=sa.Text)
_MOMENT: sa.BindParameter[int] = sa.bindparam("moment", type_=sa.BigInteger)


def most_urgent(*, named: bool = False) -> sa.Select[tuple[str]]:
    """The id of the task that `claimant` of `workspace` should do next at `moment`; of `wanted` alone, when `named`."""
    candidate = tasks.alias("candidate")
    choice = (
        sa.select(candidate.c.id)
        .where(
            candidate.c.workspace_id == sa.bindparam("workspace"),
            sa.text(CLAIMABLE),
            _may_have(candidate, sa.bindparam("workspace"), _CLAIMANT),
            candidate.c.not_before <= _MOMENT,
            sa.or_(candidate.c.avoid_agent_id.is_(None), candidate.c.avoid_agent_id != _CLAIMANT),
            ~is_blocked(candidate, tasks),
            ~_in_closed_project(candidate),
            sa.or_(candidate.c.budget.is_(None), _spent(candidate) < candidate.c.budget),
        )
        .order_by(candidate.c.priority, candidate.c.due_order, candidate.c.number)
        .limit(1)
    )
    return choice.where(candidate.c.id == sa.bindparam("wanted")) if named else choice


def _may_have(
    candidate: sa.FromClause, workspace_id: sa.ColumnElement[str] | str, agent_id: sa.ColumnElement[str] | str
) -> sa.ColumnElement[bool]:
    """It is the agent's, or nobody's yet and offered to all or to a squad that the agent belongs to."""
    offered = sa.or_(candidate.c.squad_id.is_(None), candidate.c.squad_id.in_(squads.of_agent(workspace_id, agent_id)))
    return sa.or_(candidate.c.agent_id == agent_id, sa.and_(candidate.c.agent_id.is_(None), offered))


def _in_closed_project(candidate: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        projects.c.workspace_id == candidate.c.workspace_id,
        projects.c.id == candidate.c.project_id,
        sa.or_(projects.c.held_at.is_not(None), projects.c.archived_at.is_not(None)),
    )


def _spent(candidate: sa.FromClause) -> sa.ScalarSelect[int]:
    """What its calls have cost so far, in nano-dollars."""
    return (
        sa.select(sa.func.coalesce(sa.func.sum(rollups.c.cost), 0))
        .where(
            rollups.c.workspace_id == candidate.c.workspace_id,
            rollups.c.grain == int(Grain.DAY),
            rollups.c.dim == "task",
            rollups.c.value == candidate.c.id,
        )
        .scalar_subquery()
    )


async def take(
    tx: Transaction, workspace_id: str, agent_id: str, run_id: str, *, task_id: str | None = None
) -> Task | None:
    """Claim the most urgent task that `agent_id` may have, in one statement: of any number of takers one gets it.

    Priority first, then due time, then age. None when there is nothing (`task_id` narrows it to one task).
    """
    values = {"workspace": workspace_id, "claimant": agent_id, "moment": tx.now, "claimed_run": run_id}
    if task_id is not None:
        values["wanted"] = task_id
    row = (await tx.execute(_taking(named=task_id is not None), values)).mappings().one_or_none()
    return None if row is None else task_of(row)


@cache
def _taking(*, named: bool) -> sa.Update:
    choice = most_urgent(named=named).with_for_update(skip_locked=True)
    return (
        tasks.update()
        .where(tasks.c.workspace_id == sa.bindparam("workspace"), tasks.c.id == choice.scalar_subquery())
        .values(
            state=TaskState.IN_PROGRESS.value,
            state_since=sa.case((tasks.c.state == TaskState.READY.value, _MOMENT), else_=tasks.c.state_since),
            taken=sa.case((tasks.c.agent_id.is_(None), sa.true()), else_=tasks.c.taken),
            agent_id=sa.func.coalesce(tasks.c.agent_id, _CLAIMANT),
            run_id=sa.bindparam("claimed_run", type_=sa.Text),
            attempts=tasks.c.attempts + 1,
            avoid_agent_id=None,
            not_before=0,
            updated_at=_MOMENT,
            version=tasks.c.version + 1,
        )
        .returning(*tasks.c)
    )


async def is_kept_by_hold(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether the agent would have something to do, were it not for a hold on a task or a project."""
    mine = sa.and_(
        tasks.c.workspace_id == workspace_id,
        tasks.c.state == TaskState.READY.value,
        _may_have(tasks, workspace_id, agent_id),
    )
    held = sa.select(tasks.c.id).where(mine, sa.text("held")).limit(1)
    in_held_project = (
        sa.select(tasks.c.id)
        .where(
            mine,
            tasks.c.project_id.in_(
                sa.select(projects.c.id).where(
                    projects.c.workspace_id == workspace_id,
                    projects.c.held_at.is_not(None),
                    projects.c.archived_at.is_(None),
                )
            ),
        )
        .limit(1)
    )
    return await tx.scalar(held) is not None or await tx.scalar(in_held_project) is not None


async def is_kept_by_budget(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether the agent would have something to do, were its budget not spent."""
    candidate = tasks.alias("candidate")
    spent = sa.select(candidate.c.id).where(
        candidate.c.workspace_id == workspace_id,
        candidate.c.state == TaskState.READY.value,
        _may_have(candidate, workspace_id, agent_id),
        sa.text("budget IS NOT NULL"),
        _spent(candidate) >= candidate.c.budget,
    )
    return await tx.scalar(spent.limit(1)) is not None


async def next_retry(tx: Transaction, workspace_id: str, agent_id: str) -> int | None:
    """When the wait before the next attempt ends of a task that the agent may have; None when none waits so."""
    found: int | None = await tx.scalar(
        sa.select(sa.func.min(tasks.c.not_before)).where(
            tasks.c.workspace_id == workspace_id,
            sa.text("not_before > 0"),
            tasks.c.not_before > tx.now,
            tasks.c.state == TaskState.READY.value,
            _may_have(tasks, workspace_id, agent_id),
        )
    )
    return found


async def is_claimable(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether a claim would find something now: a look that takes no lock, for those who wait."""
    return bool(await tx.fetch(_claimable(), workspace=workspace_id, claimant=agent_id, moment=tx.now))


@cache
def _claimable() -> Prepared:
    return Prepared(most_urgent())
