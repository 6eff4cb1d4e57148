"""/signals: what was noticed, with the calls that show it; putting it away, teaching, what is to be done about each."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.agents import actions as agents
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.calls.views import CallOut, shown_calls
from quarterdeck.control.http import DEFAULT_LIMIT, Admin, After, Db, Limit, Operator, Reader, Worker
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskNamed, shown
from quarterdeck.control.signals import actions, policy, store
from quarterdeck.control.signals.model import Kind, Response, Signal, SignalState
from quarterdeck.control.signals.policy import MOST_FLOOR_S, Policy, PolicyScope
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger import calls as ledger_calls

router = APIRouter(tags=["signals"])


class SignalOut(BaseModel):
    id: str
    kind: Kind
    state: SignalState
    words: str
    """Plain words, such as `looping: 7 near-identical requests, $0.42`."""
    confidence: float
    """0 to 1: how sure the rule is."""
    since: Instant
    noticed_at: Instant
    ended_at: Instant | None
    agent: Named | None
    task: TaskNamed | None
    run_id: str | None
    subject: str
    """What it is about: a run, an agent, a task or a provider's name."""
    call_ids: list[str]
    """The calls that show it, oldest first; the latest fifty."""
    figures: dict[str, Any]
    response: Response
    """What was done when it went up."""
    dismissed_by: str | None


class SignalsOut(BaseModel):
    items: list[SignalOut]
    next: str | None


class SignalDetailOut(SignalOut):
    calls: list[CallOut]
    """Those of `call_ids` that are kept, oldest first."""


class DismissIn(RequestBody):
    fine: bool = Field(False, description="This is fine: do not raise it again for this task.")


class PolicyOut(BaseModel):
    scope: PolicyScope
    subject_id: str | None
    kind: Kind
    response: Response
    floor_s: int | None


class PoliciesOut(BaseModel):
    items: list[PolicyOut]
    """Where somebody said what to do; else agents are observed and people are told."""


class PolicyIn(RequestBody):
    scope: PolicyScope = PolicyScope.WORKSPACE
    subject_id: str | None = Field(None, description="The agent or project; left out for the workspace.")
    kind: Kind
    response: Response
    floor_s: int | None = Field(
        None, ge=1, le=MOST_FLOOR_S, description="For stuck and silent: never sooner than after so long."
    )


