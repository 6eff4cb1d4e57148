"""/runs for people, and the verbs of agents: /agent/claim, /runs/{id}/progress and /finish."""

import contextlib
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from quarterdeck.control.goals.views import ServedGoalOut, served_goal
from quarterdeck.control.http import (
    DEFAULT_LIMIT,
    After,
    AgentCaller,
    Db,
    Gate,
    GateNow,
    Limit,
    Reader,
    Worker,
    refuse_and_end,
)
from quarterdeck.control.reviews.views import ReviewOut, last_review
from quarterdeck.control.runs import actions, store, waiting
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.left import budget_left
from quarterdeck.control.runs.model import (
    DEFAULT_LEASE_S,
    MAX_LEASE_S,
    MAX_WAIT_S,
    MIN_LEASE_S,
    NOTE_LENGTH,
    REASON_LENGTH,
    SESSION_LENGTH,
    SUMMARY_LENGTH,
    Nothing,
    Outcome,
    RunState,
)
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.runs.retry import FailureReason
from quarterdeck.control.runs.session import session_of
from quarterdeck.control.runs.store import RunFilter
from quarterdeck.control.runs.views import RunOut, RunsOut, shown_run, shown_runs
from quarterdeck.control.shapes import Instant, RequestBody
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Unavailable

router = APIRouter(tags=["runs"])
agent_router = APIRouter(tags=["agent protocol"])
CLIENT_GONE = 499

RETRY_AFTER_S = {
    Nothing.NONE_READY: 5,
    Nothing.AT_CAPACITY: 10,
    Nothing.PAUSED: 30,
    Nothing.HELD: 30,
    Nothing.BUDGET: 60,
    Nothing.RETIRED: 3_600,
}
Fence = Annotated[
    int | None, Field(ge=1, le=2**31 - 1, description="The fence of your claim: refuses you if another has the run.")
]


FAILURE_WORDS = f"One of {', '.join(FailureReason)} has a retry rule of its own; other words count as `other`."


class FailIn(RequestBody):
    reason: FailureReason = FailureReason.OTHER
    why: str | None = Field(None, max_length=SUMMARY_LENGTH)


class ClaimIn(RequestBody):
    wait_s: int = Field(0, ge=0, le=MAX_WAIT_S, description="Wait so long for something to do.")
    task_id: str | None = Field(None, description="Only this task.")
    lease_s: int = Field(
        DEFAULT_LEASE_S,
        ge=MIN_LEASE_S,
        le=MAX_LEASE_S,
        description="The run expires after so long without model traffic or progress.",
    )
    session: str | None = Field(
        None,
        max_length=SESSION_LENGTH,
        description="The id by which your model client names its conversation, such as Claude Code's session id: its"
        " calls on the agent's key belong to this run. A session header on this request says the same.",
    )


class ClaimedRunOut(BaseModel):
    id: str
    attempt: int
    lease_expires_at: Instant
    fence: int
    trace_id: str
    """Calls whose `traceparent` carries it belong to this run."""


class ClaimedOut(BaseModel):
    """Your task. Use `run_key` and `base_url` for every model call of this run, and `run_key` to report on it."""

    claimed: Literal[True] = True
    task: TaskOut
    goal: ServedGoalOut | None
    """What the task is for."""
    last_review: ReviewOut | None
    """What a reviewer wanted changed in what was handed in before."""
    run: ClaimedRunOut
    run_key: str
    base_url: str
    budget_left_nano: int | None = None


class UnclaimedOut(BaseModel):
    """Nothing to do, and why."""

    claimed: Literal[False] = False
    reason: Nothing
    message: str
    retry_after_s: int


class ProgressIn(RequestBody):
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="What you are doing, for people to read.")
    percent: int | None = Field(None, ge=0, le=100)
    fence: Fence = None


class ProgressOut(BaseModel):
    lease_expires_at: Instant
    stop: bool
    """Make no further model call for now."""
    reason: str | None


class FinishIn(RequestBody):
    outcome: Outcome
    reason: str | None = Field(None, max_length=REASON_LENGTH, description="Why it failed. " + FAILURE_WORDS)
    summary: str | None = Field(None, max_length=SUMMARY_LENGTH, description="What you did, for people to read.")
    fence: Fence = None


class CancelIn(RequestBody):
    reason: str | None = Field(None, max_length=REASON_LENGTH)


