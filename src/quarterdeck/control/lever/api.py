"""/lever: pause, resume, kill and restart a run, an agent, a task with all below it, a project, or everything."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, Limit, Operator, Reader
from quarterdeck.control.lever import actions, store
from quarterdeck.control.lever.actions import Effect, Wanted
from quarterdeck.control.lever.gates import carry_out
from quarterdeck.control.lever.model import MAX_HOLD_S, REASON_LENGTH, Order, Scope, Verb
from quarterdeck.control.runs.views import RunOut, shown_run
from quarterdeck.control.shapes import Instant, RequestBody, instant_in, shown
from quarterdeck.control.tasks.model import NOTE_LENGTH
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["stop lever"])
Reason = Annotated[str | None, Field(max_length=REASON_LENGTH, description="Why; kept with the order and audited.")]


class OrderOut(BaseModel):
    """An order of the stop lever."""

    id: str
    verb: Verb
    scope: Scope
    subject_id: str | None
    reason: str | None
    hold_s: int
    from_at: Instant
    until_at: Instant | None
    applied_at: Instant | None
    """null: it is still to come."""
    lifted_at: Instant | None
    created_at: Instant
    created_by: str | None
    standing: bool
    """It is in force, or still to come; it can be taken back."""


class OrdersOut(BaseModel):
    items: list[OrderOut]
    next: str | None


class DoneOut(BaseModel):
    """What was done. The gateways had done it when this was answered."""

    order: OrderOut
    run_ids: list[str]
    """Open runs that it covers."""
    calls_ended: int


class StopIn(RequestBody):
    scope: Scope
    subject_id: str = Field("", description="The run, agent, task or project; left out for everything.")
    reason: Reason = None


class PauseWorkIn(StopIn):
    hold_s: int = Field(
        0,
        ge=0,
        le=MAX_HOLD_S,
        description="Hold the next call open so long, in case it is resumed; then refuse.",
    )
    end_open: bool = Field(False, description="End calls that are in flight as well; else they may finish.")
    from_at: str | None = Field(None, description="When it begins; now when absent.")
    until_at: str | None = Field(None, description="When it ends by itself.")


class KillIn(StopIn):
    from_at: str | None = Field(None, description="When; now when absent.")


class RestartIn(RequestBody):
    reason: Reason = None
    note: str | None = Field(None, max_length=NOTE_LENGTH // 2, description="What the next attempt should do better.")
    agent_id: str | None = Field(None, description="Who is to attempt it; the same agent when absent.")


@router.get("/lever/orders", operation_id="list_lever_orders")
async def list_orders(
    *,
    actor: Reader,
    db: Db,
    standing: Annotated[bool, Query(description="Only those in force or still to come.")] = False,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> OrdersOut:
    """Who was paused or killed by whom, when and why; newest first."""
    async with db.read() as tx:
        if standing:
            return OrdersOut(items=[_out(each) for each in await store.standing(tx, actor.workspace_id)], next=None)
        page = await store.page(tx, actor.workspace_id, limit=limit, after=after)
    return OrdersOut(items=[_out(each) for each in page.items], next=page.next)


@router.post("/lever/pause", operation_id="pause")
async def pause(body: PauseWorkIn, actor: Operator, db: Db, gate: Gate) -> DoneOut:
    """Refuse the next call; the agent's work and what it knows stay as they are until it is resumed."""
    wanted = Wanted(
        Verb.PAUSE,
        body.scope,
        body.subject_id,
        body.reason,
        body.hold_s,
        None if body.from_at is None else instant_in(body.from_at, "from_at"),
        None if body.until_at is None else instant_in(body.until_at, "until_at"),
    )
    async with db.transaction() as tx:
        effect = await actions.give(tx, actor.workspace_id, wanted, actor=actor.id)
    return _done(effect, await carry_out(gate, effect, end_open=body.end_open))


@router.post("/lever/resume", operation_id="resume")
async def resume(body: StopIn, actor: Operator, db: Db, gate: Gate) -> OrdersOut:
    """Lift the pauses of exactly this; its next call goes through when this answers."""
    async with db.transaction() as tx:
        lifted = await actions.resume(tx, actor.workspace_id, body.scope, body.subject_id, actor=actor.id)
    await gate.ensure_published()
    return OrdersOut(items=[_out(each) for each in lifted], next=None)


@router.post("/lever/kill", operation_id="kill")
async def kill(body: KillIn, actor: Operator, db: Db, gate: Gate) -> DoneOut:
    """Cancel runs, end their streams with a final error, end their keys; tasks are ready again, waiters are told."""
    from_at = None if body.from_at is None else instant_in(body.from_at, "from_at")
    wanted = Wanted(Verb.KILL, body.scope, body.subject_id, body.reason, from_at=from_at)
    async with db.transaction() as tx:
        effect = await actions.give(tx, actor.workspace_id, wanted, actor=actor.id)
    return _done(effect, await carry_out(gate, effect, end_open=True))


@router.post("/lever/orders/{order_id}/undo", operation_id="undo_lever_order")
async def undo_order(order_id: str, actor: Operator, db: Db, gate: Gate) -> OrderOut:
    """Take back a pause, or what is still to come. What was killed stays so: restart it."""
    async with db.transaction() as tx:
        lifted = await actions.lift(tx, actor.workspace_id, order_id, actor=actor.id)
    await gate.ensure_published()
    return _out(lifted)


@router.post("/runs/{run_id}/restart", operation_id="restart_run")
async def restart_run(*, run_id: str, actor: Operator, db: Db, gate: Gate, body: RestartIn | None = None) -> RunOut:
    """Kill a run and have its task attempted anew, with a note of what was done; by another agent if you say so."""
    wanted = body or RestartIn()
    async with db.transaction() as tx:
        run = await actions.restart(
            tx,
            actor.workspace_id,
            run_id,
            reason=wanted.reason,
            note=wanted.note,
            agent_id=wanted.agent_id,
            actor=actor.id,
        )
        answer = await shown_run(tx, run)
    await carry_out(gate, Effect(None, [run_id]), end_open=True)
    return answer


def _done(effect: Effect, ended: int) -> DoneOut:
    assert effect.order is not None
    return DoneOut(order=_out(effect.order), run_ids=effect.run_ids, calls_ended=ended)


def _out(order: Order) -> OrderOut:
    standing = order.lifted_at is None and (order.verb is Verb.PAUSE or order.applied_at is None)
    return OrderOut(
        id=order.id,
        verb=order.verb,
        scope=order.scope,
        subject_id=order.subject_id or None,
        reason=order.reason,
        hold_s=order.hold_s,
        from_at=iso(order.from_at),
        until_at=shown(order.until_at),
        applied_at=shown(order.applied_at),
        lifted_at=shown(order.lifted_at),
        created_at=iso(order.created_at),
        created_by=order.created_by,
        standing=standing,
    )