@router.get("/signals", operation_id="list_signals")
async def list_signals(
    *,
    actor: Reader,
    db: Db,
    state: Annotated[SignalState | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    agent_id: Annotated[str | None, Query()] = None,
    task_id: Annotated[str | None, Query()] = None,
    run_id: Annotated[str | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> SignalsOut:
    """What was noticed, newest first; `state=up` for what is so now."""
    async with db.read() as tx:
        page = await store.page(
            tx,
            actor.workspace_id,
            state=state,
            kind=kind,
            agent_id=agent_id,
            task_id=task_id,
            run_id=run_id,
            limit=limit,
            after=after,
        )
        shown_page = await _shown(tx, actor.workspace_id, page.items)
    return SignalsOut(items=[SignalOut(**each) for each in shown_page], next=page.next)


@router.get("/signals/policies", operation_id="list_signal_policies")
async def list_policies(actor: Reader, db: Db) -> PoliciesOut:
    """What is done about signals, where somebody said so."""
    async with db.read() as tx:
        found = await policy.rows(tx, actor.workspace_id)
    return PoliciesOut(
        items=[
            PolicyOut(
                scope=each.scope,
                subject_id=each.subject_id or None,
                kind=each.kind,
                response=each.response,
                floor_s=each.floor_s,
            )
            for each in found
        ]
    )


@router.put("/signals/policies", status_code=204, operation_id="set_signal_policy")
async def set_policy(body: PolicyIn, actor: Admin, db: Db) -> None:
    """Say what is done about a kind of signal: off, observe, notify, pause or kill. From the next look on."""
    wanted = Policy(body.scope, body.subject_id or "", body.kind, body.response, body.floor_s)
    async with db.transaction() as tx:
        if body.scope is PolicyScope.AGENT:
            await agents.get(tx, actor.workspace_id, wanted.subject_id)
        elif body.scope is PolicyScope.PROJECT:
            await projects.get(tx, actor.workspace_id, wanted.subject_id)
        await policy.put(tx, actor.workspace_id, wanted, actor=actor.id)


@router.delete("/signals/policies", status_code=204, operation_id="remove_signal_policy")
async def remove_policy(
    *,
    actor: Admin,
    db: Db,
    kind: Annotated[Kind, Query()],
    scope: Annotated[PolicyScope, Query()] = PolicyScope.WORKSPACE,
    subject_id: Annotated[
        str | None, Query(max_length=100, description="The agent or project; left out for the workspace.")
    ] = None,
) -> None:
    """Take back what was said about a kind of signal: an agent goes by its project's or the workspace's rule again."""
    async with db.transaction() as tx:
        await policy.take_back(tx, actor.workspace_id, scope, subject_id or "", kind, actor=actor.id)


@router.get("/signals/{signal_id}", operation_id="get_signal")
async def get_signal(signal_id: str, actor: Reader, db: Db) -> SignalDetailOut:
    """One signal, with the calls that show it."""
    async with db.read() as tx:
        signal = await actions.get(tx, actor.workspace_id, signal_id)
        [common] = await _shown(tx, actor.workspace_id, [signal])
        found = await ledger_calls.of_ids(tx, actor.workspace_id, signal.call_ids)
        return SignalDetailOut(**common, calls=await shown_calls(tx, actor.workspace_id, found))


@router.post("/signals/{signal_id}/dismiss", operation_id="dismiss_signal")
async def dismiss_signal(*, signal_id: str, actor: Worker, db: Db, body: DismissIn | None = None) -> SignalOut:
    """Put it away. With `fine`, signals of its kind are not raised again for its task."""
    async with db.transaction() as tx:
        signal = await actions.dismiss(
            tx, actor.workspace_id, signal_id, fine=body is not None and body.fine, actor=actor.id
        )
        return SignalOut(**(await _shown(tx, actor.workspace_id, [signal]))[0])


@router.post("/signals/{signal_id}/unlearn", operation_id="unlearn_signal")
async def unlearn_signal(signal_id: str, actor: Operator, db: Db) -> SignalOut:
    """Take back that it is fine: the next one like it goes up again."""
    async with db.transaction() as tx:
        signal = await actions.forget(tx, actor.workspace_id, signal_id, actor=actor.id)
        return SignalOut(**(await _shown(tx, actor.workspace_id, [signal]))[0])


async def _shown(tx: Transaction, workspace_id: str, signals: list[Signal]) -> list[dict[str, Any]]:
    """A page of signals with everything they mention."""
    names = await agent_store.named(tx, workspace_id, {each.agent_id for each in signals if each.agent_id})
    tasks = await task_store.named(tx, workspace_id, {each.task_id for each in signals if each.task_id})
    found = []
    for signal in signals:
        task = None if signal.task_id is None else tasks.get(signal.task_id)
        agent_id = signal.agent_id
        found.append(
            {
                "id": signal.id,
                "kind": signal.kind,
                "state": signal.state,
                "words": signal.words,
                "confidence": signal.confidence,
                "since": iso(signal.since),
                "noticed_at": iso(signal.noticed_at),
                "ended_at": shown(signal.ended_at),
                "agent": None if agent_id is None else Named(id=agent_id, name=names.get(agent_id, agent_id)),
                "task": None if task is None else TaskNamed(id=task.id, ref=task.ref, title=task.title),
                "run_id": signal.run_id,
                "subject": signal.subject,
                "call_ids": list(signal.call_ids),
                "figures": signal.figures,
                "response": signal.response,
                "dismissed_by": signal.dismissed_by,
            }
        )
    return found
