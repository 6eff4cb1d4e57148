"""What has to be known of runs and tasks to say what their cost came to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.control.costs.waste import RunFacts, TaskFacts
from quarterdeck.control.deliverables.store import deliverables, versions
from quarterdeck.control.reviews.model import OF_DRAFT
from quarterdeck.control.reviews.store import agent_reviews, reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.ledger.calls import made_between
from quarterdeck.ledger.derived_tables import rollups
from quarterdeck.ledger.rollups import Grain

_CHUNK = 500
SENT_BACK = ("request_changes", "reject")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """What money is counted under."""

    id: str
    state: str
    project_id: str | None
    accountable_id: str
    schedule_id: str | None


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version that was handed in, what the calls that made it cost, and whether it was sent back."""

    deliverable_id: str
    name: str
    number: int
    draft: bool
    run_id: str
    created_at: int
    calls: int
    cost: int
    unpriced_calls: int
    verdict: str | None
    """The latest on it: approve, request_changes or reject."""


async def tasks_of(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, TaskRow]:
    found: dict[str, TaskRow] = {}
    for some in _chunks(task_ids):
        rows = await tx.rows(
            sa.select(tasks.c.id, tasks.c.state, tasks.c.project_id, tasks.c.accountable_id, tasks.c.schedule_id).where(
                tasks.c.workspace_id == workspace_id, tasks.c.id.in_(some)
            )
        )
        found |= {row["id"]: TaskRow(**row) for row in rows}
    return found


async def facts_of(
    tx: Transaction, workspace_id: str, run_ids: Collection[str], known: Mapping[str, TaskRow]
) -> tuple[dict[str, RunFacts], dict[str, TaskFacts]]:
    """The facts about these runs and tasks, by id."""
    sent_back = await _sent_back(tx, workspace_id, known)
    task_facts = {task_id: TaskFacts(row.state, sent_back.get(task_id)) for task_id, row in known.items()}
    run_facts: dict[str, RunFacts] = {}
    for some in _chunks(run_ids):
        rows = await tx.rows(
            sa.select(runs.c.id, runs.c.state, runs.c.created_at, runs.c.task_id).where(
                runs.c.workspace_id == workspace_id, runs.c.id.in_(some)
            )
        )
        for row in rows:
            run_facts[row["id"]] = RunFacts(row["state"], row["created_at"], task_facts.get(row["task_id"]))
    return run_facts, task_facts


async def versions_of(tx: Transaction, workspace_id: str, task_id: str) -> list[VersionRow]:
    """The task's versions, oldest first, each with what its calls cost."""
    rows = await tx.rows(
        sa.select(
            versions.c.deliverable_id,
            deliverables.c.name,
            versions.c.number,
            versions.c.draft,
            versions.c.run_id,
            versions.c.made_from,
            versions.c.created_at,
        )
        .join(
            deliverables,
            sa.and_(
                deliverables.c.workspace_id == versions.c.workspace_id, deliverables.c.id == versions.c.deliverable_id
            ),
        )
        .where(versions.c.workspace_id == workspace_id, versions.c.task_id == task_id)
        .order_by(versions.c.created_at, versions.c.number)
    )
    verdicts = await _verdicts(tx, workspace_id, task_id)
    found = []
    for row in rows:
        spent = await made_between(tx, workspace_id, row["run_id"], row["made_from"], row["created_at"])
        verdict = verdicts.get((row["deliverable_id"], row["number"]))
        found.append(
            VersionRow(
                row["deliverable_id"],
                row["name"],
                row["number"],
                row["draft"],
                row["run_id"],
                row["created_at"],
                spent.calls,
                spent.cost,
                spent.unpriced_calls,
                verdict,
            )
        )
    return found


async def done_since(tx: Transaction, workspace_id: str, since: int) -> tuple[int, int, int]:
    """How many tasks came to done since that instant and still are, what they cost in all, in nano-dollars, and how
    many of their calls are unpriced."""
    done = sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.state == "done", tasks.c.state_since >= since)
    spent = sa.and_(
        rollups.c.workspace_id == tasks.c.workspace_id,
        rollups.c.grain == int(Grain.DAY),
        rollups.c.dim == "task",
        rollups.c.value == tasks.c.id,
    )
    sums = (sa.func.coalesce(sa.func.sum(column), 0) for column in (rollups.c.cost, rollups.c.unpriced_calls))
    count = await tx.scalar(sa.select(sa.func.count()).where(done))
    cost, unpriced = (await tx.execute(sa.select(*sums).select_from(tasks.join(rollups, spent)).where(done))).one()
    return int(count), int(cost), int(unpriced)


async def approvals_of(
    tx: Transaction, workspace_id: str, task_ids: Collection[str]
) -> tuple[set[str], dict[str, int]]:
    """Those of these tasks whose every review was an approval, and that had one; and of each that has any, how many
    of its deliverables a reviewer approved."""
    good: set[str] = set()
    bad: set[str] = set()
    approved: dict[str, set[str]] = {}
    for some in _chunks(task_ids):
        for row in await _said(tx, workspace_id, some):
            if row["round"] == OF_DRAFT:
                continue
            if row["verdict"] in SENT_BACK:
                bad.add(row["task_id"])
                continue
            good.add(row["task_id"])
            if row["deliverable_id"] is not None:
                approved.setdefault(row["task_id"], set()).add(row["deliverable_id"])
    return good - bad, {task_id: len(each) for task_id, each in approved.items()}


async def instructions_of(tx: Transaction, workspace_id: str, run_ids: Collection[str]) -> dict[str, str]:
    """By run: its agent and the version of instructions that held when it began, `agt_…@3`; without any, the agent."""
    found: dict[str, str] = {}
    for some in _chunks(run_ids):
        rows = await tx.rows(
            sa.select(runs.c.id, runs.c.agent_id, runs.c.instructions).where(
                runs.c.workspace_id == workspace_id, runs.c.id.in_(some)
            )
        )
        for row in rows:
            number = "" if row["instructions"] is None else f"@{row['instructions']}"
            found[row["id"]] = f"{row['agent_id']}{number}"
    return found


async def _sent_back(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in _chunks(task_ids):
        for row in await _said(tx, workspace_id, some):
            if row["verdict"] in SENT_BACK and row["round"] != OF_DRAFT:
                found[row["task_id"]] = min(row["created_at"], found.get(row["task_id"], row["created_at"]))
    return found


async def _said(tx: Transaction, workspace_id: str, task_ids: list[str]) -> list[sa.RowMapping]:
    """Every review of these tasks, of people and of agents, oldest first."""
    both = []
    for table in (reviews, agent_reviews):
        c = table.c
        query = sa.select(c.task_id, c.deliverable_id, c.version, c.verdict, c.round, c.created_at)
        both.append(query.where(c.workspace_id == workspace_id, c.task_id.in_(task_ids)))
    union = sa.union_all(*both).subquery()
    return list(await tx.rows(sa.select(union).order_by(union.c.created_at)))


async def _verdicts(tx: Transaction, workspace_id: str, task_id: str) -> dict[tuple[str, int], str]:
    rows = await _said(tx, workspace_id, [task_id])
    return {(row["deliverable_id"], row["version"]): row["verdict"] for row in rows if row["deliverable_id"]}


def _chunks(ids: Collection[str]) -> list[list[str]]:
    wanted = sorted(each for each in ids if each)
    return [wanted[at : at + _CHUNK] for at in range(0, len(wanted), _CHUNK)]
