"""How a run looks from outside: its row with everything it mentions, looked up for a whole page at once."""

from collections.abc import Sequence

from pydantic import BaseModel

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.runs.failing import failure_of
from quarterdeck.control.runs.left import caps
from quarterdeck.control.runs.model import Run, RunState, RunVerdict
from quarterdeck.control.runs.retry import FailureReason
from quarterdeck.control.shapes import Instant, Named, TaskNamed, shown
from quarterdeck.control.status import views as status_views
from quarterdeck.control.status.views import StatusOut
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger import rollups


class CapOut(BaseModel):
    """The hard budget on this run or its task that it is nearest to."""

    budget_id: str
    spent_nano: int
    amount_nano: int


class RunOut(BaseModel):
    id: str
    task: TaskNamed
    agent: Named
    attempt: int
    state: RunState
    reason: str | None
    failure: FailureReason | None
    """Why it failed, as one of the reasons that have a rule; null when it did not."""
    verdict: RunVerdict | None
    """What it brought: produced, advanced or no progress; null while it is open."""
    summary: str | None
    note: str | None
    percent: int | None
    created_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    lease_expires_at: Instant
    calls: int
    errors: int
    cost_nano: int
    unpriced_calls: int
    cap: CapOut | None
    """null: nothing caps it, or it has ended."""
    status: StatusOut
    """Computed: what is shown of it now."""


class RunsOut(BaseModel):
    items: list[RunOut]
    next: str | None


async def shown_runs(tx: Transaction, workspace_id: str, runs: Sequence[Run]) -> list[RunOut]:
    """A page of runs with everything they mention, in a handful of queries however long the page."""
    agents = await agent_store.named(tx, workspace_id, {run.agent_id for run in runs})
    tasks = await task_store.named(tx, workspace_id, {run.task_id for run in runs})
    sums = await rollups.figures(tx, workspace_id, "run", [run.id for run in runs])
    statuses = await status_views.of_runs(tx, workspace_id, runs)
    capped = await caps(tx, workspace_id, runs)
    items = []
    for run in runs:
        task = tasks[run.task_id]
        spent = sums[run.id]
        cap = capped.get(run.id)
        items.append(
            RunOut(
                id=run.id,
                task=TaskNamed(id=task.id, ref=task.ref, title=task.title),
                agent=Named(id=run.agent_id, name=agents[run.agent_id]),
                attempt=run.attempt,
                state=run.state,
                reason=run.reason,
                failure=failure_of(run),
                verdict=run.verdict,
                summary=run.summary,
                note=run.note,
                percent=run.percent,
                created_at=iso(run.created_at),
                started_at=shown(run.started_at),
                ended_at=shown(run.ended_at),
                lease_expires_at=iso(run.lease_expires_at),
                calls=spent.calls,
                errors=spent.errors,
                cost_nano=spent.cost,
                unpriced_calls=spent.unpriced_calls,
                cap=None
                if cap is None
                else CapOut(budget_id=cap.budget_id, spent_nano=cap.spent, amount_nano=cap.amount),
                status=statuses[run.id],
            )
        )
    return items


async def shown_run(tx: Transaction, run: Run) -> RunOut:
    return (await shown_runs(tx, run.workspace_id, [run]))[0]
