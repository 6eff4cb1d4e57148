"""Verbs of the stop lever. Each writes in one transaction what is to be; `gates.py` makes the gateways do it."""

from dataclasses import dataclass, field

from quarterdeck.control.agents import actions as agents
from quarterdeck.control.agents.model import AgentChange, Desired
from quarterdeck.control.dependencies import store as dependencies
from quarterdeck.control.dependencies.model import reachable
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.inbox.store import InboxKind
from quarterdeck.control.lever import handoff, store
from quarterdeck.control.lever.model import Order, Scope, Verb, a_hold, a_reason
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.runs.model import Run
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import holding
from quarterdeck.control.tasks.model import CLOSED
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id

KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person, or a policy, asks of the lever. Instants are microseconds; None: now, and until lifted."""

    verb: Verb
    scope: Scope
    subject_id: str = ""
    reason: str | None = None
    hold_s: int = 0
    from_at: int | None = None
    until_at: int | None = None


@dataclass(slots=True)
class Effect:
    """What an order did in the store, and so what the gateways are to end."""

    order: Order | None = None
    run_ids: list[str] = field(default_factory=list)
    """Runs that it covers: cancelled by a kill, their calls refused by a pause."""


async def give(tx: Transaction, workspace_id: str, wanted: Wanted, *, actor: str | None = None) -> Effect:
    """Write the order down and, when it is for now, carry it out. Tells `lever.ordered`, and `lever.applied`.

    Raises NotFound; Invalid; Changed `run_over`.
    """
    await _must_exist(tx, workspace_id, wanted)
    from_at = wanted.from_at if wanted.from_at is not None else tx.now
    if wanted.until_at is not None and (wanted.verb is Verb.KILL or wanted.until_at <= max(from_at, tx.now)):
        raise Invalid("until must be after the pause begins; a kill has none.", field="until")
    order = Order(
        id=new_id("ord"),
        workspace_id=workspace_id,
        verb=wanted.verb,
        scope=wanted.scope,
        subject_id=wanted.subject_id,
        reason=a_reason(wanted.reason),
        hold_s=a_hold(wanted.hold_s),
        from_at=from_at,
        until_at=wanted.until_at,
        applied_at=None,
        lifted_at=None,
        lifted_by=None,
        created_at=tx.now,
        created_by=actor,
    )
    await store.insert(tx, order)
    await _tell(tx, "lever.ordered", order, actor)
    return Effect(order) if from_at > tx.now else await apply(tx, order, actor=actor)


async def apply(tx: Transaction, order: Order, *, actor: str | None = None) -> Effect:
    """Let an order take effect. Raises Changed `order_over` when somebody was first."""
    applied = await store.change(tx, order, unapplied=True, applied_at=tx.now)
    if applied is None:
        raise Changed("This order was lifted or carried out meanwhile.", code="order_over")
    run_ids = await store.open_runs(tx, order.workspace_id, order.scope, order.subject_id)
    if order.verb is Verb.PAUSE and await _hold(tx, order, actor):
        applied = await store.change(tx, order, holds=True) or applied
    if order.verb is Verb.KILL:
        for run_id in run_ids:
            await kill_run(tx, order.workspace_id, run_id, order.reason, actor=actor)
    await _tell(tx, "lever.applied", applied, actor, runs=run_ids)
    return Effect(applied, run_ids)


async def lift(tx: Transaction, workspace_id: str, order_id: str, *, actor: str | None = None) -> Order:
    """Take an order back: a pause ends, one that is still to come never comes. Tells `lever.lifted`.

    Raises NotFound; Changed `order_over` for a kill that is done and for what was lifted before.
    """
    order = await store.find(tx, workspace_id, order_id)
    if order is None:
        raise NotFound("There is no such order in this workspace.")
    lifted = await store.change(tx, order, lifted_at=tx.now, lifted_by=actor)
    if lifted is None:
        done = "what was killed stays so" if order.verb is Verb.KILL else "it was lifted before"
        raise Changed(f"This order cannot be taken back: {done}.", code="order_over")
    if order.holds:
        await _release(tx, order, actor)
    await _tell(tx, "lever.lifted", lifted, actor)
    return lifted


async def resume(
    tx: Transaction, workspace_id: str, scope: Scope, subject_id: str, *, actor: str | None = None
) -> list[Order]:
    """Lift every pause that stands on exactly this; an agent that was paused by its desired state is enabled.

    Raises Changed `not_paused` when nothing keeps it; what covers it from above is named by its status.
    """
    found = [each for each in await store.on(tx, workspace_id, scope, subject_id) if each.verb is Verb.PAUSE]
    lifted = [await lift(tx, workspace_id, order.id, actor=actor) for order in found]
    enabled = False
    if scope is Scope.AGENT:
        agent = await agents.get(tx, workspace_id, subject_id)
        if agent.desired is Desired.PAUSED:
            await agents.change(tx, workspace_id, subject_id, AgentChange(desired=Desired.ENABLED), actor=actor)
            enabled = True
    if not lifted and not enabled:
        raise Changed("Nothing is paused by that name.", code="not_paused")
    return lifted


async def restart(
    tx: Transaction,
    workspace_id: str,
    run_id: str,
    *,
    reason: str | None = None,
    note: str | None = None,
    agent_id: str | None = None,
    actor: str | None = None,
) -> Run:
    """Kill a run and have its task attempted anew, by the same agent or by `agent_id`, with a note of what was done.

    Raises NotFound; Invalid; Changed `run_over` when it has ended, `agent_retired`.
    """
    run = await runs.get(tx, workspace_id, run_id)
    if not run.open:
        raise Changed("This run is over; move its task to ready to have it attempted again.", code="run_over")
    told = await handoff.note_of(tx, run, reason=reason, note=note)
    killed = await kill_run(tx, workspace_id, run_id, reason, actor=actor)
    task = await tasks.locked(tx, workspace_id, run.task_id)
    if task.state not in CLOSED:
        await tasks.write(tx, task, {"note": told, "failures": 0})
        await tasks.assign(tx, workspace_id, run.task_id, agent_id or run.agent_id, actor=actor)
    data = {"task_id": run.task_id, "agent_id": run.agent_id, "to_agent_id": agent_id or run.agent_id}
    await tx.emit(Event(workspace_id, "run.restarted", run_id, data, actor))
    return killed


async def kill_run(
    tx: Transaction, workspace_id: str, run_id: str, reason: str | None, *, actor: str | None = None
) -> Run:
    """Cancel a run and tell those who wait for its task that it begins anew. Raises NotFound; Changed `run_over`."""
    run = await runs.cancel(tx, workspace_id, run_id, reason=reason or KILLED, actor=actor)
    edges = await dependencies.edges_below(tx, workspace_id, run.task_id)
    behind = await dependencies.nodes(tx, workspace_id, reachable(edges, run.task_id, downstream=True))
    task = await tasks.get(tx, workspace_id, run.task_id)
    for node in behind.values():
        if node.agent_id is not None and node.state not in CLOSED:
            words = f"{task.ref} {task.title}, which {node.ref} waits for, was stopped and will be attempted again."
            await inbox.put(
                tx, workspace_id, node.agent_id, InboxKind.COMMAND, run.id, task_id=node.id, sender_id=actor, body=words
            )
    data = {
        "task_id": run.task_id,
        "agent_id": run.agent_id,
        "reason": reason,
        "downstream": [node.id for node in behind.values() if node.state not in CLOSED],
    }
    await tx.emit(Event(workspace_id, "run.killed", run_id, data, actor))
    return run


async def _must_exist(tx: Transaction, workspace_id: str, wanted: Wanted) -> None:
    scope, subject_id = wanted.scope, wanted.subject_id
    if scope is Scope.RUN:
        run = await runs.get(tx, workspace_id, subject_id)
        if not run.open:
            raise Changed("This run is over; there is nothing to stop.", code="run_over", state=run.state)
    elif scope is Scope.AGENT:
        await agents.get(tx, workspace_id, subject_id)
    elif scope is Scope.TASK:
        await tasks.get(tx, workspace_id, subject_id)
    elif scope is Scope.PROJECT:
        await projects.get(tx, workspace_id, subject_id)
    elif subject_id:
        raise Invalid("Everything has no id; leave subject_id out.", field="subject_id")


async def _hold(tx: Transaction, order: Order, actor: str | None) -> bool:
    """Keep the task or project from being claimed; whether that is this order's doing."""
    if order.scope is Scope.TASK:
        task = await tasks.get(tx, order.workspace_id, order.subject_id)
        if task.held_at is not None or task.state in CLOSED:
            return False
        await holding.hold(tx, order.workspace_id, order.subject_id, reason=order.reason, actor=actor)
        return True
    if order.scope is Scope.PROJECT:
        project = await projects.get(tx, order.workspace_id, order.subject_id)
        if project.held_at is not None:
            return False
        await projects.hold(tx, order.workspace_id, order.subject_id, reason=order.reason, actor=actor)
        return True
    return False


async def _release(tx: Transaction, order: Order, actor: str | None) -> None:
    if order.scope is Scope.TASK:
        await holding.release(tx, order.workspace_id, order.subject_id, actor=actor)
    elif order.scope is Scope.PROJECT:
        await projects.release(tx, order.workspace_id, order.subject_id, actor=actor)


async def _tell(tx: Transaction, kind: str, order: Order, actor: str | None, **more: object) -> None:
    data = {
        "verb": order.verb.value,
        "scope": order.scope.value,
        "subject_id": order.subject_id,
        "reason": order.reason,
        "from_at": order.from_at,
        "until_at": order.until_at,
    }
    await tx.emit(Event(order.workspace_id, kind, order.id, {**data, **more}, actor))
