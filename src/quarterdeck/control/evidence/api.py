"""What stands behind a run, a task or a sum: steps, comparisons, conversations, the calls of a class of cost."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.calls.views import CallsOut, listed, shown_calls
from quarterdeck.control.evidence import store
from quarterdeck.control.evidence.model import Pairing, Step, near_duplicates, side_by_side
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Limit, Reader
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.shapes import Instant, Named, TaskNamed
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import store as task_store
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger import listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.work_costs import Fact

router = APIRouter(tags=["evidence"])


class RunStepOut(BaseModel):
    """One call of a run."""

    call_id: str
    started_at: Instant
    duration_ms: int
    model: str | None
    outcome: str
    input_tokens: int | None
    cost_nano: int | None
    conversation_id: str | None
    tools: list[str]
    """Tools that its answer asked for."""
    results: int
    """Tool results that came in with it."""
    repeats: str | None
    """The first earlier call of the run that it as good as repeats."""


class RunStepsOut(BaseModel):
    items: list[RunStepOut]


class StepPairOut(BaseModel):
    pairing: Pairing
    first: RunStepOut | None
    second: RunStepOut | None


class ComparedRunsOut(BaseModel):
    """Two runs step by step."""

    pairs: list[StepPairOut]
    same: int
    first_cost_nano: int
    second_cost_nano: int
    first_ms: int
    second_ms: int


class TaskConversationOut(BaseModel):
    id: str
    first_call_id: str
    last_call_id: str
    started_at: Instant
    last_at: Instant
    calls: int
    cost_nano: int
    unpriced_calls: int


class TaskAttemptOut(BaseModel):
    """A run with its conversations: of the task, or of one that a run of it made."""

    run_id: str
    task: TaskNamed
    agent: Named
    attempt: int
    state: str
    made_by_run_id: str | None
    conversations: list[TaskConversationOut]


class ConversationTreeOut(BaseModel):
    items: list[TaskAttemptOut]


@router.get("/runs/{run_id}/steps", operation_id="list_run_steps")
async def list_steps(run_id: str, actor: Reader, db: Db) -> RunStepsOut:
    """The calls of a run, oldest first, near-duplicates linked to what they repeat. The first two thousand."""
    async with db.read() as tx:
        await runs.get(tx, actor.workspace_id, run_id)
        steps = await store.steps_of(tx, actor.workspace_id, run_id)
    return RunStepsOut(items=await asyncio.to_thread(_shown, steps))


@router.get("/runs/{run_id}/compare/{other_id}", operation_id="compare_runs")
async def compare_runs(run_id: str, other_id: str, actor: Reader, db: Db) -> ComparedRunsOut:
    """Two runs step by step: where they did the same, and where they parted."""
    async with db.read() as tx:
        for each in (run_id, other_id):
            await runs.get(tx, actor.workspace_id, each)
        first = await store.steps_of(tx, actor.workspace_id, run_id)
        second = await store.steps_of(tx, actor.workspace_id, other_id)
    return await asyncio.to_thread(_compared, first, second)


@router.get("/tasks/{task_id}/conversations", operation_id="list_task_conversations")
async def list_conversations(task_id: str, actor: Reader, db: Db) -> ConversationTreeOut:
    """All that was said for a task: its attempts, those of the tasks they made, and the conversations of each."""
    async with db.read() as tx:
        await tasks.get(tx, actor.workspace_id, task_id)
        attempts = await store.attempts_of(tx, actor.workspace_id, task_id)
        said = await store.conversations_of(tx, actor.workspace_id, [each.id for each in attempts])
        agents = await agent_store.named(tx, actor.workspace_id, {each.agent_id for each in attempts})
        named = await task_store.named(tx, actor.workspace_id, {each.task_id for each in attempts})
    return ConversationTreeOut(
        items=[
            TaskAttemptOut(
                run_id=each.id,
                task=TaskNamed(id=each.task_id, ref=named[each.task_id].ref, title=named[each.task_id].title),
                agent=Named(id=each.agent_id, name=agents[each.agent_id]),
                attempt=each.attempt,
                state=each.state,
                made_by_run_id=each.made_by_run_id,
                conversations=[
                    TaskConversationOut(
                        id=one.id,
                        first_call_id=one.first_call_id,
                        last_call_id=one.last_call_id,
                        started_at=iso(one.started_at),
                        last_at=iso(one.last_at),
                        calls=one.calls,
                        cost_nano=one.cost,
                        unpriced_calls=one.unpriced_calls,
                    )
                    for one in said[each.id]
                ],
            )
            for each in attempts
        ]
    )


@router.get("/costs/waste/calls", operation_id="list_waste_calls")
async def list_waste_calls(
    *,
    actor: Reader,
    db: Db,
    which: Annotated[Literal["looped", "duplicate", "blocked"], Query()],
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> CallsOut:
    """The calls behind what looped, what was asked twice, and what was spent while blocked; newest first."""
    async with db.read() as tx:
        page = await listing.page(tx, actor.workspace_id, CallFilter(mark=Fact(which)), limit=limit, after=after)
        shown = await shown_calls(tx, actor.workspace_id, page.items)
    return CallsOut(items=[listed(call) for call in shown], next=page.next)


def _compared(first: list[Step], second: list[Step]) -> ComparedRunsOut:
    """Blocking: each step is held against those before it, which takes seconds where runs are long."""
    shown = {step.call_id: step for step in (*_shown(first), *_shown(second))}
    pairs = side_by_side(first, second)
    return ComparedRunsOut(
        pairs=[
            StepPairOut(
                pairing=pair.pairing,
                first=None if pair.first is None else shown[pair.first.call_id],
                second=None if pair.second is None else shown[pair.second.call_id],
            )
            for pair in pairs
        ],
        same=sum(pair.pairing is Pairing.SAME for pair in pairs),
        first_cost_nano=sum(step.cost or 0 for step in first),
        second_cost_nano=sum(step.cost or 0 for step in second),
        first_ms=sum(step.lasted for step in first) // 1_000,
        second_ms=sum(step.lasted for step in second) // 1_000,
    )


def _shown(steps: list[Step]) -> list[RunStepOut]:
    """Blocking, as `_compared` is."""
    repeats = near_duplicates(steps)
    return [
        RunStepOut(
            call_id=step.call_id,
            started_at=iso(step.began),
            duration_ms=step.lasted // 1_000,
            model=step.model,
            outcome=step.outcome,
            input_tokens=step.input_tokens,
            cost_nano=step.cost,
            conversation_id=step.conversation_id,
            tools=list(step.tools),
            results=0 if step.turn is None else step.turn.results,
            repeats=repeats.get(step.call_id),
        )
        for step in steps
    ]