@router.get("/runs", operation_id="list_runs")
async def list_runs(
    *,
    actor: Reader,
    db: Db,
    task_id: Annotated[str | None, Query()] = None,
    agent_id: Annotated[str | None, Query()] = None,
    state: Annotated[RunState | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> RunsOut:
    """Runs, newest first, with what each cost."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, RunFilter(task_id, agent_id, state), limit=limit, after=after)
        return RunsOut(items=await shown_runs(tx, actor.workspace_id, page.items), next=page.next)


@router.get("/runs/{run_id}", operation_id="get_run")
async def get_run(run_id: str, actor: Reader, db: Db) -> RunOut:
    """One run."""
    async with db.read() as tx:
        return await shown_run(tx, await actions.get(tx, actor.workspace_id, run_id))


@router.post("/runs/{run_id}/cancel", operation_id="cancel_run")
async def cancel_run(*, run_id: str, actor: Worker, db: Db, gate: Gate, body: CancelIn | None = None) -> RunOut:
    """Stop a run: its key is refused, its open model calls have ended when this answers, its task is ready again."""
    reason = None if body is None else body.reason
    async with db.transaction() as tx:
        run = await actions.cancel(tx, actor.workspace_id, run_id, reason=reason, actor=actor.id)
        answer = await shown_run(tx, run)
    await refuse_and_end(gate, scope="run", ids=[run_id], code="run_stopped", message="A person stopped this run.")
    return answer


@router.post("/runs/{run_id}/fail", operation_id="fail_run")
async def fail_run(*, run_id: str, actor: Worker, db: Db, gate: Gate, body: FailIn | None = None) -> RunOut:
    """End a run as failed, for a reason: its task goes on by that reason's retry rule. Its model calls have ended."""
    said = body or FailIn()
    async with db.transaction() as tx:
        run = await actions.fail(tx, actor.workspace_id, run_id, said.reason, why=said.why, actor=actor.id)
        answer = await shown_run(tx, run)
    await refuse_and_end(gate, scope="run", ids=[run_id], code="run_stopped", message="A person stopped this run.")
    return answer


@agent_router.post("/agent/claim", operation_id="claim_task", response_model=ClaimedOut | UnclaimedOut)
async def claim_task(
    *, actor: AgentCaller, db: Db, gate: GateNow, request: Request, body: ClaimIn | None = None
) -> ClaimedOut | UnclaimedOut | Response:
    """Get your most urgent task, and a run with its key; or the reason why there is nothing for you."""
    wanted = body or ClaimIn()
    feed: EventFeed = request.app.state.feed
    try:
        answer = await waiting.claim(
            db,
            feed,
            actor,
            wait_s=wanted.wait_s,
            task_id=wanted.task_id,
            lease_s=wanted.lease_s,
            session=wanted.session or session_of(request.headers),
            gone=request.is_disconnected,
        )
    except waiting.ClientGone:
        return Response(status_code=CLIENT_GONE)
    if isinstance(answer, Unclaimed):
        return _nothing(answer, waited=wanted.wait_s > 0)
    if answer.run.session is not None:
        # Its next call comes on the agent's key at once. What is claimed is claimed, even if the gateways are slow.
        with contextlib.suppress(Unavailable):
            await gate.ensure_published()
    async with db.read() as tx:
        review = await last_review(tx, actor.workspace_id, answer.task.id)
        left = await budget_left(tx, answer.task, agent_id=answer.run.agent_id, run_id=answer.run.id)
        goal = await served_goal(tx, answer.task)
        task = await shown_task(tx, answer.task)
    return _claimed(answer, task, goal, review, request.app.state.about.gateway_url, left)


@agent_router.post("/runs/{run_id}/progress", operation_id="report_progress")
async def report_progress(run_id: str, actor: AgentCaller, db: Db, body: ProgressIn | None = None) -> ProgressOut:
    """Say that you are alive, and what you are doing. Model traffic does the first by itself."""
    said = body or ProgressIn()
    async with db.transaction() as tx:
        heard = await actions.progress(tx, actor, run_id, note=said.note, percent=said.percent, fence=said.fence)
    return ProgressOut(lease_expires_at=iso(heard.run.lease_expires_at), stop=heard.stop, reason=heard.reason)


@agent_router.post("/runs/{run_id}/finish", operation_id="finish_run")
async def finish_run(run_id: str, body: FinishIn, actor: AgentCaller, db: Db) -> RunOut:
    """End your run. Succeeded, the task goes on to review; failed, it is ready for another attempt. Safe to repeat."""
    async with db.transaction() as tx:
        run = await actions.finish(
            tx, actor, run_id, body.outcome, reason=body.reason, summary=body.summary, fence=body.fence
        )
        return await shown_run(tx, run)


def _nothing(answer: Unclaimed, *, waited: bool) -> UnclaimedOut:
    retry_after_s = RETRY_AFTER_S[answer.reason]
    if waited and answer.reason is not Nothing.RETIRED:
        retry_after_s = 1
    return UnclaimedOut(reason=answer.reason, message=answer.message, retry_after_s=retry_after_s)


def _claimed(
    answer: Claimed,
    task: TaskOut,
    goal: ServedGoalOut | None,
    review: ReviewOut | None,
    base_url: str,
    budget_left: int | None,
) -> ClaimedOut:
    run = answer.run
    return ClaimedOut(
        task=task,
        goal=goal,
        last_review=review,
        run=ClaimedRunOut(
            id=run.id,
            attempt=run.attempt,
            lease_expires_at=iso(run.lease_expires_at),
            fence=run.fence,
            trace_id=run.trace_id,
        ),
        run_key=answer.run_key,
        base_url=base_url,
        budget_left_nano=budget_left,
    )
