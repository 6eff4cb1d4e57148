"""/needs: what waits for the member who asks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor, Permission
from quarterdeck.access.budgets.model import MAX_AMOUNT, Mode, Window
from quarterdeck.access.scopes import Scope
from quarterdeck.control import scopes
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, Limit, Operator, Reader, Self, may
from quarterdeck.control.lever.gates import carry_out
from quarterdeck.control.needs import actions, in_review, paging, stopped
from quarterdeck.control.needs.in_review import InReview
from quarterdeck.control.needs.model import NeedKind
from quarterdeck.control.needs.stopped import Act, Stopped
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskNamed, instant_in
from quarterdeck.control.tasks import cards
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.views import LatestVersionOut
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["needs you"])
TEXT_LENGTH = 500


class NeedOut(BaseModel):
    key: str
    """Names it for snoozing and delegating."""
    kind: NeedKind
    subject_id: str
    """The question, the comment, or the task in review."""
    task: TaskNamed | None
    text: str
    since: Instant
    escalated: bool
    """It waited too long for somebody else, and came to you."""
    budget: "StoppedBudgetOut | None"
    """Of a budget that stopped; null when it was taken away meanwhile."""
    review: "AwaitedOut | None"
    """Of a review: what came."""


class AwaitedOut(BaseModel):
    """What waits for a word, for a need of kind `review`."""

    agent: Named | None
    latest_version: LatestVersionOut | None
    cost_nano: int
    """What the task has cost so far; calls without a price are not in it."""
    unpriced_calls: int


class StoppedBudgetOut(BaseModel):
    """The budget that stopped, for a need of kind `budget`."""

    scope: str
    amount_nano: int
    window: Window
    mode: Mode
    declared: bool
    """In quarterdeck.toml: it is changed there."""
    acts: list[Act]
    """What POST /needs/{key}/budget takes."""


class SettleIn(RequestBody):
    act: Act = Field(description="`raise` it, `let_run`: stop nothing any more, or `stop`: end the runs below it.")
    amount_nano: int | None = Field(None, ge=1, le=MAX_AMOUNT, description="For `raise`: nano-dollars, more than now.")


class SettledOut(BaseModel):
    """When this is answered, the gateways act on it."""

    key: str
    act: Act
    run_ids: list[str]
    """Runs that were ended."""


class NeedsOut(BaseModel):
    items: list[NeedOut]
    """Longest waiting first."""
    next: str | None
    counts: dict[NeedKind, int]
    """All that waits for you, by kind, whatever this page shows; a kind of which nothing waits is not there."""


class SnoozeIn(RequestBody):
    until: str = Field(description="RFC 3339, with a zone.", json_schema_extra={"format": "date-time"})


class DelegateIn(RequestBody):
    member_id: str


class SeenIn(RequestBody):
    upto: int = Field(ge=1, le=2**31 - 1, description="The number in the key of the newest mention seen.")


@router.get("/needs", operation_id="list_needs")
async def list_needs(
    *,
    actor: Reader,
    db: Db,
    kind: Annotated[NeedKind | None, Query(description="Only such.")] = None,
    snoozed: Annotated[bool, Query(description="Also what you have put off.")] = False,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> NeedsOut:
    """All that waits for you: reviews, questions, approvals, mentions, signals, budgets that stopped."""
    async with db.read() as tx:
        queue = await actions.queue(tx, actor, snoozed=snoozed)
        found = paging.page_of(queue, kind=kind, after=after, limit=limit)
        page = found.page.items
        tasks = await task_store.named(tx, actor.workspace_id, {need.task_id for need in page if need.task_id})
        behind = await stopped.behind(tx, actor.workspace_id, page)
        names = await scopes.shown(tx, actor.workspace_id, [one.scope for one in behind.values()])
        awaited = await in_review.of_needs(tx, actor.workspace_id, page)
    items = []
    for need in page:
        task = None if need.task_id is None else tasks[need.task_id]
        items.append(
            NeedOut(
                key=need.key,
                kind=need.kind,
                subject_id=need.subject_id,
                task=None if task is None else TaskNamed(id=task.id, ref=task.ref, title=task.title),
                text=need.text[:TEXT_LENGTH],
                since=iso(need.since),
                escalated=need.escalated,
                budget=_budget(behind[need.key], names) if need.key in behind else None,
                review=_awaited(awaited[need.key]) if need.key in awaited else None,
            )
        )
    return NeedsOut(items=items, next=found.page.next, counts=found.counts)


@router.post("/needs/{key}/snooze", status_code=204, operation_id="snooze_need")
async def snooze_need(key: str, body: SnoozeIn, actor: Self, db: Db) -> None:
    """Put something off; it comes back by itself."""
    until = instant_in(body.until, "until")
    async with db.transaction() as tx:
        await actions.snooze(tx, actor, key, until)


@router.post("/needs/{key}/delegate", status_code=204, operation_id="delegate_need")
async def delegate_need(
    key: str, body: DelegateIn, actor: Annotated[Actor, Depends(may(Permission.REVIEW))], db: Db
) -> None:
    """Hand it on to another member."""
    async with db.transaction() as tx:
        await actions.delegate(tx, actor, key, body.member_id)


@router.post("/needs/{key}/dismiss", status_code=204, operation_id="dismiss_need")
async def dismiss_need(key: str, actor: Annotated[Actor, Depends(may(Permission.REVIEW))], db: Db) -> None:
    """You have seen to a signal, a budget that stopped, or a task that came back."""
    async with db.transaction() as tx:
        await actions.dismiss(tx, actor, key)


@router.post("/needs/{key}/budget", operation_id="settle_budget")
async def settle_budget(key: str, body: SettleIn, actor: Operator, db: Db, gate: Gate) -> SettledOut:
    """See to a budget that stopped: raise it, let the work run on, or end the work."""
    async with db.transaction() as tx:
        effect = await actions.settle_budget(tx, actor, key, body.act, body.amount_nano)
    await carry_out(gate, effect, end_open=effect.order is not None)
    return SettledOut(key=key, act=body.act, run_ids=effect.run_ids)


@router.post("/needs/seen", status_code=204, operation_id="see_mentions")
async def see_mentions(body: SeenIn, actor: Self, db: Db) -> None:
    """You have seen your mentions up to that one."""
    async with db.transaction() as tx:
        await actions.seen(tx, actor, body.upto)


def _budget(found: Stopped, names: dict[Scope, str]) -> StoppedBudgetOut:
    return StoppedBudgetOut(
        scope=names[found.scope],
        amount_nano=found.amount,
        window=found.window,
        mode=found.mode,
        declared=found.declared,
        acts=found.acts,
    )


def _awaited(found: InReview) -> AwaitedOut:
    named = found.agent_name is not None
    return AwaitedOut.model_validate(
        {
            "agent": {"id": found.agent_id, "name": found.agent_name} if named else None,
            "latest_version": cards.latest_version(found.latest),
            "cost_nano": found.spent.cost,
            "unpriced_calls": found.spent.unpriced_calls,
        }
    )
